"""The port of a process: opened before uvicorn, so that an error can be explained in a sentence."""

import errno
import socket
from collections.abc import Sequence

from shared.errors import Misconfigured

BACKLOG = 2048
# When a name has several addresses, those that this machine does not have are left out.
_NOT_LOCAL = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
_WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared with, not bound to


def listen(host: str, port: int) -> list[socket.socket]:
    """Listen on every address of the host; port 0 finds a free one, the same for all.

    Raises Misconfigured with what to do when the host is not this machine or the port cannot be had.
    """
    listening: list[socket.socket] = []
    failure: OSError | None = None
    for family, address in _addresses(host, port):
        chosen = port_of(listening) if listening else port
        try:
            listening.append(_bound(family, (address[0], chosen, *address[2:])))
        except OSError as error:
            failure = error
            if error.errno not in _NOT_LOCAL:
                break
    if listening and (failure is None or failure.errno in _NOT_LOCAL):
        return listening
    for socket_ in listening:
        socket_.close()
    raise _listen_error(host, port, failure)


def port_of(listening: Sequence[socket.socket]) -> int:
    """Return the port that the sockets listen on."""
    return int(listening[0].getsockname()[1])


def url_of(host: str, port: int) -> str:
    """Return a URL at which this machine reaches what listens on the host."""
    reached = _WILDCARDS.get(host, host)
    return f"http://[{reached}]:{port}" if ":" in reached else f"http://{reached}:{port}"


def _addresses(host: str, port: int) -> list[tuple[socket.AddressFamily, tuple[str, int, *tuple[int, ...]]]]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        return []
    return list(dict.fromkeys((family, address) for family, _, _, _, address in found))  # pyright: ignore[reportReturnType]


def _bound(family: socket.AddressFamily, address: tuple[str | int, ...]) -> socket.socket:
    socket_ = socket.socket(family, socket.SOCK_STREAM)
    try:
        socket_.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            socket_.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        socket_.bind(address)
        # At once: when two sockets are bound to a port, the second is refused only when it listens.
        socket_.listen(BACKLOG)
    except OSError:
        socket_.close()
        raise
    socket_.setblocking(False)
    return socket_


def _listen_error(host: str, port: int, failure: OSError | None) -> Misconfigured:
    if failure is None or failure.errno in _NOT_LOCAL:
        return Misconfigured(
            "host_unknown",
            f"FLIPLINE_HOST={host} is not an address of this machine. Use 127.0.0.1 for this machine only, "
            "or 0.0.0.0 for all of its addresses.",
        )
    if failure.errno == errno.EADDRINUSE:
        reason = "another program uses it"
    elif failure.errno == errno.EACCES:
        reason = "this user may not open a port below 1024"
    else:
        reason = failure.strerror
    return Misconfigured(
        "port_taken",
        f"Cannot listen on port {port} of {host}: {reason}. Choose another with --port or FLIPLINE_PORT.",
    )
