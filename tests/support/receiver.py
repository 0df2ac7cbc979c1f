"""A webhook endpoint on 127.0.0.1 that remembers what came and gives the answers that a test sets.

In the end every body must have exactly the shape that the API description has for its type.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.support.patience import patience
from tests.support.tcp import TcpServer
from tests.support.webhook_bodies import misfits


@dataclass(frozen=True)
class Received:
    """One request as it came; header names are in lower case."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """An answer; `hang` never gives one, `broken` ends the connection instead."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""
    hang: bool = False
    broken: bool = False


class Receiver(TcpServer):
    """Gives its replies, one for each request, and then the last of them for ever."""

    def __init__(self, *replies: Reply) -> None:
        super().__init__()
        self.received: list[Received] = []
        self.answers(*(replies or (Reply(),)))
        self._came = asyncio.Condition()

    def answers(self, *replies: Reply) -> None:
        """Answer these from now on."""
        self._replies = list(replies)

    async def __aexit__(self, *error: object) -> None:
        await super().__aexit__(*error)
        for body in {received.body for received in self.received}:
            assert misfits(body) == [], body

    def url(self, path: str = "/hook", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    async def wait_for(self, count: int) -> list[Received]:
        """Return the first `count` requests as soon as they have come."""
        async with patience(), self._came:
            await self._came.wait_for(lambda: len(self.received) >= count)
        return self.received[:count]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer requests as long as the connection stays open."""
        while await self._exchange(reader, writer):
            pass

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Take one request, answer it, and return whether the connection stays open."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head[1:] if line)
        }
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        async with self._came:
            self.received.append(Received(head[0].split(" ")[1], headers, body))
            self._came.notify_all()
        reply = self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]
        if reply.hang:
            await asyncio.Event().wait()
        if reply.broken:
            return False
        lines = [f"HTTP/1.1 {reply.status} Said", f"content-length: {len(reply.body)}"]
        lines += [f"{name}: {value}" for name, value in reply.headers.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode() + reply.body)
        await writer.drain()
        return True
