"""Counts on their table: a read returns what was written, and unchanged counts are written as they were."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from hypothesis import given

from services.scoring.core.counting.counts import NONE, Counts, StoredCounts
from services.scoring.core.revised import Revised
from services.scoring.store.counts import read, write, write_changed
from services.scoring.store.tables import counts as table
from services.scoring.store.tables import older_counts
from shared.errors import Unavailable
from tests.unit.scoring.columns import counts_of
from tests.unit.scoring.core.counting.test_counts import ENTRIES, Entry, counts_from

ANA, BEN = "a" * 32, "b" * 32


@pytest.fixture(scope="module")
def connection() -> Iterator[sa.Connection]:
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        table.create(connection)
        older_counts.create(connection)
        yield connection
    engine.dispose()


@pytest.fixture(autouse=True)
def emptied(connection: sa.Connection) -> None:
    connection.execute(sa.delete(table))


def stored(counts: Counts, revision: int) -> Revised[StoredCounts]:
    return Revised(StoredCounts(counts), revision)


def rows(connection: sa.Connection) -> list[tuple[object, ...]]:
    return [tuple(row) for row in connection.execute(sa.select(table).order_by(table.c.identity_id))]


@given(ENTRIES, ENTRIES)
def test_counts_survive_being_stored(
    connection: sa.Connection, of_ana: list[Entry], of_ben: list[Entry]
) -> None:
    """Every reader of stored counts can count on from them, and then writes the same bytes."""
    connection.execute(sa.delete(table))
    kept = {ANA: counts_from(of_ana), BEN: counts_from(of_ben)}
    write(connection, {who: stored(counts, 0) for who, counts in kept.items()})
    first, before = rows(connection), read(connection, [ANA, BEN])
    assert before == {who: stored(counts, 1) for who, counts in kept.items()}
    write(connection, before)
    assert [row[:-1] for row in rows(connection)] == [row[:-1] for row in first]
    assert [row[-1] for row in rows(connection)] == [2, 2]


def test_empty_counts_have_a_row_and_unknown_identities_have_none(connection: sa.Connection) -> None:
    write(connection, {ANA: stored(NONE, 0)})
    assert rows(connection) == [(ANA, b"", None, 1)]
    assert read(connection, [ANA, BEN]) == {ANA: stored(NONE, 1)}


def test_only_changed_counts_are_written(connection: sa.Connection) -> None:
    """An identity without counts before and after has not changed either."""
    kept = counts_of({739_000: {"": 2}})
    write(connection, {ANA: stored(kept, 0), BEN: stored(kept, 0)})
    before, more = read(connection, [ANA, BEN]), counts_of({739_000: {"": 3}})
    write_changed(connection, before, {ANA: kept, BEN: more, "c" * 32: NONE})
    assert read(connection, [ANA, BEN, "c" * 32]) == {
        ANA: stored(kept, 1),
        BEN: stored(more, 2),
    }


def test_counts_that_another_writer_changed_are_not_overwritten(connection: sa.Connection) -> None:
    write(connection, {ANA: stored(NONE, 0)})
    before = read(connection, [ANA])
    write(connection, before)
    with pytest.raises(Unavailable):
        write(connection, before)
