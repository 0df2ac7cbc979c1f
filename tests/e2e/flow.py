"""Deeds flow onto the log: the workers always have some more to do, and never all of it at once."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager

from shared.events import TOPICS
from shared.log.kafka import KafkaLog
from tests.e2e.books import Books, open_books
from tests.e2e.broker import Broker
from tests.e2e.crowd import Deed
from tests.support.patience import eventually

SLICE = 50
AHEAD = 600


class Flow:
    """Puts deeds on the log, at most AHEAD before the workers."""

    def __init__(self, log: KafkaLog, books: Books, behind: int) -> None:
        self._log = log
        self._books = books
        self._on_the_log = behind
        self._flows = asyncio.Event()
        self._flows.set()
        self._slices_left: int | None = None
        self._asking = asyncio.Lock()

    async def append(self, deeds: Sequence[Deed]) -> None:
        """Append the deeds, slice by slice; `stand_still` stops it and `go_on` lets it go on."""
        for start in range(0, len(deeds), SLICE):
            enough = self._on_the_log - AHEAD
            await eventually(self._applied, lambda applied, enough=enough: applied > enough)
            await self._flows.wait()
            some = deeds[start : start + SLICE]
            await self._log.append([deed.record() for deed in some])
            self._on_the_log += len(some)
            if self._slices_left is not None:
                self._slices_left -= 1
                if not self._slices_left:
                    self._flows.clear()

    async def stand_still(self) -> None:
        """Stop the flow, and return once the workers have applied what is on the log."""
        self._flows.clear()
        await eventually(self._applied, lambda applied: applied == self._on_the_log)

    def go_on(self, *, slices: int | None = None) -> None:
        """Let it flow again, for `slices` slices or without limit."""
        self._slices_left = slices
        self._flows.set()

    async def is_applied(self) -> bool:
        """Return whether it stands still and the workers have applied all that is on the log."""
        return not self._flows.is_set() and await self._applied() == self._on_the_log

    async def _applied(self) -> int:
        # A connection can run one query at a time.
        async with self._asking:
            return await self._books.applied()


@asynccontextmanager
async def flowing(
    deeds: Sequence[Deed], settings: Mapping[str, str], *, behind: int = 0
) -> AsyncGenerator[Flow]:
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
            flow = Flow(log, books, behind)
            async with asyncio.TaskGroup() as group:
                group.create_task(flow.append(deeds))
                yield flow
                flow.go_on()
            await eventually(books.applied, lambda applied: applied == behind + len(deeds))
    finally:
        await log.close()
