"""Large rows of counts are cached for the next reading: the last used rows, by their content."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest
import sqlalchemy as sa

from services.scoring.core.counting.counts import NONE, Changes, Counts, StoredCounts
from services.scoring.core.revised import Revised
from services.scoring.store import counts as store
from services.scoring.store import large_rows
from services.scoring.store.large_rows import LargeRow, LargeRows, marked
from services.scoring.store.tables import counts, older_counts

ANA, BEN = "a" * 32, "b" * 32
KIB = 1024


def many(number: int, *, day: int = 739_000) -> Counts:
    """Counts of `number` values."""
    changes = Changes()
    for value in range(number):
        changes.add(0, "visits", str(value), day, 1)
    (found,) = changes.to([NONE])
    return found


def of_size(kib: int, mark: str = "m") -> LargeRow:
    return LargeRow(mark, bytes(kib * KIB))


def test_a_large_row_replaces_the_earlier_row_of_the_identity() -> None:
    rows = LargeRows()
    rows.keep(ANA, of_size(64, "one"))
    rows.keep(BEN, of_size(64, "two"))
    rows.keep(ANA, of_size(64, "three"))
    assert rows.by_mark() == {"two": of_size(64, "two"), "three": of_size(64, "three")}


def test_a_small_row_is_not_cached_and_evicts_the_large_row() -> None:
    rows = LargeRows()
    rows.keep(ANA, of_size(64, "large"))
    rows.keep(ANA, LargeRow("small", bytes(64 * KIB - 1)))
    assert rows.by_mark() == {}


def test_the_least_recently_used_row_is_evicted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large_rows, "_MOST_ROWS", 2)
    rows = LargeRows()
    for who, mark in ((ANA, "one"), (BEN, "two"), (ANA, "one"), ("c" * 32, "three")):
        rows.keep(who, of_size(64, mark))
    assert list(rows.by_mark()) == ["one", "three"]


def test_rows_are_evicted_beyond_a_total_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large_rows, "_MOST_BYTES", 200 * KIB)
    rows = LargeRows()
    for who, size in ((ANA, 100), (BEN, 100), ("c" * 32, 64), ("d" * 32, 201)):
        rows.keep(who, of_size(size, who[0]))
    assert list(rows.by_mark()) == ["b", "c"]
    rows.keep(BEN, of_size(64, "b"))
    rows.keep("d" * 32, of_size(72, "d"))
    assert list(rows.by_mark()) == ["c", "b", "d"], "what is let go of no longer counts"


@contextmanager
def tables() -> Iterator[sa.Connection]:
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        counts.create(connection)
        older_counts.create(connection)
        yield connection
    engine.dispose()


def new(counts: Counts) -> Revised[StoredCounts]:
    return Revised(StoredCounts(counts), 0)


@contextmanager
def large_rows_read(connection: sa.Connection) -> Iterator[list[int]]:
    """Collect how many large rows each reading got from the table."""
    found: list[int] = []
    reading = store.Reading.counts_in

    def counting(self: store.Reading, identity_id: str, *row: Any) -> Revised[StoredCounts] | None:
        found.append(int(row[-1] is not None))
        return reading(self, identity_id, *row)

    with patch.object(store.Reading, "counts_in", counting):
        yield found


def test_a_large_row_is_read_again_only_after_another_process_changed_it() -> None:
    with tables() as connection, patch.object(store, "_large_rows", LargeRows()):
        store.write(connection, {ANA: new(many(4_000))})
        with patch.object(store, "_large_rows", LargeRows()), large_rows_read(connection) as read:
            first = store.read(connection, [ANA])
            assert store.read(connection, [ANA]) == first
            assert read == [1, 0]
            with patch.object(store, "_large_rows", LargeRows()):
                (before,) = store.read(connection, [ANA]).values()
                more = before.value._replace(recent=many(4_000, day=739_001))
                store.write(connection, {ANA: before._replace(value=more)})
            read.clear()
            (after,) = store.read(connection, [ANA]).values()
            assert read == [1]
            assert len(after.value.counts.entries) == 8_000


def test_a_written_large_row_need_not_be_read() -> None:
    with tables() as connection, patch.object(store, "_large_rows", LargeRows()):
        store.write(connection, {ANA: new(many(4_000))})
        with large_rows_read(connection) as read:
            assert store.read(connection, [ANA])[ANA].value.counts == many(4_000)
        assert read == [0]


def test_counts_of_an_identity_in_two_databases_are_not_mixed_up() -> None:
    with tables() as live, tables() as rebuilt, patch.object(store, "_large_rows", LargeRows()):
        store.write(live, {ANA: new(many(4_000)), BEN: new(many(3_000))})
        store.write(rebuilt, {ANA: new(many(3_000))})
        for _ in range(2):
            assert store.read(live, [ANA])[ANA].value.counts == many(4_000)
            assert store.read(rebuilt, [ANA])[ANA].value.counts == many(3_000)
        assert store.read(live, [BEN])[BEN].value.counts == many(3_000)


def test_the_mark_differs_for_different_entries() -> None:
    assert marked(b"one") == marked(b"one") != marked(b"two")
