"""Clients that speak HTTP badly on purpose, on sockets of their own."""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Self
from urllib.parse import urlsplit

from tests.support.patience import eventually

_PIECE = 64 * 1024


class RawClient:
    """One connection, on which bytes go out as they are given."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.received = bytearray()
        self.sent = 0
        self.hung_up = asyncio.Event()
        """Set once the server has closed the connection."""

    @classmethod
    @asynccontextmanager
    async def to(cls, url: str) -> AsyncGenerator[Self]:
        """Connect to the server of a URL."""
        target = urlsplit(url)
        client = cls(*await asyncio.open_connection(target.hostname, target.port))
        listening = asyncio.create_task(client._listen())
        try:
            yield client
        finally:
            listening.cancel()
            client._writer.close()
            with suppress(ConnectionError):
                await client._writer.wait_closed()

    async def send(self, parts: Iterable[bytes]) -> bool:
        """Send the parts until the server answers or hangs up; return whether all went out."""
        with suppress(ConnectionError):
            for part in parts:
                if self.received or self.hung_up.is_set():
                    return False
                self._writer.write(part)
                await self._writer.drain()
                self.sent += len(part)
                await asyncio.sleep(0)
            return True
        return False

    async def status(self) -> int | None:
        """Return the status of the next answer once it is complete; None where the server hangs up first."""
        answer = await eventually(lambda: self._answer() or self.hung_up.is_set())
        if answer is True and not (answer := self._answer()):
            return None
        del self.received[: len(answer)]
        return int(answer.split(b" ", 2)[1])

    def _answer(self) -> bytes:
        head, end, rest = self.received.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0] or 0)
        return bytes(head + end + rest[:length]) if end and len(rest) >= length else b""

    async def _listen(self) -> None:
        with suppress(ConnectionError):
            while received := await self._reader.read(_PIECE):
                self.received += received
        self.hung_up.set()


@asynccontextmanager
async def idle(url: str, count: int) -> AsyncGenerator[list[RawClient]]:
    """Open `count` connections and send nothing on them."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(RawClient.to(url)) for _ in range(count)]


def line_of(size: int) -> Iterator[bytes]:
    """A request whose first line has `size` bytes."""
    yield b"GET /"
    yield from _filler(size - len(b"GET / HTTP/1.1\r\n"))
    yield b" HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"


def headers_of(size: int, *, each: int) -> Iterator[bytes]:
    """A request with headers of `size` bytes in all; each has `each` bytes."""
    yield b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n"
    for number in range(size // each):
        name = b"x-%d: " % number
        yield name
        yield from _filler(each - len(name) - 2)
        yield b"\r\n"
    yield b"\r\n"


def body_of(size: int, *, announced: int | None = None) -> Iterator[bytes]:
    """A post with a body of `size` bytes; its Content-Length is `announced`, by default `size`."""
    yield b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (
        size if announced is None else announced
    )
    yield from _filler(size)


def byte_by_byte(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes, one at a time."""
    return (bytes([byte]) for part in parts for byte in part)


def _filler(size: int) -> Iterator[bytes]:
    for start in range(0, size, _PIECE):
        yield b"x" * min(_PIECE, size - start)
