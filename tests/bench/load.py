"""The load generator: keep-alive connections that post bytes made beforehand, in a process of its own.

A general HTTP client would be slower than the servers it measures. Orders come as JSON lines: first the
targets with their requests, then one line a round; see `Helper`.
"""

import asyncio
import base64
import json
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import cycle
from math import ceil
from typing import Any, cast

from uvicorn.loops.auto import auto_loop_factory

from deploy.localserver import HOST

ROUND_LIMIT = 120.0


class Round:
    """A fixed number of connections, each with one request under way, until the time is up."""

    def __init__(self, requests: Iterator[bytes], seconds: float) -> None:
        self.requests = requests
        self.deadline = time.perf_counter() + seconds
        self.latencies: list[float] = []
        self.last = 0.0
        self.wrong: str | None = None


class Connection(asyncio.Protocol):
    """Posts the next request as soon as the last one is answered."""

    def __init__(self, round_: Round) -> None:
        self._round = round_
        self._buffer = b""
        self._sent_at = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by class
        self._post()

    def _post(self) -> None:
        self._sent_at = time.perf_counter()
        self._transport.write(next(self._round.requests))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        size = answer_size(self._buffer)
        if size is None or len(self._buffer) < size:
            return
        now = time.perf_counter()
        if self._buffer[9:12] != b"200" or len(self._buffer) > size:
            self._round.wrong = self._buffer[:500].decode(errors="replace")
            self._transport.close()
            return
        self._round.latencies.append(now - self._sent_at)
        self._round.last = now
        self._buffer = b""
        if now < self._round.deadline and self._round.wrong is None:
            self._post()
        else:
            self._finish()

    def _finish(self) -> None:
        if not self.done.done():
            self.done.set_result(None)
        self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self._round.wrong = self._round.wrong or f"the server closed a connection: {exc!r}"
            self.done.set_result(None)


def answer_size(buffer: bytes) -> int | None:
    """Return the length of the HTTP answer that the buffer begins with, once its head is complete."""
    end = buffer.find(b"\r\n\r\n")
    if end < 0:
        return None
    start = buffer.find(b"content-length:", 0, end)
    if start < 0:
        return end + 4
    stop = buffer.find(b"\r\n", start)
    return end + 4 + int(buffer[start + 15 : stop])


async def run(port: int, requests: Iterator[bytes], *, connections: int, seconds: float) -> dict[str, Any]:
    """Run a round and return its result."""
    loop = asyncio.get_running_loop()
    round_ = Round(requests, seconds)
    started = time.perf_counter()
    made = [await loop.create_connection(lambda: Connection(round_), HOST, port) for _ in range(connections)]
    async with asyncio.timeout(ROUND_LIMIT):
        await asyncio.gather(*(connection.done for _, connection in made))
    if round_.wrong is not None:
        return {"wrong": f"port {port}: {round_.wrong}"}
    latencies = sorted(round_.latencies)
    return {
        "answered": len(latencies),
        "seconds": round_.last - started,
        "p50_ms": percentile(latencies, 50) * 1000,
        "p99_ms": percentile(latencies, 99) * 1000,
    }


def percentile(ordered: Sequence[float], percent: float) -> float:
    """Return the smallest value that `percent` of the ordered values do not exceed."""
    return ordered[max(0, ceil(len(ordered) * percent / 100) - 1)]


def main() -> None:
    """Take orders until stdin is closed."""
    setup = json.loads(sys.stdin.readline())
    targets = {
        name: (target["port"], cycle([base64.b64decode(request) for request in target["requests"]]))
        for name, target in setup.items()
    }
    print("{}", flush=True)
    with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        for line in sys.stdin:
            order = json.loads(line)
            port, requests = targets[order["target"]]
            answer = runner.run(
                run(port, requests, connections=order["connections"], seconds=order["seconds"])
            )
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
