"""Reports when a process is ready, and until then what is missing."""

import asyncio
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Protocol

import structlog

from shared.process.readiness import Readiness

logger = structlog.get_logger(__name__)

FIRST_LOOK_SECONDS = 0.25
LAST_LOOK_SECONDS = 2.0
LOOK_WHEN_READY_SECONDS = 10.0


class Notices(Protocol):
    """The output of the reports; `missing` has a sentence for each check that fails."""

    def ready(self) -> None:
        """Report that the process is ready."""
        ...

    def not_ready(self, missing: Mapping[str, str]) -> None:
        """Report what is missing."""
        ...


class Logged:
    """Notices as lines of the log."""

    def __init__(self, url: str) -> None:
        self._url = url

    def ready(self) -> None:
        """Log that the process is ready, with the address."""
        logger.info("ready", url=self._url)

    def not_ready(self, missing: Mapping[str, str]) -> None:
        """Log what is missing, with the address."""
        logger.warning("not_ready", url=self._url, missing=dict(missing))


async def announce(readiness: Readiness, notices: Notices) -> None:
    """Run the checks for ever, and report each change of what is missing."""
    reported: dict[str, str] | None = None
    delay = FIRST_LOOK_SECONDS
    while True:
        before = reported
        found = await readiness.findings()
        reported = _report(notices, {name: reason for name, reason in found.items() if reason}, reported)
        if reported != before:
            delay = FIRST_LOOK_SECONDS
        await asyncio.sleep(delay if reported else LOOK_WHEN_READY_SECONDS)
        delay = min(2 * delay, LAST_LOOK_SECONDS)


def _report(notices: Notices, missing: dict[str, str], reported: dict[str, str] | None) -> dict[str, str]:
    # The time of waiting differs at each check, and is not a change.
    missing_now = {name: re.sub(r"\d+", "0", reason) for name, reason in missing.items()}
    if missing_now == reported:
        return missing_now
    # A closed terminal must not end the process.
    with suppress(OSError):
        if missing:
            notices.not_ready(missing)
        else:
            notices.ready()
    return missing_now
