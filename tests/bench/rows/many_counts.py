"""Row 10: an event of a profile with very many counts beside one of a profile with few, each posted alone.

Both are the processor time of one process for everything: the request, the log, the fold and its score.
"""

import asyncio
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from uvicorn.loops.auto import auto_loop_factory

from shared.events import Interaction
from shared.identity import Forms, by_strength
from tests.bench.arena import Arena, Wrong
from tests.bench.ground import activate_matrix
from tests.bench.meter import Meter
from tests.bench.open_loop import OpenLoop
from tests.bench.rows.embedded import append
from tests.bench.servers import Server, flipline
from tests.bench.table import Row
from tests.bench.watching import watch_sqlite
from tests.bench.workload import HISTORY_DAYS, post

MANY = 50_000
FEW = 50
PAIRS = 5
EVENTS = 100
RATE = 25
AIM = 1.5
# No profile reaches it.
FLIP_NUMBER = 1_000_000
LIMIT_SECONDS = 180.0

_MANY, _FEW = "reads-very-much", "reads-little"


def measure(arena: Arena) -> Row:
    """Measure it; raises Wrong when an event is lost."""
    sizes = {_FEW: FEW, _MANY: arena.sized(MANY)}
    arena.print_step(f"row 10: an event of a profile with {sizes[_MANY]:,} counts, and of one with {FEW}")
    base = arena.subdirectory("row10")
    with flipline(arena, "up", name="row10-found", data_dir=base, pinned=False) as server:
        activate_matrix(server, FLIP_NUMBER)
    end = append(base, (event for person, size in sizes.items() for event in _past(person, size)))
    arena.print_step(f"  folding {sum(sizes.values()):,} events of the past ...")
    with flipline(arena, "up", name="row10-up", data_dir=base, pinned=False) as server:
        watch_sqlite(base / "state.sqlite", end, [server.process.pid], limit=LIMIT_SECONDS)
        with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
            pairs = runner.run(_measured(arena, server, sizes))
    ratios = [many / few for many, few in pairs]
    ours, floor = (median(side) for side in zip(*pairs, strict=True))
    return Row(
        10,
        f"an event of a profile with {sizes[_MANY]:,} counts, beside {FEW}",
        "us of cpu",
        f"<= {AIM} of it",
        ours,
        floor,
        ratios,
        met=median(ratios) <= AIM,
        details={"pairs": pairs, "rate": RATE, "events": EVENTS, "counts": sizes},
    )


def _past(person: str, counts: int) -> Iterator[Interaction]:
    """Yield the interactions that make this number of counts: of each mailing, and of each day."""
    now = datetime.now(UTC)
    days = min(HISTORY_DAYS, counts // 5)
    for number in range(counts - days):
        yield Interaction(
            id=f"{person}-{number}",
            type="email_open",
            identities=by_strength([Forms().named("anonymous_id", person)]),
            occurred_at=now - timedelta(days=1 + number % days),
            received_at=now,
            properties={"mailing": f"mailing-{number}"},
        )


async def _measured(arena: Arena, server: Server, sizes: dict[str, int]) -> list[tuple[float, float]]:
    """Return pairs of microseconds for an event of the profile with many counts and of that with few."""
    kept = sum(sizes.values()) - sum(min(HISTORY_DAYS, size // 5) for size in sizes.values())
    pairs: list[tuple[float, float]] = []
    for pair in range(-1, PAIRS):
        took: dict[str, float] = {}
        for person, size in sizes.items():
            requests = [_request(person, pair, number, size) for number in range(EVENTS)]
            with Meter(server.process.pid) as meter:
                await OpenLoop(server.port, requests, rate=RATE).run()
                kept += EVENTS
                await _until_kept(server.data_dir / "state.sqlite", kept)
                meter.count(EVENTS)
            took[person] = meter.microseconds
        # The first pair is to warm up.
        if pair >= 0:
            pairs.append((took[_MANY], took[_FEW]))
            arena.print_step(f"  pair {pair + 1}: {took[_MANY]:,.0f} beside {took[_FEW]:,.0f} us")
    return pairs


def _request(person: str, pair: int, number: int, counts: int) -> bytes:
    """Return the request of an open, today, of a mailing that has a count from the past."""
    return post(
        "/v1/events",
        {
            "id": f"{person}-{pair}-{number}",
            "type": "email_open",
            "identities": {"anonymous_id": person},
            "properties": {"mailing": f"mailing-{((pair + 1) * EVENTS + number) % (counts // 2)}"},
        },
    )


async def _until_kept(state: Path, events: int) -> None:
    deadline = time.monotonic() + LIMIT_SECONDS
    while (found := _kept(state)) < events:
        if time.monotonic() > deadline:
            raise Wrong(f"{found:,} of {events:,} events are in the ledger after {LIMIT_SECONDS:.0f} s")
        await asyncio.sleep(0.05)


def _kept(state: Path) -> int:
    with closing(sqlite3.connect(f"file:{state}?mode=ro", uri=True)) as connection:
        (found,) = connection.execute("select count(*) from ledger").fetchone()
    return int(found)
