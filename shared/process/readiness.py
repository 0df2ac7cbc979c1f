"""Readiness: checks of what a process needs, run in parallel and with a time limit."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog

from shared.errors import FliplineError
from shared.reasons import safe_reason

logger = structlog.get_logger(__name__)

Check = Callable[[], Awaitable[None]]

# Probes of orchestrators give up after seconds, and should hear what hangs.
PATIENCE_SECONDS = 3.0


class Readiness:
    """The checks of a process by the name under which they are shown.

    A check that hangs runs once, however many callers want to know: they wait for the same answer.
    """

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = checks
        self._tasks: dict[str, asyncio.Task[str | None]] = {}

    async def findings(self) -> dict[str, str | None]:
        """Return for each check what is missing, in a sentence; None when all is well.

        A check without an answer after PATIENCE_SECONDS is reported as missing and goes on, since a
        connection that takes longer would otherwise never be made.
        """
        for name, check in self._checks.items():
            task = self._tasks.get(name)
            if task is None or task.done():
                self._tasks[name] = asyncio.create_task(_finding(check), name=f"check {name}")
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=PATIENCE_SECONDS)
        return {
            name: task.result() if task.done() else f"gives no answer within {PATIENCE_SECONDS:g} s"
            for name, task in self._tasks.items()
        }


async def _finding(check: Check) -> str | None:
    try:
        await check()
    except FliplineError as error:
        return error.message
    except Exception as error:
        logger.warning("check.failed", error=safe_reason(error), exc_info=True)
        return f"failed with {safe_reason(error)}; the log says where."
    return None
