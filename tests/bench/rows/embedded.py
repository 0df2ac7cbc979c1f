"""Row 6: embedded log -> fold -> SQLite, beside writing the same rows alone; the same events as in row 3."""

import shutil
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Any

from shared.events import LEADS, Interaction
from tests.bench.arena import Arena, Wrong
from tests.bench.floors.fold_sqlite import opened
from tests.bench.floors.written import Shares
from tests.bench.ground import FLIP_NUMBER, activate_matrix, present, records
from tests.bench.servers import flipline, started
from tests.bench.table import Row, paired
from tests.bench.watching import Pace, watch_sqlite
from tests.bench.workload import HISTORY_DAYS, interactions

HISTORY = 60_000
MEASURED = 60_000
PAIRS = 2
LIMIT_SECONDS = 120.0

_APPEND = "insert into record (topic, key, value) values (?, ?, ?)"


def measure(arena: Arena) -> Row:
    """Measure it; raises Wrong when the worker loses an event or counts one twice."""
    arena.print_step("row 6: embedded log -> fold -> SQLite, and writing the same rows alone")
    history, measured = arena.sized(HISTORY), arena.sized(MEASURED)
    base = arena.subdirectory("row6-base")
    _found_people(arena, base, history)
    end = append(base, present(measured))
    pairs: list[tuple[float, float]] = []
    rounds: list[dict[str, Any]] = []
    for pair in range(PAIRS):
        ours, shares = _ours(arena, base, end, history + measured)
        floor = _floor(arena, base, end, history + measured, shares)
        pairs.append((ours.rate, floor.rate))
        for target, pace in (("ours", ours), ("floor", floor)):
            rounds.append(
                {
                    "target": target,
                    "events": pace.events,
                    "seconds": pace.seconds,
                    "cpu_us_per_event": pace.cpu_microseconds,
                    "peak_mebibytes": pace.peak_mebibytes,
                    "shares": shares._asdict(),
                }
            )
        arena.print_step(f"  pair {pair + 1}: {ours.rate:,.0f} of {floor.rate:,.0f} events/s")
    of_ours = [result for result in rounds if result["target"] == "ours"]
    of_floor = [result for result in rounds if result["target"] == "floor"]
    return paired(
        6,
        "embedded log -> fold -> SQLite, 30 rules, 20k profiles",
        "events/s",
        ">= 0.6",
        pairs,
        at_least=0.6,
        cpu=(
            median(result["cpu_us_per_event"] for result in of_ours),
            median(result["cpu_us_per_event"] for result in of_floor),
        ),
        remarks=(f"peak {max(result['peak_mebibytes'] for result in of_ours):,.0f} MiB",),
        rounds=rounds,
        history=history,
        measured=measured,
    )


def _found_people(arena: Arena, base: Path, history: int) -> None:
    """Make the files that every round copies: the matrix is active, the people are known and counted."""
    with flipline(arena, "scoring", name="row6-found", data_dir=base) as server:
        activate_matrix(server, FLIP_NUMBER)
    end = append(base, interactions(history, prefix="past", days_ago=range(1, HISTORY_DAYS)))
    arena.print_step(f"  folding {history:,} events of the past ...")
    with flipline(arena, "scoring", name="row6-history", data_dir=base) as server:
        pace = watch_sqlite(base / "state.sqlite", end, [server.process.pid], limit=LIMIT_SECONDS)
    arena.print_step(f"  founded at {pace.rate:,.0f} events/s")


def append(directory: Path, events: Iterable[Interaction]) -> int:
    """Put events on the log and return the offset after the last."""
    with closing(opened(directory / "log.sqlite")) as log:
        log.execute("begin")
        log.executemany(_APPEND, records(iter(events)))
        log.execute("commit")
        (last,) = log.execute("select max(\"offset\") from record where topic = 'interactions'").fetchone()
    return int(last) + 1


def _ours(arena: Arena, base: Path, end: int, events: int) -> tuple[Pace, Shares]:
    """Return the pace and how much was written, so that the floor can write as much."""
    directory = _copied(arena, base)
    before = _written(directory)
    with flipline(arena, "scoring", name="row6-scoring", data_dir=directory) as server:
        pace = watch_sqlite(directory / "state.sqlite", end, [server.process.pid], limit=LIMIT_SECONDS)
    counts, scores, sent = (now - then for now, then in zip(_written(directory), before, strict=True))
    _check(directory, events)
    return pace, Shares(scores / max(1, counts), sent / max(1, scores))


def _floor(arena: Arena, base: Path, end: int, events: int, shares: Shares) -> Pace:
    directory = _copied(arena, base)
    files = str(directory / "log.sqlite"), str(directory / "state.sqlite")
    with started(arena, "floors.fold_sqlite", *files, *map(str, shares), cores=arena.cores.server) as pid:
        pace = watch_sqlite(directory / "state.sqlite", end, [pid], limit=LIMIT_SECONDS)
    _check(directory, events)
    return pace


def _copied(arena: Arena, base: Path) -> Path:
    return Path(shutil.copytree(base, arena.subdirectory("row6") / "data"))


def _written(directory: Path) -> tuple[int, int, int]:
    """Return how often counts and scores were written, and events sent, since the files were made."""
    with closing(sqlite3.connect(directory / "state.sqlite")) as state:
        counts, scores, waiting = state.execute(
            "select (select coalesce(sum(revision), 0) from counts),"
            " (select coalesce(sum(revision), 0) from scores), (select count(*) from outbox)"
        ).fetchone()
    with closing(sqlite3.connect(directory / "log.sqlite")) as log:
        (sent,) = log.execute("select count(*) from record where topic = ?", (LEADS,)).fetchone()
    return counts, scores, sent + waiting


def _check(directory: Path, events: int) -> None:
    with closing(sqlite3.connect(directory / "state.sqlite")) as state:
        (kept,) = state.execute("select count(*) from ledger").fetchone()
    if kept != events:
        raise Wrong(f"{events:,} events were on the log and {kept:,} are in the ledger")
