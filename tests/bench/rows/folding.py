"""Row 3: Kafka -> fold -> PostgreSQL with 30 rules and 20,000 people, beside writing the same rows alone."""

import asyncio
from collections.abc import Sequence
from statistics import median
from typing import Any

from shared.events import INTERACTIONS, LEADS
from tests.bench.arena import Arena
from tests.bench.databases import value
from tests.bench.floors.written import Shares
from tests.bench.ground import LIMIT_SECONDS, Ground, present, records, round_on
from tests.bench.servers import flipline, started
from tests.bench.table import Row, paired
from tests.bench.topics import end_of, produce
from tests.bench.watching import Pace, watch_postgres

PAIRS = 3


def measure(arena: Arena, ground: Ground) -> Row:
    """Measure it; raises Wrong when a worker loses an event or counts one twice."""
    arena.print_step("row 3: Kafka -> fold -> PostgreSQL, and writing the same rows alone")
    asyncio.run(produce(ground.bootstrap, records(present(ground.measured)), arena.print_count))
    pairs: list[tuple[float, float]] = []
    rounds: list[dict[str, Any]] = []
    for pair in range(PAIRS):
        ours, flips, shares = _ours(arena, ground, pair)
        floor = _floor(arena, ground, pair, shares)
        pairs.append((ours.rate, floor.rate))
        rounds += [
            _round("ours", ours) | {"flips": flips, "shares": shares._asdict()},
            _round("floor", floor),
        ]
        arena.print_step(f"  pair {pair + 1}: {ours.rate:,.0f} of {floor.rate:,.0f} events/s")
    peak = max(measured["peak_mebibytes"] for measured in rounds if measured["target"] == "ours")
    return paired(
        3,
        "Kafka -> fold -> PostgreSQL, 30 rules, 20k profiles",
        "events/s",
        ">= 0.6, >= 25k/s a worker",
        pairs,
        at_least=0.6,
        also=25_000,
        cpu=(_cpu(rounds, "ours"), _cpu(rounds, "floor")),
        remarks=(f"peak {peak:,.0f} MiB",),
        rounds=rounds,
        founding_events_per_second=ground.founding.rate,
        history=ground.history,
        measured=ground.measured,
    )


def _cpu(rounds: Sequence[dict[str, Any]], target: str) -> float:
    return median(measured["cpu_us_per_event"] for measured in rounds if measured["target"] == target)


def _round(target: str, pace: Pace) -> dict[str, Any]:
    return {
        "target": target,
        "events": pace.events,
        "seconds": pace.seconds,
        "cpu_us_per_event": pace.cpu_microseconds,
        "peak_mebibytes": pace.peak_mebibytes,
    }


def _ours(arena: Arena, ground: Ground, pair: int) -> tuple[Pace, int, Shares]:
    """Return the pace, the number of flips, and how much was written, so that the floor can write as much."""
    end = ground.history + ground.measured
    with round_on(ground, f"ours_{pair}") as url:
        before = _written(ground.bootstrap, url)
        with flipline(
            arena, "scoring", name="row3-scoring", log=f"kafka://{ground.bootstrap}", database_url=url
        ) as server:
            pace = watch_postgres(url, end, [server.process.pid], limit=LIMIT_SECONDS)
        counts, scores, events = (
            now - then for now, then in zip(_written(ground.bootstrap, url), before, strict=True)
        )
        flips = asyncio.run(value(url, "select count(*) from cycles"))
    return pace, flips, Shares(scores / max(1, counts), events / max(1, scores))


def _written(bootstrap: str, url: str) -> tuple[int, int, int]:
    """Return how often counts and scores were written, and events sent, since the database began."""
    revisions = "select coalesce(sum(revision), 0)::bigint from "
    counts, scores = (asyncio.run(value(url, revisions + table)) for table in ("counts", "scores"))
    waiting = asyncio.run(value(url, "select count(*) from outbox"))
    return counts, scores, asyncio.run(end_of(bootstrap, LEADS)) + waiting


def _floor(arena: Arena, ground: Ground, pair: int, shares: Shares) -> Pace:
    with (
        round_on(ground, f"floor_{pair}") as url,
        started(
            arena, "floors.fold", url, ground.bootstrap, INTERACTIONS, *map(str, shares),
            cores=arena.cores.server,
        ) as pid,
    ):  # fmt: skip
        return watch_postgres(url, ground.history + ground.measured, [pid], limit=LIMIT_SECONDS)
