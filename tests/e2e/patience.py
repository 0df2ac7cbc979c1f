"""Waiting for a condition in another process, never for a time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

PATIENCE_SECONDS = 30.0
LOOK_AGAIN_SECONDS = 0.02


async def eventually(
    ask: Callable[[], Awaitable[Any]],
    holds: Callable[[Any], bool] = bool,
    *,
    seconds: float = PATIENCE_SECONDS,
) -> Any:
    """Ask until the answer is as expected and return it; the last answer is shown when it never is."""
    answer: Any = None
    try:
        async with asyncio.timeout(seconds):
            while not holds(answer := await ask()):
                await asyncio.sleep(LOOK_AGAIN_SECONDS)
    except TimeoutError:
        raise AssertionError(
            f"not within {seconds:g} seconds; the last answer was {answer!r:.2000}"
        ) from None
    return answer
