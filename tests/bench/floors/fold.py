"""The floor of row 3: consume, parse and bulk-write the same rows, without rules, prices or look-ups.

`python -m tests.bench.floors.fold URL BOOTSTRAP TOPIC` goes on where the positions of the database stand.
"""

import asyncio
import sys
from collections.abc import Sequence
from datetime import datetime

import asyncpg
import msgspec
import sqlalchemy as sa
from aiokafka import AIOKafkaConsumer, TopicPartition
from uvicorn.loops.auto import auto_loop_factory

from shared.events import Interaction, decode
from shared.identity import Identity

# What our own bulk statements come down to: one array a column.
_POSITION = """
update positions set next_offset = $1
where consumer = 'scoring' and topic = 'interactions' and partition = $2
"""
_LEDGER = """
insert into ledger (event_id, identity_id, type, occurred_at, source, campaign, properties, machine)
select * from unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::text[],
                     $7::text[], $8::text[])
on conflict do nothing returning event_id
"""
_PROFILES = """
insert into profiles (id, created_at) select unnest($1::text[]), $2 on conflict do nothing
"""
_IDENTITIES = """
insert into identities (id, kind, value, profile_id)
select * from unnest($1::text[], $2::text[], $3::text[], $4::text[]) on conflict do nothing
"""
_COUNTS = """
insert into counts (identity_id, counts, revision)
select * from unnest($1::text[], $2::text[], $3::bigint[])
on conflict (identity_id) do update set counts = excluded.counts, revision = excluded.revision
"""
_json = msgspec.json.Encoder().encode
# For someone new, as long as the counts of a first visit.
_FIRST_COUNTS = '{"%s":{"739500":{"":1}},"%s":{"739500":{"":1}},"%s":{"739500":{"":1}}}' % (("0" * 32,) * 3)


class Writer:
    """Writes the rows of a batch in one transaction; the counts are those that stand there already."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection
        self._counts: dict[str, tuple[str, int]] = {}
        self._known: set[str] = set()

    async def load(self) -> None:
        """Learn who is known, so that only newcomers are written as such."""
        for identity_id, text, revision in await self._connection.fetch("select * from counts"):
            self._counts[identity_id] = text, revision
        self._known = {row[0] for row in await self._connection.fetch("select id from identities")}

    async def write(self, events: Sequence[Interaction], positions: dict[int, int], now: datetime) -> None:
        """Write a batch."""
        identities = {identity: identity.id for event in events for identity in event.identities}
        async with self._connection.transaction():
            await self._connection.executemany(
                _POSITION, [(end, number) for number, end in positions.items()]
            )
            await self._connection.fetch(
                _LEDGER,
                [event.id for event in events],
                [identities[event.identities[0]] for event in events],
                [event.type for event in events],
                [event.occurred_at for event in events],
                [event.source for event in events],
                [event.campaign for event in events],
                [_json(event.properties).decode() for event in events],
                [event.machine for event in events],
            )
            await self._found(
                {known_as: one for one, known_as in identities.items() if known_as not in self._known}, now
            )
            await self._count(sorted({identities[event.identities[0]] for event in events}))

    async def _found(self, fresh: dict[str, Identity], now: datetime) -> None:
        if fresh:
            ids = sorted(fresh)
            await self._connection.execute(_PROFILES, ids, now)
            kinds, values = [fresh[i].kind for i in ids], [fresh[i].value for i in ids]
            await self._connection.execute(_IDENTITIES, ids, kinds, values, ids)
            self._known.update(ids)

    async def _count(self, identity_ids: list[str]) -> None:
        for identity_id in identity_ids:
            text, revision = self._counts.get(identity_id, (_FIRST_COUNTS, 0))
            self._counts[identity_id] = text, revision + 1
        rows = [self._counts[identity_id] for identity_id in identity_ids]
        await self._connection.execute(
            _COUNTS, identity_ids, [text for text, _ in rows], [revision for _, revision in rows]
        )


async def follow(url: str, bootstrap: str, topic: str) -> None:
    """Write whatever comes, until ended."""
    connection = await asyncpg.connect(
        sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    )
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, enable_auto_commit=False, isolation_level="read_committed"
    )
    await consumer.start()
    try:
        writer = Writer(connection)
        await writer.load()
        rows = await connection.fetch(
            "select partition, next_offset from positions where consumer = 'scoring'"
        )
        consumer.assign([TopicPartition(topic, number) for number, _ in rows])
        for number, offset in rows:
            consumer.seek(TopicPartition(topic, number), offset)
        while True:
            fetched = await consumer.getmany(timeout_ms=200)
            records = [record for part in fetched.values() for record in part]
            if records:
                events = [decode(record.value or b"") for record in records]
                ends = {partition.partition: part[-1].offset + 1 for partition, part in fetched.items()}
                interactions = [event for event in events if isinstance(event, Interaction)]
                await writer.write(interactions, ends, interactions[0].received_at)
    finally:
        await consumer.stop()
        await connection.close()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        runner.run(follow(*sys.argv[1:4]))
