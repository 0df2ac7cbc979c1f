"""Tells when a process is ready, and as long as it is not, what is missing."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Protocol

import structlog

from shared.errors import FliplineError
from shared.pulse import safe_reason

logger = structlog.get_logger(__name__)

# A check that takes longer has the others told without it.
PROMPT_SECONDS = 2.0
FIRST_LOOK_SECONDS = 0.25
LAST_LOOK_SECONDS = 2.0
LOOK_WHEN_READY_SECONDS = 10.0
NO_ANSWER = "gives no answer yet"


class Notices(Protocol):
    """Where it is told; `missing` has a sentence for each check that fails."""

    def ready(self) -> None:
        """Tell that all is well."""
        ...

    def not_ready(self, missing: Mapping[str, str]) -> None:
        """Tell what is missing."""
        ...


class Logged:
    """Notices as lines of the log."""

    def __init__(self, url: str) -> None:
        self._url = url

    def ready(self) -> None:
        """Log that all is well, with the address."""
        logger.info("ready", url=self._url)

    def not_ready(self, missing: Mapping[str, str]) -> None:
        """Log what is missing, with the address."""
        logger.warning("not_ready", url=self._url, missing=dict(missing))


async def announce(checks: Mapping[str, Callable[[], Awaitable[None]]], notices: Notices) -> None:
    """Ask the checks for ever, and tell each time that what is missing has changed."""
    found: dict[str, str] = {}
    told: dict[str, str] | None = None
    delay = FIRST_LOOK_SECONDS
    while True:
        before = told
        asked = {name: asyncio.create_task(_finding(check)) for name, check in checks.items()}
        try:
            # Never cancelled for being slow: a connection to Kafka that takes long would never come about.
            for patience in (PROMPT_SECONDS, None):
                await asyncio.wait(asked.values(), timeout=patience)
                found = {name: _seen(one, found.get(name)) for name, one in asked.items()}
                told = _tell(notices, {name: why for name, why in found.items() if why}, told)
        finally:
            for one in asked.values():
                one.cancel()
        if told != before:
            delay = FIRST_LOOK_SECONDS
        await asyncio.sleep(delay if told else LOOK_WHEN_READY_SECONDS)
        delay = min(2 * delay, LAST_LOOK_SECONDS)


async def _finding(check: Callable[[], Awaitable[None]]) -> str:
    try:
        await check()
    except FliplineError as error:
        return error.message
    except Exception as error:
        logger.warning("check.failed", error=safe_reason(error), exc_info=True)
        return f"failed with {safe_reason(error)}; the log says where."
    return ""


def _seen(asked: asyncio.Task[str], before: str | None) -> str:
    if asked.done():
        return asked.result()
    return NO_ANSWER if before is None else before


def _tell(notices: Notices, missing: dict[str, str], told: dict[str, str] | None) -> dict[str, str]:
    # How long something has been waited for is different each time; that is no news.
    now = {name: re.sub(r"\d+", "0", why) for name, why in missing.items()}
    if now == told:
        return now
    # A terminal that is gone must not end the process.
    with suppress(OSError):
        if missing:
            notices.not_ready(missing)
        else:
            notices.ready()
    return now
