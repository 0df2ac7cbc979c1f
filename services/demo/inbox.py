"""The webhook receiver of a CRM: it stores what came and verifies the signatures."""

import asyncio
import base64
import hashlib
import hmac
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import NamedTuple


class Received(NamedTuple):
    """A webhook as it came: header names in lower case, the body's exact bytes."""

    headers: dict[str, str]
    body: bytes

    def is_signed_with(self, secret: str) -> bool:
        """Verify the Standard Webhooks signature, from the specification alone."""
        key = base64.b64decode(secret.removeprefix("whsec_"))
        head = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}."
        digest = hmac.digest(key, head.encode() + self.body, hashlib.sha256)
        expected = f"v1,{base64.b64encode(digest).decode()}"
        signatures = self.headers["webhook-signature"].split(" ")
        return any(hmac.compare_digest(expected, signature) for signature in signatures)


@dataclass
class Inbox:
    """What a receiver got so far, and its URL."""

    url: str = ""
    received: list[Received] = field(default_factory=list[Received])
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read one HTTP request and answer 204."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        pairs = (line.partition(":") for line in head.split("\r\n")[1:])
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()
        self.received.append(Received(headers, body))
        self.arrived.set()


@asynccontextmanager
async def inbox() -> AsyncGenerator[Inbox]:
    """Open a receiver on a free local port."""
    box = Inbox()
    server = await asyncio.start_server(box.answer, "127.0.0.1", 0)
    box.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/crm"
    try:
        yield box
    finally:
        server.close()
        await server.wait_closed()
