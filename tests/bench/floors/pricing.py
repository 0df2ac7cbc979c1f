"""The floor of rows 7 and 12: read all counts, price them by hand with numpy, and write the scores if asked.

`python -m tests.bench.floors.pricing URL` takes orders, `{"write": true}`. It knows no fading, no windows, no
groups and no traits, and prices the rules of `workload.matrix` alone.
"""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from typing import Any, Final

import asyncpg
import numpy as np
from uvicorn.loops.auto import auto_loop_factory

from services.scoring.core.counting.counts import number_of
from services.scoring.core.counting.entries import ENTRY
from services.scoring.matrix.matrix import Matrix
from services.scoring.matrix.reading import stored_matrix
from services.scoring.matrix.rules import Rule
from tests.bench.ground import FLIP_NUMBER
from tests.bench.workload import repriced
from tests.support.postgres import plain

PAGE: Final = 10_000
# Profiles of this population have too few counts for a row of older counts.
_COUNTS: Final = "select identity_id, entries from counts order by identity_id"
_TABLE: Final = "create table floor_scores (like scores including all)"
_COLUMNS: Final = (
    "profile_id", "model", "version", "score", "stage", "grade", "state", "company", "excluded", "due_on",
    "revision",
)  # fmt: skip


class Prices:
    """Rules as columns, in the order of the numbers of their counts, which are all different."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        in_order = sorted(rules, key=_number)
        self._key = np.array(list(map(_number, in_order)), np.uint64)
        self._points = np.array([rule.points for rule in in_order], float)
        self._times = np.array([rule.limit.times if rule.limit else 2**31 for rule in in_order], np.int64)
        self._is_ever = np.array([bool(rule.limit and rule.limit.per == "ever") for rule in in_order])
        self._cap = np.array([np.inf if rule.cap is None else rule.cap for rule in in_order], float)

    def scores(self, owner: Any, rows: Any, owners: int) -> Any:
        """Return the points of each owner, given its entries."""
        rule = np.minimum(np.searchsorted(self._key, rows["key"]), len(self._key) - 1)
        ours = self._key[rule] == rows["key"]
        if not ours.all():
            owner, rule, rows = owner[ours], rule[ours], rows[ours]
        is_new = np.ones(len(rows), bool)
        is_new[1:] = (owner[1:] != owner[:-1]) | (rule[1:] != rule[:-1])
        # All days of a value share a limit `ever`; a limit a day applies to each day by itself.
        is_own = is_new.copy()
        is_own[1:] |= (rows["by"][1:] != rows["by"][:-1]) | ~self._is_ever[rule[1:]]
        own = np.flatnonzero(is_own)
        paid = np.minimum(np.add.reduceat(rows["times"], own), self._times[rule[own]])
        lines = np.flatnonzero(is_new[own])
        line = own[lines]
        points = np.add.reduceat(paid * self._points[rule[own]], lines)
        capped = np.clip(points, -self._cap[rule[line]], self._cap[rule[line]])
        return np.bincount(owner[line], capped, owners)


def _number(rule: Rule) -> int:
    return number_of(rule.count_key)


def layers(matrix: Matrix) -> list[Prices]:
    """Return the rules of a matrix, in parts that have no count in common."""
    parts: list[dict[int, Rule]] = []
    for rule in matrix.rules:
        part = next((candidate for candidate in parts if _number(rule) not in candidate), None)
        if part is None:
            parts.append(part := {})
        part[_number(rule)] = rule
    return [Prices(list(part.values())) for part in parts]


def scores_of(prices: Sequence[Prices], packed: Sequence[bytes]) -> Any:
    """Return the score of each profile, given its counts."""
    owner = np.repeat(np.arange(len(packed)), [len(entries) // ENTRY.itemsize for entries in packed])
    rows = np.frombuffer(b"".join(packed), ENTRY)
    return sum(part.scores(owner, rows, len(packed)) for part in prices)


async def price(url: str, *, write: bool) -> dict[str, Any]:
    """Price all profiles; return how many there are, how long it took, and the sum of their scores."""
    prices = layers(stored_matrix("bench", repriced(FLIP_NUMBER)))
    reader, writer = [await asyncpg.connect(plain(url)) for _ in range(2)]
    try:
        if write:
            await writer.execute(_TABLE)
        started, count, total = time.perf_counter(), 0, 0.0
        async with reader.transaction(readonly=True):
            cursor = await reader.cursor(_COUNTS)
            while page := await cursor.fetch(PAGE):
                scores = scores_of(prices, [row[1] for row in page])
                count, total = count + len(page), total + float(scores.sum())
                if write:
                    rows = [
                        (row[0], "bench", 2, score, None, None, "below", None, False, None, 1)
                        for row, score in zip(page, scores.tolist(), strict=True)
                    ]
                    await writer.copy_records_to_table("floor_scores", records=rows, columns=_COLUMNS)
        return {"rows": count, "seconds": time.perf_counter() - started, "sum": total}
    finally:
        await reader.close()
        await writer.close()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        for line in sys.stdin:
            print(json.dumps(runner.run(price(sys.argv[1], **json.loads(line)))), flush=True)
