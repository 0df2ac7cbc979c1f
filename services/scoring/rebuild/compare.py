"""The comparison: the snapshot of the live tables against the rebuild, row by row in the order of keys."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from services.scoring.core.counting.counts import summary
from services.scoring.store.rebuild.compared_rows import (
    COUNTS,
    SUBJECTS,
    ComparedRow,
    Scope,
    Subject,
    rows_of,
)
from shared.database.engine import Database
from shared.process.progress_bar import Progress

MAX_SHOWN: Final = 10


class Difference(NamedTuple):
    """A row that is not equal in both; a side without it is None. It contains only the values that differ."""

    table: str
    key: tuple[Any, ...]
    live: Mapping[str, str] | None
    rebuilt: Mapping[str, str] | None


@dataclass
class Compared:
    """How many rows a table has on either side and how many differ."""

    table: str
    live: int = 0
    rebuilt: int = 0
    differ: int = 0
    due: int = 0
    """scores that are due to be priced again, and so are not compared"""
    differences: list[Difference] = field(default_factory=list[Difference])
    """the first rows that differ"""


async def compare(copy: Database, rebuilt: Database, scope: Scope, progress: Progress) -> list[Compared]:
    """Compare all tables."""
    compared: list[Compared] = []
    for subject in SUBJECTS:
        progress.step(f"comparing {subject.name}")
        compared.append(await _compare(copy, rebuilt, subject, scope))
    return compared


async def _compare(copy: Database, rebuilt: Database, subject: Subject, scope: Scope) -> Compared:
    found = Compared(subject.name)
    live_rows, rebuilt_rows = (rows_of(database, subject, scope) for database in (copy, rebuilt))
    async with aclosing(live_rows) as ours, aclosing(rebuilt_rows) as new:
        async for live_row, rebuilt_row in _aligned(ours, new):
            if live_row is not None and live_row.due_on is not None and live_row.due_on <= scope.today:
                found.due += 1
                continue
            found.live += live_row is not None
            found.rebuilt += rebuilt_row is not None
            if live_row is None or rebuilt_row is None or live_row.values != rebuilt_row.values:
                found.differ += 1
                if len(found.differences) < MAX_SHOWN:
                    found.differences.append(_difference(subject, live_row, rebuilt_row))
    return found


async def _aligned(
    live: AsyncIterator[ComparedRow], rebuilt: AsyncIterator[ComparedRow]
) -> AsyncGenerator[tuple[ComparedRow | None, ComparedRow | None]]:
    """Yield rows of the same key together, and rows that only one side has with None."""
    live_row, rebuilt_row = await anext(live, None), await anext(rebuilt, None)
    while live_row is not None or rebuilt_row is not None:
        if rebuilt_row is None or (live_row is not None and live_row.key < rebuilt_row.key):
            yield live_row, None
            live_row = await anext(live, None)
        elif live_row is None or rebuilt_row.key < live_row.key:
            yield None, rebuilt_row
            rebuilt_row = await anext(rebuilt, None)
        else:
            yield live_row, rebuilt_row
            live_row, rebuilt_row = await anext(live, None), await anext(rebuilt, None)


def _difference(
    subject: Subject, live_row: ComparedRow | None, rebuilt_row: ComparedRow | None
) -> Difference:
    ours, theirs = live_row.values if live_row else {}, rebuilt_row.values if rebuilt_row else {}
    differing = [name for name in {**ours, **theirs} if ours.get(name) != theirs.get(name)]
    row = live_row or rebuilt_row
    key = tuple(
        "(not shown)" if name in subject.hidden else part
        for name, part in zip(subject.key, row.key if row else (), strict=True)
    )
    return Difference(
        subject.name,
        key,
        None if live_row is None else {name: _readable(subject, name, ours.get(name)) for name in differing},
        None
        if rebuilt_row is None
        else {name: _readable(subject, name, theirs.get(name)) for name in differing},
    )


def _readable(subject: Subject, name: str, value: Any) -> str:
    """Return a value in readable form, unless it may be personal."""
    if value is None:
        return "none"
    if subject is COUNTS:
        times, days = summary(value)
        return f"{times} on {days} days"
    return str(value) if name in subject.shown else "(not shown)"
