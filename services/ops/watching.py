"""Waits for a slow request, and shows its progress meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, Final

from rich.console import Console

from services.calling import CONNECTION_LOST, ApiAnswer
from shared.errors import FliplineError, Unavailable
from shared.process.progress_bar import Progress

LOOK_AGAIN_SECONDS: Final = 0.5


async def watched(
    request: Coroutine[Any, Any, ApiAnswer],
    look: Callable[[Progress], Awaitable[None]],
    console: Console,
    *,
    interrupted: str,
    lost: str,
) -> dict[str, Any]:
    """Return the body of the answer to a request; meanwhile `look` is called repeatedly to show progress.

    `interrupted` is printed when the waiting is cancelled; `lost` is what to do when the connection is
    lost.
    """
    posted = asyncio.create_task(request)
    try:
        with Progress(console) as progress:
            while not (await asyncio.wait({posted}, timeout=LOOK_AGAIN_SECONDS))[0]:
                # The answer to the request itself reports every error.
                with suppress(FliplineError):
                    await look(progress)
            return (await posted).body
    except asyncio.CancelledError:
        console.print(interrupted, highlight=False)
        raise
    except Unavailable as error:
        if error.code != CONNECTION_LOST:
            raise
        raise Unavailable(error.code, f"{error.message} {lost}") from error
    finally:
        posted.cancel()
