"""A webhook receiver that notes when each message came, and does nothing else."""

import asyncio
import re
import time
from typing import Self, cast

from deploy.localserver import HOST

_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
PERSON = re.compile(rb'"latency-[a-z]+-(\d+)"')


class Inbox:
    """Notes the arrivals by the number in the identity of the person that a message is about."""

    def __init__(self) -> None:
        self.messages = 0
        self.body = b""
        """of the last message"""
        self.arrivals: dict[int, list[float]] = {}

    async def __aenter__(self) -> Self:
        self._server = await asyncio.get_running_loop().create_server(lambda: _Connection(self), HOST, 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    @property
    def url(self) -> str:
        """The URL at which it listens."""
        return f"http://{HOST}:{self.port}/hook"

    async def wait_for(self, count: int, *, seconds: float) -> bool:
        """Wait for messages about `count` people; return whether they came in time."""
        deadline = time.perf_counter() + seconds
        while len(self.arrivals) < count and time.perf_counter() < deadline:
            await asyncio.sleep(0.05)
        return len(self.arrivals) >= count


class _Connection(asyncio.Protocol):
    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by class

    def data_received(self, data: bytes) -> None:
        now = time.perf_counter()
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        length = _LENGTH.search(self._buffer, 0, max(end, 0))
        if end < 0 or length is None or len(self._buffer) < end + 4 + int(length[1]):
            return
        self._inbox.messages += 1
        self._inbox.body = self._buffer[end + 4 :]
        person = PERSON.search(self._buffer, end)
        if person:
            self._inbox.arrivals.setdefault(int(person[1]), []).append(now)
        self._buffer = b""
        self._transport.write(_ANSWER)
