"""One HTTP attempt at a delivery: the stored bytes, signed for this moment, posted once."""

import asyncio
from contextlib import AsyncExitStack, suppress
from datetime import datetime
from types import TracebackType
from typing import Self

import httpcore

from services.handoff.bounded import client_context
from services.handoff.delivery import Answer, Forbidden, NoAnswer, Prepared, Result
from services.handoff.sign import signed_headers
from shared.errors import Refused

MAX_READ_BYTES = 2_000
MAX_EXCERPT_CHARACTERS = 500
# Once the status is there it has decided; the text beside it is only for people, and may not dawdle.
EXCERPT_SECONDS = 1.0
# Common servers close an idle connection after 5 s; one that we drop before is never found closed.
KEEPALIVE_SECONDS = 4.0
# Every request looks at each idle connection, so there should not be more than are likely of use.
MAX_IDLE_CONNECTIONS = 64

_CONSTANT_HEADERS = [
    ("content-type", "application/json"),
    ("user-agent", "Flipline-Webhooks/1"),
    ("accept-encoding", "identity"),  # what is kept of the answer is read as it comes
]


class Sender:
    """Sends over one pool of connections, on httpcore itself.

    A full client would follow redirects, keep the cookies that endpoints set and read proxies from the
    environment, all of which a webhook must not do.
    """

    def __init__(self, network: httpcore.AsyncNetworkBackend, *, timeout_seconds: float) -> None:
        self._network = network
        self._timeout_seconds = timeout_seconds

    async def __aenter__(self) -> Self:
        # As many connections as attempts: the lanes are what limits them.
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=client_context(),
            max_connections=None,
            max_keepalive_connections=MAX_IDLE_CONNECTIONS,
            keepalive_expiry=KEEPALIVE_SECONDS,
            network_backend=self._network,
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._pool.aclose()

    async def send(self, delivery: Prepared, at: datetime) -> Result:
        """Post the delivery, signed at an instant, and return what came of it; raises nothing of its own."""
        headers = signed_headers(delivery.secrets, delivery.message_id, int(at.timestamp()), delivery.body)
        try:
            return await self._post(delivery.url, [*_CONSTANT_HEADERS, *headers], delivery.body)
        except TimeoutError:
            return NoAnswer(f"No answer within {self._timeout_seconds:g} seconds.")
        except Refused as error:
            return Forbidden(error.message)
        except Exception as error:  # noqa: BLE001 - whatever an endpoint makes us stumble over is its failure
            return NoAnswer(printable(f"{type(error).__name__}: {error}"))

    async def _post(self, url: str, headers: list[tuple[str, str]], body: bytes) -> Answer:
        waits = {"timeout": {"connect": self._timeout_seconds}}
        async with AsyncExitStack() as stack:
            async with asyncio.timeout(self._timeout_seconds):
                response = await stack.enter_async_context(
                    self._pool.stream("POST", url, headers=headers, content=body, extensions=waits)
                )
            return Answer(response.status, _header(response, b"retry-after"), await _excerpt(response))


def _header(response: httpcore.Response, name: bytes) -> str | None:
    return next((value.decode("latin-1") for key, value in response.headers if key.lower() == name), None)


async def _excerpt(response: httpcore.Response) -> str:
    read = bytearray()
    with suppress(TimeoutError, httpcore.NetworkError, httpcore.ProtocolError):
        async with asyncio.timeout(EXCERPT_SECONDS):
            async for part in response.aiter_stream():
                read += part
                if len(read) >= MAX_READ_BYTES:
                    break
    return printable(read[:MAX_READ_BYTES].decode(errors="replace"))


def printable(text: str) -> str:
    """Cut a text of others to 500 characters and blank what a database or terminal would stumble over."""
    return "".join(c if c.isprintable() or c == "\n" else " " for c in text[:MAX_EXCERPT_CHARACTERS])
