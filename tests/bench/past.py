"""A ledger for row 8, which no fold has written: the database makes it."""

import json
from datetime import UTC, datetime, timedelta

import asyncpg

from tests.bench.workload import interactions
from tests.support.postgres import plain

KINDS = 2_000
"""distinct pairs of type and properties"""
DAYS = 30

_KINDS = "create table kind (number integer primary key, type text, campaign text, properties text)"
_PEOPLE = """
create table person as select (row_number() over (order by id) - 1)::integer as number, id from identities
"""
# In the order of time, each row of another person: a person's rows are as scattered as in life. The strides
# have no factor in common with what they wrap around.
_LEDGER = f"""
insert into ledger (event_id, identity_id, type, occurred_at, source, campaign, properties, machine)
select 'past-' || lpad(n::text, 9, '0'), p.id, k.type, $1::timestamptz + n * $2::interval, 'web', k.campaign,
       k.properties, null
from generate_series(0, $3::integer - 1) as n
join person p on p.number = (n::bigint * 104729) % (select count(*) from person)
join kind k on k.number = (n::bigint * 7919) % {KINDS}
order by n
"""  # noqa: S608 - made of constants alone
_INDEX = "select indexdef from pg_indexes where indexname = 'ix_ledger_identity_id'"


async def write_ledger(url: str, rows: int) -> None:
    """Fill the ledger with `rows` interactions of all types, by the people that the database knows."""
    began = datetime.now(UTC) - timedelta(days=DAYS)
    connection = await asyncpg.connect(plain(url))
    try:
        index = await connection.fetchval(_INDEX)
        # To make an index at the end takes less time than to update it with each row.
        await connection.execute("drop index ix_ledger_identity_id")
        await connection.execute(_KINDS)
        await connection.copy_records_to_table("kind", records=_kinds())
        await connection.execute(_PEOPLE)
        await connection.execute("create index on person (number)")
        await connection.execute("analyze person, kind")
        await connection.execute(_LEDGER, began, timedelta(days=DAYS - 1) / rows, rows)
        await connection.execute(index)
        await connection.execute("drop table person, kind")
        await connection.execute("vacuum analyze ledger")
        await connection.execute("checkpoint")
    finally:
        await connection.close()


def _kinds() -> list[tuple[int, str, str | None, str]]:
    made = interactions(KINDS, prefix="kinds", days_ago=(0,))
    return [
        (
            number,
            interaction.type,
            interaction.campaign,
            json.dumps(interaction.properties, separators=(",", ":")),
        )
        for number, interaction in enumerate(made)
    ]
