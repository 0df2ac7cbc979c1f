"""A follower that writes each message into a table, in a transaction that a test can spoil."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import sqlalchemy as sa

from shared.database.engine import Database
from shared.database.outbox import outbox
from shared.events import DEAD_LETTERS, DeadLetter, decode
from shared.following.follower import Follower, Summary
from shared.log.embedded import EmbeddedLog
from shared.log.port import Message, Record
from shared.process.pulse import Pulse
from tests.support.clock import FrozenClock
from tests.support.patience import eventually
from tests.support.tables import values

applied = sa.Table("applied", sa.MetaData(), sa.Column("id", sa.Text, primary_key=True))

Before = Callable[[sa.Connection, Sequence[Message]], None]


def nothing(_connection: sa.Connection, _messages: Sequence[Message]) -> None:
    return None


class FollowerWorld:
    """A follower that writes each message into a table, after whatever the test does to its transaction."""

    def __init__(self, database: Database, log: EmbeddedLog) -> None:
        self.database = database
        self.log = log
        self.pulse = Pulse()
        self.before: Before = nothing
        self.batches: list[int] = []
        self._follower = Follower(
            log=log, database=database, clock=FrozenClock(), topic="interactions", group="g",
            apply=self._apply, stored=lambda: None,
        )  # fmt: skip

    def _apply(self, connection: sa.Connection, messages: Sequence[Message]) -> Summary:
        self.batches.append(len(messages))
        self.before(connection, messages)
        connection.execute(sa.insert(applied), [{"id": message.value.decode()} for message in messages])
        return {}

    @property
    def tries(self) -> int:
        return len(self.batches)

    async def post(self, *values: str) -> None:
        await self.log.append([Record("interactions", value, value.encode()) for value in values])

    async def applied_ids(self) -> list[str]:
        return await values(self.database, sa.select(applied.c.id).order_by("id"))

    async def dead_letters(self) -> list[DeadLetter]:
        query = sa.select(outbox.c.value).where(outbox.c.topic == DEAD_LETTERS).order_by(outbox.c.id)
        events = map(decode, await values(self.database, query))
        return [event for event in events if isinstance(event, DeadLetter)]

    async def complaint(self) -> str | None:
        return self.pulse.complaint()

    @asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._follower.run(self.pulse))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def wait_until_mended(self, mend: Callable[[], Awaitable[None]], *expected: str) -> str:
        """Follow, expect a complaint and nothing applied or parked, mend, and wait until all is applied."""
        async with self.following():
            complaint = await eventually(self.complaint, lambda text: text is not None)
            assert await self.dead_letters() == []
            await mend()
            await eventually(self.applied_ids, lambda ids: ids == sorted(expected))
            await eventually(self.complaint, lambda text: text is None)
        assert await self.dead_letters() == []
        return complaint
