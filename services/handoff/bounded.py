"""Connections on which an endpoint can say only so much before it gets cut off.

The HTTP library bounds one incomplete head and nothing else: informational responses (`100 Continue`) that
never end keep a processor busy until the attempt's time is over, since they are always ready to be read.
What is counted here is bytes, whatever they are: informational responses, header lines, chunk extensions,
trailers, the beginning of the body.
"""

import ssl
from collections.abc import Iterable
from typing import Any, cast

import httpcore
from httpcore import SOCKET_OPTION

# As much as we ourselves take of a caller's headers. Measured: the most expensive answer of this size, 1,900
# informational responses, costs 8 ms of processor time.
MAX_ANSWER_BYTES = 32 * 1024
# What is read is parsed in one go, in which nobody else gets a turn: 4 KiB take at most 1 ms.
READ_BYTES = 4 * 1024


class BoundedStream(httpcore.AsyncNetworkStream):
    """A connection that reads at most MAX_ANSWER_BYTES between two writes, in small pieces."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream
        self._left = MAX_ANSWER_BYTES

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - httpcore's signature
        """Read what has come; raises httpcore.RemoteProtocolError when too much has come already."""
        if not self._left:
            raise httpcore.RemoteProtocolError(f"The answer does not end within {MAX_ANSWER_BYTES:,} bytes.")
        part = await self._stream.read(min(max_bytes, READ_BYTES, self._left), timeout)
        self._left -= len(part)
        return part

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 - httpcore's signature
        """Write; what comes from now on answers this."""
        self._left = MAX_ANSWER_BYTES
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
