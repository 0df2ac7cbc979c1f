"""How tests wait: for a condition, never for a time.

The limits are there to end a hang and for nothing else: a machine that is ten times slower than usual does
not come near them. No other file of the tests has a clock or a limit of its own, which
tests/architecture/test_waiting.py sees to.
"""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any

from shared.errors import Unavailable

# What one condition may take. The test as a whole is ended by pytest (`timeout` in pyproject.toml).
PATIENCE_SECONDS = 240.0
LOOK_AGAIN_SECONDS = 0.01
LONGEST_PAUSE_SECONDS = 0.2
# The longer a wait lasts, the less often its condition is checked: a check costs both sides work, while other
# tests wait for the processor. By this a wait gets a tenth longer, at most.
SLOWER = 1.1
LONGEST_LOOK_SECONDS = 0.1


def patience() -> asyncio.Timeout:
    """Limit the time of a block that awaits something which has to come."""
    return asyncio.timeout(PATIENCE_SECONDS)


async def eventually(ask: Callable[[], Any], holds: Callable[[Any], bool] = bool) -> Any:
    """Ask until the answer is as expected and return it; a failure shows the last answer.

    `ask` is a coroutine function or a plain one.
    """
    answer: Any = None
    pause = LOOK_AGAIN_SECONDS
    limit = patience()
    try:
        async with limit:
            while True:
                answer = ask()
                if inspect.isawaitable(answer):
                    answer = await answer
                if holds(answer):
                    return answer
                await asyncio.sleep(pause)
                pause = min(SLOWER * pause, LONGEST_LOOK_SECONDS)
    except TimeoutError:
        # Another timeout, of the caller or of what was asked, may have expired.
        if not limit.expired():
            raise
        raise _never(answer) from None


def until(ask: Callable[[], Any]) -> Any:
    """Ask until the answer is true and return it; for tests that run no event loop."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    pause = LOOK_AGAIN_SECONDS
    while not (answer := ask()):
        if time.monotonic() > deadline:
            raise _never(answer)
        time.sleep(pause)
        pause = min(SLOWER * pause, LONGEST_LOOK_SECONDS)
    return answer


async def persist(attempt: Callable[[], Awaitable[Any]]) -> None:
    """Repeat an attempt that fails for a passing reason, as a worker does."""
    delay = LOOK_AGAIN_SECONDS
    async with patience():
        while True:
            try:
                await attempt()
                return
            except Unavailable:
                # The delay grows, or two attempts that are in each other's way might stay so.
                await asyncio.sleep(delay)
                delay = min(2 * delay, LONGEST_PAUSE_SECONDS)


async def a_moment() -> None:
    """Let other tasks run; nothing may depend on how long it lasts."""
    await asyncio.sleep(LOOK_AGAIN_SECONDS)


def _never(answer: Any) -> AssertionError:
    return AssertionError(f"not within {PATIENCE_SECONDS:g} seconds; the last answer was {answer!r:.2000}")


def stopwatch() -> Callable[[], float]:
    """Return a clock of the seconds since now, for a table that people read; no test may depend on them."""
    began = time.monotonic()
    return lambda: time.monotonic() - began
