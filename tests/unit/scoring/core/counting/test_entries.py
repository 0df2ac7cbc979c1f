"""A merge of few counts into many gives the same as sorting all of them, for any owners and batches."""

from collections import Counter
from itertools import pairwise
from typing import TypeAlias
from unittest.mock import patch

import numpy as np
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from services.scoring.core.counting import counts as core
from services.scoring.core.counting.counts import NONE, NOT_STORED, Changes, Counts, total, totals
from services.scoring.core.counting.entries import Owned, entries_of, merged, summed
from services.scoring.core.revised import Revised
from services.scoring.store import counts as store
from services.scoring.store.tables import counts, older_counts

Entry: TypeAlias = tuple[int, int, int, int]
"""key, value of `by`, day, how often"""

# The largest would be negative as signed numbers.
NUMBERS = st.sampled_from([0, 1, 2, 2**63 - 1, 2**63, 2**64 - 1])
DAYS = st.integers(739_000, 739_003) | st.sampled_from([1, 3_652_059])
ENTRY_OF_ANYBODY = st.tuples(NUMBERS, NUMBERS, DAYS, st.integers(-2, 2))
ENTRIES = st.lists(ENTRY_OF_ANYBODY, max_size=40)

# More entries than are sorted: one a day, and two keys with every second value missing.
LONG = [
    *((2, 0, day, 1) for day in range(730_000, 731_100)),
    *((key, 2 * by, 739_000, 1) for key in (1, 2**63) for by in range(600)),
]
IN_LONG = st.sampled_from(LONG).map(lambda entry: (*entry[:3], -1))
NEAR_LONG = st.tuples(st.sampled_from([1, 2, 2**63]), st.integers(0, 1_300), DAYS, st.integers(-1, 2))
CHANGES = st.lists(ENTRY_OF_ANYBODY | IN_LONG | NEAR_LONG, max_size=30)


def array(entries: list[Entry]) -> np.ndarray[tuple[int], np.dtype[np.void]]:
    columns = zip(*entries, strict=True) if entries else ((),) * 4
    types = np.uint64, np.uint64, np.int32, np.int32
    return entries_of(*(np.array(column, type_) for column, type_ in zip(columns, types, strict=True)))


def packed(entries: list[Entry]) -> bytes:
    """The definition: equal entries are added up, those of zero times are left out, the rest is sorted."""
    sums: Counter[tuple[int, int, int]] = Counter()
    for *key, times in entries:
        sums[key[0], key[1], key[2]] += times
    return array([(*key, times) for key, times in sorted(sums.items()) if times]).tobytes()


@given(st.lists(ENTRIES, max_size=3))
def test_entries_are_summed_up_for_each_owner(several: list[list[Entry]]) -> None:
    owners = np.array([owner for owner, entries in enumerate(several) for _ in entries], np.intp)
    found = summed(owners, array([entry for entries in several for entry in entries]))
    for owner, entries in enumerate(several):
        assert found.entries[found.owners == owner].tobytes() == packed(entries)


@given(ENTRIES, ENTRIES)
def test_merging_two_lists_of_entries_equals_sorting_both(first: list[Entry], second: list[Entry]) -> None:
    assert merged(packed(first), packed(second)) == packed(first + second)


@given(CHANGES)
def test_merging_few_entries_into_many_equals_sorting_all(changes: list[Entry]) -> None:
    assert merged(packed(LONG), packed(changes)) == packed(LONG + changes)
    rows = Owned(np.zeros(len(LONG + changes), np.intp), array(LONG + changes))
    assert summed(*rows).entries.tobytes() == packed(LONG + changes)


@given(st.lists(st.tuples(st.booleans(), CHANGES), min_size=1, max_size=3), st.data())
def test_sums_do_not_depend_on_how_many_entries_each_owner_has(
    several: list[tuple[bool, list[Entry]]], data: st.DataObject
) -> None:
    """Some owners have many entries, others few; additions come in parts or as changes."""
    held = [LONG if is_long else [] for is_long, _ in several]
    expected = [packed(of + more) for of, (_, more) in zip(held, several, strict=True)]
    parts = [[Counts(packed(of)), Counts(packed(more))] for of, (_, more) in zip(held, several, strict=True)]
    for part in parts:
        data.draw(st.randoms(use_true_random=False)).shuffle(part)
    assert [owned.packed for owned in totals(parts)] == expected
    changes = Changes()
    with patch.object(core, "number_of", int):
        for owner, (_, more) in enumerate(several):
            for key, by, day, times in more:
                changes.add(owner, str(key), str(by), day, times)
    assert [owned.packed for owned in changes.to([Counts(packed(of)) for of in held])] == expected


@given(st.lists(st.tuples(NUMBERS, NUMBERS, DAYS, st.integers(1, 2)), max_size=25), st.data())
def test_counts_do_not_depend_on_when_the_recent_row_overflows(
    done: list[Entry], data: st.DataObject
) -> None:
    """Entries are added in any batches, some are subtracted, and a row has few or many."""
    back = data.draw(st.lists(st.sampled_from(done), unique_by=id, max_size=10) if done else st.just([]))
    additions = data.draw(st.permutations([*done, *((*entry[:3], -entry[3]) for entry in back)]))
    cuts = sorted(data.draw(st.sets(st.integers(0, len(additions)), max_size=6)))
    most = data.draw(st.integers(0, 8))
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection, patch.object(store, "MOST_RECENT", most):
        counts.create(connection)
        older_counts.create(connection)
        for start, end in pairwise([0, *cuts, len(additions)]):
            stored, revision = store.read(connection, ["a"]).get("a", NOT_STORED)
            recent = total([stored.recent, Counts(packed(list(additions[start:end])))])
            store.write(connection, {"a": Revised(stored._replace(recent=recent), revision)})
            after = store.read(connection, ["a"])["a"].value
            assert len(after.recent.entries) <= most
            assert after.counts.packed == packed(list(additions[:end]))
        # Counts that are replaced as a whole leave nothing in either row.
        before = store.read(connection, ["a"])
        store.write_changed(connection, before, {"a": NONE})
        assert store.read(connection, ["a"])["a"].value.counts == NONE
    engine.dispose()
