"""Row 3: Kafka -> fold -> PostgreSQL with 30 rules and 20,000 people, beside writing the same rows alone."""

import asyncio
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any

import asyncpg

from shared.events import INTERACTIONS, Interaction, encode
from shared.log.port import Record
from tests.bench.arena import Arena, Wrong
from tests.bench.databases import copy, drop, execute, plain, value
from tests.bench.meter import cpu_seconds
from tests.bench.servers import OPS_KEY, flipline, started
from tests.bench.table import Row, paired
from tests.bench.topics import make_topics, produce
from tests.bench.workload import HISTORY_DAYS, interactions, matrix

HISTORY = 60_000
MEASURED = 100_000
NEWCOMERS = 0.01
FLIP_NUMBER = 120
PAIRS = 3
LOOK_SECONDS = 0.02
LIMIT_SECONDS = 120.0

_SET_UP = "base"
_MOVED = "select coalesce(sum(next_offset), 0)::bigint from positions where consumer = 'scoring'"


@dataclass(frozen=True)
class Pace:
    """How fast a worker moved the positions, from the first movement to the last."""

    events: int
    seconds: float
    cpu_seconds: float

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.events / self.seconds


def measure(arena: Arena, bootstrap: str, url: str) -> Row:
    """Measure it; raises Wrong when a worker loses an event or counts one twice."""
    arena.tell("row 3: Kafka -> fold -> PostgreSQL, and writing the same rows alone")
    base = _found_people(arena, bootstrap, url)
    _produce(arena, bootstrap, interactions(MEASURED, prefix="now", days_ago=(0,), newcomers=NEWCOMERS))
    pairs: list[tuple[float, float]] = []
    paces: list[dict[str, Any]] = []
    workers = {"ours": _ours, "floor": _floor}
    for pair in range(PAIRS):
        rates: dict[str, float] = {}
        for name, worker in workers.items():
            database = f"{name}_{pair}"
            own = asyncio.run(copy(url, database, _SET_UP))
            with worker(arena, bootstrap, own) as pid:
                pace = _watch(own, HISTORY + MEASURED, lambda: cpu_seconds(pid))
            _check(own, HISTORY + MEASURED)
            flips = asyncio.run(value(own, "select count(*) from standings"))
            asyncio.run(drop(url, database))
            rates[name] = pace.rate
            paces.append(
                {
                    "target": name,
                    "events": pace.events,
                    "seconds": pace.seconds,
                    "cpu_us_per_event": pace.cpu_seconds / pace.events * 1e6,
                    "flips": flips,
                }
            )
        pairs.append((rates["ours"], rates["floor"]))
        arena.tell(f"  pair {pair + 1}: {rates['ours']:,.0f} of {rates['floor']:,.0f} events/s")
    return paired(
        3,
        "Kafka -> fold -> PostgreSQL, 30 rules, 20k profiles",
        "events/s",
        ">= 0.6, >= 25k/s a worker",
        pairs,
        at_least=0.6,
        also=25_000,
        cpu=(_cpu(paces, "ours"), _cpu(paces, "floor")),
        rounds=paces,
        founding_events_per_second=base.rate,
        history=HISTORY,
        measured=MEASURED,
    )


def _cpu(paces: Sequence[dict[str, Any]], target: str) -> float:
    return median(one["cpu_us_per_event"] for one in paces if one["target"] == target)


def _found_people(arena: Arena, bootstrap: str, url: str) -> Pace:
    """Make the database that every round is a copy of: the matrix active, the people known and counted."""
    asyncio.run(make_topics(bootstrap))
    base = asyncio.run(copy(url, _SET_UP, "template1"))
    with flipline(
        arena, "scoring", name="row3-found", log=f"kafka://{bootstrap}", database_url=base
    ) as server:
        server.call("PUT", "/v1/models/bench/draft", OPS_KEY, matrix(flip_number=FLIP_NUMBER))
        server.call("POST", "/v1/models/bench/activate", OPS_KEY, {"handoff": "all"})
    _produce(arena, bootstrap, interactions(HISTORY, prefix="past", days_ago=range(1, HISTORY_DAYS)))
    arena.tell(f"  folding {HISTORY:,} events of the past ...")
    with _ours(arena, bootstrap, base) as pid:
        pace = _watch(base, HISTORY, lambda: cpu_seconds(pid))
    arena.tell(f"  founded at {pace.rate:,.0f} events/s")
    asyncio.run(execute(base, "vacuum analyze"))
    return pace


def _produce(arena: Arena, bootstrap: str, events: Iterator[Interaction]) -> None:
    records = (Record(INTERACTIONS, one.identities[0].id, encode(one)) for one in events)
    asyncio.run(produce(bootstrap, records, lambda count: arena.tell(f"  {count:,} events on the topic")))


@contextmanager
def _ours(arena: Arena, bootstrap: str, url: str) -> Generator[int]:
    with flipline(
        arena, "scoring", name="row3-scoring", log=f"kafka://{bootstrap}", database_url=url
    ) as server:
        yield server.process.pid


@contextmanager
def _floor(arena: Arena, bootstrap: str, url: str) -> Generator[int]:
    with started(arena, "floors.fold", url, bootstrap, INTERACTIONS, cores=arena.cores.server) as pid:
        yield pid


def _watch(url: str, until: int, cpu: Callable[[], float]) -> Pace:
    return asyncio.run(_watched(url, until, cpu))


async def _watched(url: str, until: int, cpu: Callable[[], float]) -> Pace:
    """Look at the positions until they have reached the end."""
    connection = await asyncpg.connect(plain(url))
    moved, at = 0, 0.0
    try:
        before = await connection.fetchval(_MOVED)
        first: tuple[int, float, float] | None = None
        async with asyncio.timeout(LIMIT_SECONDS):
            while True:
                moved, at = await connection.fetchval(_MOVED), time.perf_counter()
                if first is None and moved > before:
                    first = moved, at, cpu()
                if moved >= until and first is not None:
                    break
                await asyncio.sleep(LOOK_SECONDS)
    except TimeoutError as error:
        raise Wrong(f"after {LIMIT_SECONDS:.0f} s the positions are at {moved:,} of {until:,}") from error
    finally:
        await connection.close()
    return Pace(moved - first[0], at - first[1], cpu() - first[2])


def _check(url: str, events: int) -> None:
    kept = asyncio.run(value(url, "select count(*) from ledger"))
    if kept != events:
        # What a worker cannot handle it parks and passes, so the positions alone prove nothing.
        raise Wrong(f"{events:,} events were on the topic and {kept:,} are in the ledger")
