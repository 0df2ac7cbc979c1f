"""One HTTP attempt at a delivery: the stored bytes, signed for this moment, posted once."""

import asyncio
import ssl
from contextlib import AsyncExitStack, suppress
from datetime import datetime
from functools import lru_cache
from types import TracebackType
from typing import Self

import aiohttp
from yarl import URL

from services.handoff.sending.bounded import MAX_ANSWER_BYTES, TooMuch
from services.handoff.sending.connect import GuardedConnector
from services.handoff.sending.guard import Guard
from services.handoff.webhooks.delivery import EndpointAnswer, Forbidden, NoAnswer, Prepared, Result
from services.handoff.webhooks.signature import signed_headers
from shared.errors import Refused

MAX_READ_BYTES = 2_000
MAX_EXCERPT_CHARACTERS = 500
# The status has decided already; the body is only for people to read, and must not delay the result.
EXCERPT_SECONDS = 1.0

_CONSTANT_HEADERS = {
    "content-type": "application/json",
    "user-agent": "Flipline-Webhooks/1",
    "accept-encoding": "identity",  # the stored excerpt is the body as it comes
}


class Sender:
    """Sends over one pool of connections, which follow no redirects and keep no cookies."""

    def __init__(self, guard: Guard, *, timeout_seconds: float) -> None:
        self._guard = guard
        self._timeout_seconds = timeout_seconds

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=GuardedConnector(self._guard),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=_CONSTANT_HEADERS,
            skip_auto_headers=["accept"],
            auto_decompress=False,
            # The whole attempt has one limit, below; the connection's own would not reach the next address.
            timeout=aiohttp.ClientTimeout(total=None),
            max_line_size=MAX_ANSWER_BYTES,
            max_field_size=MAX_ANSWER_BYTES,
            max_headers=MAX_ANSWER_BYTES,
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._session.close()

    async def send(self, delivery: Prepared, at: datetime) -> Result:
        """Post the delivery, signed at an instant, and return the result; raises nothing of its own."""
        headers = signed_headers(delivery.secrets, delivery.message_id, int(at.timestamp()), delivery.body)
        try:
            return await self._post(delivery.url, headers, delivery.body)
        except TimeoutError:
            return NoAnswer(f"No answer within {self._timeout_seconds:g} seconds.")
        except Refused as error:
            return Forbidden(error.message)
        except Exception as error:  # noqa: BLE001 - any error that an endpoint causes is a failed attempt
            return NoAnswer(printable(_explanation(error)))

    async def _post(self, url: str, headers: list[tuple[str, str]], body: bytes) -> EndpointAnswer:
        async with AsyncExitStack() as stack:
            async with asyncio.timeout(self._timeout_seconds):
                response = await stack.enter_async_context(
                    self._session.post(_parsed(url), data=body, headers=headers, allow_redirects=False)
                )
            return EndpointAnswer(
                response.status, response.headers.get("retry-after"), await _excerpt(response)
            )


@lru_cache(maxsize=1_024)
def _parsed(url: str) -> URL:
    # The URL is in normal form already: quoting it again would make it another URL than the checked one.
    return URL(url, encoded=True)


def _explanation(error: Exception) -> str:
    """Return in a sentence why there is no answer."""
    match error:
        case aiohttp.ClientConnectorDNSError(host=host):
            explanation = f"{host} could not be resolved to an address."
        case aiohttp.ClientConnectorCertificateError(certificate_error=ssl.SSLCertVerificationError() as why):
            explanation = f"The endpoint's certificate is refused: {why.verify_message}."
        case aiohttp.ClientConnectorError(os_error=why):
            explanation = f"No connection: {why.strerror or type(why).__name__}."
        case aiohttp.ServerDisconnectedError():
            explanation = "The endpoint closed the connection before it answered."
        case aiohttp.ClientResponseError(message=message):
            explanation = f"The endpoint's answer is not valid HTTP: {' '.join(message.split())}"
        case TooMuch():
            explanation = str(error)
        case _:
            explanation = f"{type(error).__name__}: {error}"
    return explanation


async def _excerpt(response: aiohttp.ClientResponse) -> str:
    read = bytearray()
    with suppress(TimeoutError, aiohttp.ClientError):
        async with asyncio.timeout(EXCERPT_SECONDS):
            while len(read) < MAX_READ_BYTES and (part := await response.content.readany()):
                read += part
    return printable(read[:MAX_READ_BYTES].decode(errors="replace"))


def printable(text: str) -> str:
    """Cut a foreign text to 500 characters and blank those that a database or terminal cannot take."""
    return "".join(c if c.isprintable() or c == "\n" else " " for c in text[:MAX_EXCERPT_CHARACTERS])
