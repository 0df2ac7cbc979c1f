"""A population for rows 7 and 8 that no fold has written: its rows go straight into the tables.

Each person has one of many histories, which our own core counts and prices. So the counts are those that a
fold would make, and every score after a change is known beforehand. There are more histories than any
cache of ours holds, or a population would be cheaper here than in life.
"""

from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import asyncpg

from services.scoring.core.counting.tally import Tally, counted, day_of
from services.scoring.core.pricing.appraisal import appraise_all
from services.scoring.core.pricing.price import ScoreInput, columns_of
from services.scoring.core.profiles.traits import NOTHING_KNOWN
from services.scoring.matrix.matrix import Matrix
from services.scoring.matrix.reading import stored_matrix
from shared.identity import Identity
from tests.bench.workload import dice, interactions
from tests.support.postgres import plain

MOST_HISTORIES = 100_000
MOST_EVENTS = 10
HISTORY_DAYS = 90
AT_ONCE = 10_000

# The histories stay in a table of the run, so that repriced scores can be compared with them.
_HISTORIES = """
create table history (
    number integer primary key, entries bytea not null, score double precision not null, stage text,
    state text not null, due_on integer, after double precision not null
)
"""
# Ids are random hexadecimal digits, so any of them can draw the history.
_OF_HISTORY = "('x' || substr(i.id, 1, 7))::bit(28)::integer % (select count(*) from history) = h.number"
_COUNTS = f"""
insert into counts (identity_id, entries, revision)
select i.id, h.entries, 1 from identities i join history h on {_OF_HISTORY}
"""  # noqa: S608 - made of constants alone
_SCORES = f"""
insert into scores (profile_id, model, version, score, stage, grade, state, company, due_on, revision)
select i.id, 'bench', 1, h.score, h.stage, null, h.state,
       case i.kind when 'email' then split_part(i.value, '@', 2) end, h.due_on, 1
from identities i join history h on {_OF_HISTORY}
"""  # noqa: S608 - made of constants alone
_TRAITS = """
insert into traits (identity_id, name, day, value, occurred_at, event_id)
select id, name, $1, '"' || name || ' told"', $2, 'told-' || id
from identities, unnest(array['title', 'country']) as name where substr(id, 32) in ('0', '4', '8', 'c')
"""
_WRONG = f"""
select count(*) from identities i join history h on {_OF_HISTORY}
left join scores s on s.profile_id = i.id and s.model = 'bench' and s.version = 2
where s.score is distinct from h.after and not exists (select 1 from ledger l where l.identity_id = i.id)
"""  # noqa: S608 - made of constants alone
_WORTH = f"select sum(h.after) from identities i join history h on {_OF_HISTORY}"  # noqa: S608 - made of constants alone


def identity(number: int) -> Identity:
    """Return the one identity of a person; every second person has an e-mail address."""
    if number % 2:
        return Identity("anonymous_id", f"cookie-{number}")
    return Identity("email", f"person{number}@company{number % 5_000}.example")


async def settle_in(url: str, people: int, before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Fill the tables of a database whose active version is `before`; return sizes and averages.

    `after` is what will be activated; both have the same conditions.
    """
    histories = _histories(
        min(people, MOST_HISTORIES), stored_matrix("bench", before), stored_matrix("bench", after)
    )
    now = datetime.now(UTC)
    async with _connected(url) as connection:
        await connection.execute(_HISTORIES)
        await connection.copy_records_to_table("history", records=histories)
        await connection.execute("analyze history")
        await connection.copy_records_to_table("identities", records=_identities(people))
        await connection.execute(_COUNTS)
        await connection.execute(_SCORES)
        await connection.execute(_TRAITS, day_of(now) - 3, now - timedelta(days=3))
        await connection.execute("vacuum analyze")
        sizes: Any = await connection.fetchrow(
            "select (select avg(length(entries)) from counts), (select count(*) from traits)"
        )
        bytes_, traits = sizes
    return {
        "profiles": people,
        "bytes_of_counts": round(float(bytes_)),
        "traits_a_profile": round(traits / people, 2),
    }


async def wrongly_priced(url: str) -> int:
    """Return how many profiles have a score under version 2 other than that of their history.

    Profiles with an interaction since then are left out.
    """
    async with _connected(url) as connection:
        return int(await connection.fetchval(_WRONG))


async def worth(url: str) -> float:
    """Return the sum of the scores that the histories of all profiles give under version 2."""
    async with _connected(url) as connection:
        return float(await connection.fetchval(_WORTH))


@asynccontextmanager
async def _connected(url: str) -> AsyncGenerator[asyncpg.Connection]:
    connection = await asyncpg.connect(plain(url))
    try:
        yield connection
    finally:
        await connection.close()


def _identities(people: int) -> Iterator[tuple[str, str, str, str]]:
    for number in range(people):
        known_as = identity(number)
        yield known_as.id, known_as.kind, known_as.value, known_as.id


def _histories(number_of: int, before: Matrix, after: Matrix) -> Iterator[tuple[Any, ...]]:
    draw = dice("histories")
    tally = Tally([before, after])
    today = day_of(datetime.now(UTC))
    events = interactions(number_of * MOST_EVENTS, prefix="history", days_ago=range(1, HISTORY_DAYS))
    for first in range(0, number_of, AT_ONCE):
        known = [
            ScoreInput(counted(islice(events, draw.randint(1, MOST_EVENTS)), tally), NOTHING_KNOWN)
            for _ in range(first, min(first + AT_ONCE, number_of))
        ]
        columns = columns_of(known, before, after)
        priced = zip(
            *(appraise_all(known, columns, matrix, today) for matrix in (before, after)), strict=True
        )
        for number, (profile, (was, will)) in enumerate(zip(known, priced, strict=True), first):
            yield number, profile.counts.packed, was.score, was.stage, was.state, was.due_on, will.score
