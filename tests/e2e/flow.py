"""Deeds flow onto the log: always some more to do for the workers, never all of it at once."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager

from shared.events import TOPICS
from shared.log.kafka import KafkaLog
from tests.e2e.books import Books, open_books
from tests.e2e.broker import Broker
from tests.e2e.crowd import Deed
from tests.patience import eventually

SLICE = 50
AHEAD = 600
# Some 1,600 deeds a second: flat out, workers finish before one of them is caught in the middle of a batch.
PACE_SECONDS = 0.03


@asynccontextmanager
async def flowing(
    deeds: Sequence[Deed], settings: Mapping[str, str], *, behind: int = 0
) -> AsyncGenerator[None]:
    """Append the deeds while the block runs; after it, all of them are on the log and applied.

    `behind` is how many there were on the log before, all of them applied.
    """
    broker = Broker(settings)
    log = KafkaLog(
        broker.address,
        topics=TOPICS,
        prefix=broker.prefix,
    )
    try:
        async with open_books(settings["FLIPLINE_DATABASE_URL"]) as books:
            async with asyncio.TaskGroup() as group:
                group.create_task(_flow(log, books, deeds, behind))
                yield
            await eventually(books.applied, lambda applied: applied == behind + len(deeds))
    finally:
        await log.close()


async def _flow(log: KafkaLog, books: Books, deeds: Sequence[Deed], behind: int) -> None:
    for start in range(0, len(deeds), SLICE):
        enough = behind + start - AHEAD
        await eventually(books.applied, lambda applied, enough=enough: applied > enough)
        await log.append([deed.record() for deed in deeds[start : start + SLICE]])
        await asyncio.sleep(PACE_SECONDS)
