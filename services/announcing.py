"""Tells when a process is ready, and as long as it is not, what is missing."""

import asyncio
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Protocol

import structlog

from shared.readiness import Readiness

logger = structlog.get_logger(__name__)

FIRST_LOOK_SECONDS = 0.25
LAST_LOOK_SECONDS = 2.0
LOOK_WHEN_READY_SECONDS = 10.0


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


async def announce(readiness: Readiness, notices: Notices) -> None:
    """Ask the checks for ever, and tell each time that what is missing has changed."""
    told: dict[str, str] | None = None
    delay = FIRST_LOOK_SECONDS
    while True:
        before = told
        found = await readiness.findings()
        told = _tell(notices, {name: why for name, why in found.items() if why}, told)
        if told != before:
            delay = FIRST_LOOK_SECONDS
        await asyncio.sleep(delay if told else LOOK_WHEN_READY_SECONDS)
        delay = min(2 * delay, LAST_LOOK_SECONDS)


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
