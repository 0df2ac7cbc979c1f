"""Connections on which an endpoint can say only so much before it gets cut off.

The HTTP library bounds one incomplete head and nothing else: informational responses (`100 Continue`) that
never end keep a processor busy until the attempt's time is over, since they are always ready to be read.
What is counted here is bytes, whatever they are (header lines, chunk extensions, trailers, the beginning of
the body), and informational responses, which cost ten times as much for their size.
"""

import re
import ssl
from collections.abc import Iterable
from typing import Any, cast

import httpcore
from httpcore import SOCKET_OPTION

# As much as we ourselves take of a caller's headers; 3 ms of processor time at most.
MAX_ANSWER_BYTES = 32 * 1024
# What is read is parsed in one go, in which nobody else gets a turn.
READ_BYTES = 4 * 1024
# One is common (103 Early Hints), and one every few seconds while an endpoint is at work (102 Processing).
MAX_INFORMATIONAL = 16

_INFORMATIONAL = re.compile(rb"HTTP/1\.[0-9] 1[0-9][0-9]")
_STATUS_BYTES = len(b"HTTP/1.1 100")
_BLANK_LINE = re.compile(rb"\n\r?\n")


class InformationalCount:
    """Counts the informational responses before an answer, of which it gets the bytes in any pieces."""

    def __init__(self) -> None:
        self._unread = bytearray()
        self._count = 0
        self._answered = False

    def add(self, part: bytes) -> None:
        """Look at what came next; raises httpcore.RemoteProtocolError when there are too many."""
        if self._answered:
            return
        self._unread += part
        while len(self._unread) >= _STATUS_BYTES:
            if not _INFORMATIONAL.match(self._unread):
                self._answered = True
                self._unread.clear()
                return
            end = _BLANK_LINE.search(self._unread)
            if end is None:
                return
            del self._unread[: end.end()]
            self._count += 1
            if self._count > MAX_INFORMATIONAL:
                raise httpcore.RemoteProtocolError(
                    f"There are more than {MAX_INFORMATIONAL} informational responses before the answer."
                )


class BoundedStream(httpcore.AsyncNetworkStream):
    """A connection that reads at most MAX_ANSWER_BYTES between two writes, in small pieces."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream
        self._begin()

    def _begin(self) -> None:
        self._left = MAX_ANSWER_BYTES
        self._informational = InformationalCount()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - httpcore's signature
        """Read what has come; raises httpcore.RemoteProtocolError when too much has come already."""
        if not self._left:
            raise httpcore.RemoteProtocolError(f"The answer does not end within {MAX_ANSWER_BYTES:,} bytes.")
        part = await self._stream.read(min(max_bytes, READ_BYTES, self._left), timeout)
        self._left -= len(part)
        self._informational.add(part)
        return part

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 - httpcore's signature
        """Write; what comes from now on answers this."""
        self._begin()
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        """Close the connection."""
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
    ) -> httpcore.AsyncNetworkStream:
        """Return this connection under TLS, on which the decrypted bytes are counted."""
        return BoundedStream(await self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        """Return what the connection itself knows about it."""
        return self._stream.get_extra_info(info)


class BoundedNetwork(httpcore.AsyncNetworkBackend):
    """Opens bounded TCP connections; no other kind is offered."""

    def __init__(self) -> None:
        # Typed loosely there, for installations without anyio.
        self._network = cast("httpcore.AsyncNetworkBackend", httpcore.AnyIOBackend())

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect; raises httpcore.ConnectError or httpcore.ConnectTimeout."""
        return BoundedStream(
            await self._network.connect_tcp(host, port, timeout, local_address, socket_options)
        )


def client_context() -> ssl.SSLContext:
    """Return the TLS settings of all connections.

    One for all, since to load the certificates takes 37 ms, which the library would else spend on every
    connection. A server may not ask for new handshakes on a connection: each costs us more than it.
    """
    context = httpcore.default_ssl_context()
    context.options |= ssl.OP_NO_RENEGOTIATION
    return context
