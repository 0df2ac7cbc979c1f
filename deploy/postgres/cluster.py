"""A private PostgreSQL cluster on this machine: `python deploy/postgres/cluster.py start`.

The last line on stdout is the setting to use it with. It needs an installed PostgreSQL server, 15 or later.
"""

import locale
import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

# Python looks for modules beside a script, and `deploy` is not there.
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from deploy.command import Failure, Options, run, say, tail
from deploy.localserver import HOST, START_LIMIT, Account, LocalServer, wait_until
from deploy.postgres.account import make_directory, server_account, server_directory
from deploy.postgres.binaries import find_binaries
from deploy.postgres.probe import is_ready

_ROOT = Path(__file__).resolve().parents[2]
# The database, and the role that owns it: a superuser, since tests make databases of their own.
_NAME = "flipline"
_CRASH_LIMIT = 60.0
_LONGEST_SOCKET_PATH = 107
_SETTINGS = {
    "listen_addresses": HOST,
    "max_connections": "100",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


def start(options: Options) -> None:
    """Start the cluster if it does not run, and print the FLIPLINE_DATABASE_URL to use."""
    account = server_account()
    options.directory.parent.mkdir(parents=True, exist_ok=True)
    server = _server(options.directory, account)
    make_directory(server.directory, account)
    with server.claimed():
        if server.pid():
            say("PostgreSQL is running already")
        else:
            _launch(server, options.port, account)
        port = server.answering_port(_is_ready, limit=START_LIMIT)
    _print_setting(server, port)


def stop(options: Options) -> None:
    """Stop the cluster; its data stays."""
    # SIGTERM would wait for every client to leave.
    _server(options.directory, server_account()).stop(signal.SIGINT)


def status(options: Options) -> None:
    """Print the FLIPLINE_DATABASE_URL to use, or fail if the cluster is not in service."""
    server = _server(options.directory, server_account())
    _print_setting(server, server.answering_port(_is_ready))


def _server(wanted: Path, account: Account | None) -> LocalServer:
    directory = server_directory(wanted, account)
    return LocalServer("PostgreSQL", directory, signature=f"-D {directory / 'data'}")


def _is_ready(port: int) -> bool:
    return is_ready(port, _NAME)


def _launch(server: LocalServer, wanted_port: int, account: Account | None) -> None:
    data = server.directory / "data"
    created = data.is_dir()
    binaries = find_binaries(int((data / "PG_VERSION").read_text()) if created else None)
    port = server.choose_port(wanted_port)
    if created:
        _outlast_crashed(data)
    else:
        _create(server.directory, binaries, account)
    settings = _SETTINGS | {"port": str(port), "unix_socket_directories": _socket_directory(server.directory)}
    assignments = [f"--{name}={value}" for name, value in settings.items()]
    command = [str(binaries / "postgres"), "-D", str(data), *assignments]
    server.launch(command, port=port, ready=_is_ready, account=account)


def _outlast_crashed(data: Path) -> None:
    """Wait until the process of a server that was killed is gone: PostgreSQL takes a zombie for a server."""
    leftover = data / "postmaster.pid"
    if leftover.exists():
        pid = leftover.read_text().split(maxsplit=1)[0]
        wait_until(lambda: not _exists(int(pid)), _CRASH_LIMIT)


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _create(directory: Path, binaries: Path, account: Account | None) -> None:
    """Make the cluster under another name first, so that `data` is there only when it is complete."""
    say("creating the cluster ...")
    if account:
        os.chown(directory, account.uid, account.gid)
    partial = directory / "partial"
    shutil.rmtree(partial, ignore_errors=True)
    initdb = [
        str(binaries / "initdb"),
        f"--pgdata={partial}",
        f"--username={_NAME}",
        f"--pwfile={_new_password(directory, account)}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        f"--locale={_locale()}",
    ]
    _run(initdb, directory, account)
    single_user = [str(binaries / "postgres"), "--single", "-D", str(partial), "postgres"]
    output = _run(single_user, directory, account, stdin=f"CREATE DATABASE {_NAME};\n")
    # A single-user server ends well also when the statement has failed.
    if "ERROR" in output:
        raise Failure(f"PostgreSQL cannot create the database {_NAME}:\n{tail(output)}")
    partial.rename(directory / "data")


def _new_password(directory: Path, account: Account | None) -> Path:
    file = _password_file(directory)
    file.touch(mode=0o600)
    if account:
        os.chown(file, account.uid, account.gid)
    file.write_text(secrets.token_urlsafe(24))
    return file


def _password_file(directory: Path) -> Path:
    return directory / "password"


def _locale() -> str:
    """Return the locale whose order is that of the bytes on every machine and whose letters are Unicode's."""
    try:
        locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
    except locale.Error:
        return "C"
    return "C.UTF-8"


def _socket_directory(directory: Path) -> str:
    """Return where to put the Unix socket; empty, for none, when its path would be too long for one."""
    path = os.fsencode(directory / ".s.PGSQL.65535")
    return str(directory) if len(path) <= _LONGEST_SOCKET_PATH and b"," not in path else ""


def _run(command: Sequence[str], directory: Path, account: Account | None, stdin: str = "") -> str:
    result = subprocess.run(
        command,
        cwd=directory,
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )
    if result.returncode:
        raise Failure(f"{Path(command[0]).name} ended with code {result.returncode}:\n{tail(result.stdout)}")
    return result.stdout


def _print_setting(server: LocalServer, port: int) -> None:
    password = _password_file(server.directory).read_text()
    print(f"FLIPLINE_DATABASE_URL=postgresql+asyncpg://{_NAME}:{password}@{HOST}:{port}/{_NAME}")


def main() -> int:
    """Carry out the command line and return the exit code."""
    commands = {"start": start, "stop": stop, "status": status}
    description = "Run a private PostgreSQL cluster on this machine."
    return run(description, commands, directory=_ROOT / ".local" / "postgres", port=0)


if __name__ == "__main__":
    sys.exit(main())
