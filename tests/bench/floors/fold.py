"""The floor of row 3: consume, parse and bulk-write the same rows, without rules, prices or look-ups.

`python -m tests.bench.floors.fold URL BOOTSTRAP TOPIC SCORES EVENTS` goes on where the positions of the
database stand; the last two are the shares of `tests.bench.floors.written`.
"""

import asyncio
import sys
from collections.abc import Sequence

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from uvicorn.loops.auto import auto_loop_factory

from shared.events import Interaction, decode
from tests.bench.floors.written import TABLES, Rows, Shares, Table, Writing
from tests.support.postgres import plain

_POSITION = """
update positions set next_offset = $1
where consumer = 'scoring' and topic = 'interactions' and partition = $2
"""
# Our relay deletes the events from the outbox once they are on the log.
_RELAYED = "delete from outbox"
# From this many rows on COPY takes less processor time than arrays, driver and server together.
_COPIED_FROM_ROWS = 500


async def read_writing(connection: asyncpg.Connection, shares: Shares) -> Writing:
    """Read the rows of all tables, so that a batch needs no look-up."""
    counts = await connection.fetch("select identity_id, entries, revision from counts")
    scores = await connection.fetch(
        "select profile_id, score, stage, grade, state, company, excluded, due_on, revision from scores"
    )
    identities = await connection.fetch("select id, profile_id from identities")
    links = await connection.fetch("select one_id, other_id from links")
    return Writing(
        shares,
        {identity_id: (packed, revision) for identity_id, packed, revision in counts},
        {profile_id: tuple(rest) for profile_id, *rest in scores},
        dict(map(tuple, identities)),
        set(map(tuple, links)),
    )


async def write(
    connection: asyncpg.Connection,
    writing: Writing,
    events: Sequence[Interaction],
    positions: dict[int, int],
) -> None:
    """Write a batch in one transaction."""
    rows = writing.rows(events)
    async with connection.transaction():
        await connection.executemany(_POSITION, [(end, number) for number, end in positions.items()])
        for table, new in rows:
            if new:
                await _insert(connection, table, new)
        await connection.execute(_RELAYED)


async def make_copies(connection: asyncpg.Connection) -> None:
    """Make the temporary tables of the session that COPY writes to."""
    for table in TABLES:
        await connection.execute(
            f"create temporary table new_{table.name} on commit delete rows"
            f" as table {table.name} with no data"
        )


async def _insert(connection: asyncpg.Connection, table: Table, rows: Rows) -> None:
    names = ", ".join(table.columns)
    if len(rows) >= _COPIED_FROM_ROWS:
        copy = f"new_{table.name}"
        await connection.copy_records_to_table(copy, columns=list(table.columns), records=rows)
        source, values = f"select {names} from {copy}", []  # noqa: S608
    else:
        arrays = ", ".join(f"${number}::{type_}[]" for number, type_ in enumerate(table.columns.values(), 1))
        source, values = f"select * from unnest({arrays})", [*map(list, zip(*rows, strict=True))]  # noqa: S608
    await connection.fetch(f"insert into {table.name} ({names}) {source} {table.conflict}", *values)


async def follow(url: str, bootstrap: str, topic: str, shares: Shares) -> None:
    """Write all events that come, until ended."""
    connection = await asyncpg.connect(plain(url))
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, enable_auto_commit=False, isolation_level="read_committed"
    )
    await consumer.start()
    try:
        await make_copies(connection)
        writing = await read_writing(connection, shares)
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
                await write(connection, writing, interactions, ends)
    finally:
        await consumer.stop()
        await connection.close()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        database_url, bootstrap_servers, topic_name, *shares = sys.argv[1:6]
        runner.run(follow(database_url, bootstrap_servers, topic_name, Shares(*map(float, shares))))
