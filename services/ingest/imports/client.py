"""Posts batches to a Flipline: temporary errors are retried, others are reported at once."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

import httpx
import msgspec

from shared.errors import Refused, Unauthorized, Unavailable
from shared.process.clock import Clock
from shared.process.transport import invalid_url, transport_words
from shared.retry_after import requested_wait

Sleep = Callable[[float], Awaitable[None]]

# 0.5 + 1 + 2 + 4 + 8 + 16 + 30 s: a restart of the server passes within that minute.
MAX_TRIES: Final = 8
FIRST_DELAY_SECONDS: Final = 0.5
LAST_DELAY_SECONDS: Final = 30.0
MAX_RETRY_AFTER_SECONDS: Final = 120.0

_RESUME: Final = "To go on after the accepted lines, run the same command without --force."
_TEMPORARY: Final = frozenset({408, 429, 500, 502, 503, 504})


class EventResult(msgspec.Struct):
    """What the server says of one event."""

    status: str
    code: str | None = None


class _Answer(msgspec.Struct):
    results: list[EventResult]


class Poster:
    """Posts lists of native events to one server with one write key."""

    def __init__(self, client: httpx.AsyncClient, *, url: str, key: str, sleep: Sleep, clock: Clock) -> None:
        """Prepare the requests; raises Misconfigured for an invalid URL, Unauthorized for an invalid key."""
        if not _is_url(url):
            raise invalid_url(url)
        if not key.isascii() or not key.isprintable() or not key.strip():
            raise Unauthorized(
                "write_key_invalid",
                "The write key has invalid characters: a key consists of visible ASCII characters.",
            )
        self._client = client
        self._url = url.rstrip("/") + "/v1/events"
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._sleep = sleep
        self._clock = clock

    async def post(self, events: Sequence[bytes]) -> list[EventResult]:
        """Post the events and return a verdict for each.

        Raises Unavailable when the server stays down, Unauthorized for a wrong key, Misconfigured for an
        invalid URL, Refused when the other end is not a Flipline.
        """
        body = b"[" + b",".join(events) + b"]"
        why = ""
        requested: timedelta | None = None
        for failures in range(MAX_TRIES):
            if failures:
                await self._sleep(retry_delay_seconds(failures, requested))
            try:
                response = await self._client.post(self._url, content=body, headers=self._headers)
            except (httpx.InvalidURL, httpx.UnsupportedProtocol):
                raise invalid_url(self._url) from None
            except httpx.TransportError as error:
                why = f"{self._url} cannot be reached: {transport_words(error)}"
                requested = None
                continue
            if response.status_code not in _TEMPORARY:
                return self._verdicts(response, len(events))
            why = f"{self._url} answers {response.status_code}"
            requested = requested_wait(response.headers.get("retry-after"), self._clock.now())
        raise Unavailable("import_interrupted", f"{why}, {MAX_TRIES} times in a row. {_RESUME}")

    def _verdicts(self, response: httpx.Response, count: int) -> list[EventResult]:
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            raise Unauthorized("write_key_invalid", f"{self._url} refuses this write key. {_RESUME}")
        if response.status_code == HTTPStatus.OK:
            try:
                verdicts = msgspec.json.decode(response.content, type=_Answer).results
            except msgspec.MsgspecError:
                verdicts = []
            if len(verdicts) == count:
                return verdicts
        raise Refused(
            "import_refused",
            f"{self._url} answers {response.status_code} without verdicts: is this Flipline's address? "
            + _RESUME,
        )


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def retry_delay_seconds(failures: int, requested: timedelta | None) -> float:
    """Return the wait after this many failures in a row: it doubles, unless the server asks for more."""
    doubling = min(FIRST_DELAY_SECONDS * 2 ** (failures - 1), LAST_DELAY_SECONDS)
    return max(doubling, min(requested.total_seconds(), MAX_RETRY_AFTER_SECONDS)) if requested else doubling
