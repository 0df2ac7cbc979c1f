"""The webhook receiver of a CRM: it stores what came and verifies the signatures."""

import asyncio
import base64
import hashlib
import hmac
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import NamedTuple

from aiohttp import web


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

    async def answer(self, request: web.BaseRequest) -> web.Response:
        """Store a request and answer 204."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.received.append(Received(headers, await request.read()))
        self.arrived.set()
        return web.Response(status=HTTPStatus.NO_CONTENT)


@asynccontextmanager
async def inbox() -> AsyncGenerator[Inbox]:
    """Open a receiver on a free local port."""
    box = Inbox()
    runner = web.ServerRunner(web.Server(box.answer))
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        box.url = f"http://127.0.0.1:{runner.addresses[0][1]}/crm"
        yield box
    finally:
        await runner.cleanup()
