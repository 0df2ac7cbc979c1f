"""The base of rows 3 and 5: a database in which the people are known and counted, and their next events."""

import asyncio
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from shared.events import INTERACTIONS, Interaction, encode
from shared.log.port import Record
from tests.bench.arena import Arena, Wrong
from tests.bench.databases import copy, drop, execute, value
from tests.bench.servers import OPS_KEY, Server, flipline
from tests.bench.topics import make_topics, produce
from tests.bench.watching import Pace, watch_postgres
from tests.bench.workload import HISTORY_DAYS, interactions, matrix

HISTORY = 60_000
MEASURED = 100_000
NEWCOMERS = 0.01
FLIP_NUMBER = 120
LIMIT_SECONDS = 120.0
FOUND_LIMIT_SECONDS = 180.0

_BASE = "base"


@dataclass(frozen=True)
class Ground:
    """Where the rounds of rows 3 and 5 begin."""

    bootstrap: str
    url: str
    """the cluster; each round has a copy of the base database on it"""
    history: int
    """events that the base has taken in"""
    measured: int
    """events that a round takes in"""
    founding: Pace


def found(arena: Arena, bootstrap: str, url: str) -> Ground:
    """Make the database that every round copies: the matrix is active, the people are known and counted."""
    history, measured = arena.sized(HISTORY), arena.sized(MEASURED)
    asyncio.run(make_topics(bootstrap))
    base = asyncio.run(copy(url, _BASE, "template1"))
    with flipline(arena, "scoring", name="found", log=f"kafka://{bootstrap}", database_url=base) as server:
        activate_matrix(server, FLIP_NUMBER)
    arena.print_step(f"  putting {history:,} events of the past on the topic ...")
    past = interactions(history, prefix="past", days_ago=range(1, HISTORY_DAYS))
    asyncio.run(produce(bootstrap, records(past), arena.print_count))
    arena.print_step(f"  folding {history:,} events of the past ...")
    with flipline(arena, "scoring", name="history", log=f"kafka://{bootstrap}", database_url=base) as server:
        pace = watch_postgres(base, history, [server.process.pid], limit=FOUND_LIMIT_SECONDS)
    arena.print_step(f"  founded at {pace.rate:,.0f} events/s")
    asyncio.run(execute(base, "vacuum analyze"))
    return Ground(bootstrap, url, history, measured, pace)


def activate_matrix(server: Server, flip_number: float) -> None:
    """Activate the matrix of 30 rules."""
    server.call("PUT", "/v1/models/bench/draft", OPS_KEY, matrix(flip_number=flip_number))
    server.call("POST", "/v1/models/bench/activate", OPS_KEY, {"handoff": "all"})


def present(count: int) -> Iterator[Interaction]:
    """Yield the events that are measured: today's, of the people of the past and of some new ones."""
    return interactions(count, prefix="now", days_ago=(0,), newcomers=NEWCOMERS)


def records(events: Iterator[Interaction], *, prefix: str = "") -> Iterator[Record]:
    """Yield the events as ingest puts them on the log."""
    return (Record(prefix + INTERACTIONS, event.identities[0].id, encode(event)) for event in events)


@contextmanager
def round_on(ground: Ground, name: str) -> Generator[str]:
    """Give a copy of the base for one round, and check afterwards that no event was lost or came twice."""
    url = asyncio.run(copy(ground.url, name, _BASE))
    try:
        yield url
        kept = asyncio.run(value(url, "select count(*) from ledger"))
        if kept != ground.history + ground.measured:
            # A worker parks and passes messages that it cannot handle, so the positions alone prove nothing.
            events = ground.history + ground.measured
            raise Wrong(f"{events:,} events were on the topic and {kept:,} are in the ledger")
    finally:
        asyncio.run(drop(ground.url, name))
