"""Posting at times fixed beforehand, however slow the answers: an open loop, so nothing hides a stall.

A closed loop stops sending while the server stalls, and so leaves out the very requests that would have
waited (coordinated omission).
"""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from typing import cast

from deploy.localserver import HOST
from tests.bench.arena import Wrong
from tests.bench.load import answer_size

ANSWER_LIMIT = 30.0


class _Client(asyncio.Protocol):
    """One keep-alive connection with at most one request under way."""

    def __init__(self) -> None:
        self._buffer = b""
        self._answered: asyncio.Future[float] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by class

    def post(self, request: bytes) -> asyncio.Future[float]:
        """Send and return the future instant of the 200."""
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answered

    def data_received(self, data: bytes) -> None:
        now = time.perf_counter()
        self._buffer += data
        size = answer_size(self._buffer)
        if size is None or len(self._buffer) < size or self._answered is None:
            return
        if self._buffer[9:12] == b"200":
            self._answered.set_result(now)
        else:
            self._answered.set_exception(Wrong(self._buffer[:500].decode(errors="replace")))
        self._buffer = b""

    def close(self) -> None:
        """Leave the server."""
        self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(Wrong(f"the server closed a connection: {exc!r}"))


class OpenLoop:
    """Posts the requests at a steady rate over as many connections as it takes."""

    def __init__(self, port: int, requests: Sequence[bytes], *, rate: float) -> None:
        self._port = port
        self._requests = requests
        self._rate = rate
        # The one that rested longest goes first: uvicorn closes a connection that rests for 5 s.
        self._idle: deque[_Client] = deque()

    async def run(self) -> list[tuple[float, float]]:
        """Return for each request when it was due and when it was answered; raises Wrong without a 200."""
        start = time.perf_counter() + 0.1
        due = [start + number / self._rate for number in range(len(self._requests))]
        posts: list[asyncio.Task[float]] = []
        for at, request in zip(due, self._requests, strict=True):
            await asyncio.sleep(at - time.perf_counter())
            posts.append(asyncio.create_task(self._post(request)))
        async with asyncio.timeout(ANSWER_LIMIT):
            answered = await asyncio.gather(*posts)
        for client in self._idle:
            client.close()
        return list(zip(due, answered, strict=True))

    async def _post(self, request: bytes) -> float:
        client = self._idle.popleft() if self._idle else await self._connect()
        at = await client.post(request)
        self._idle.append(client)
        return at

    async def _connect(self) -> _Client:
        _, client = await asyncio.get_running_loop().create_connection(_Client, HOST, self._port)
        return client
