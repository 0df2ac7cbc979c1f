"""Counts: equal counts are equal bytes, whatever the order and the batches of their events."""

from itertools import pairwise
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from services.scoring.core.counting.counts import (
    ACTIVITY,
    ADJUSTMENTS,
    NONE,
    Changes,
    Counts,
    number_of,
    only,
    summary,
    total,
    totals,
    without,
)
from tests.unit.scoring.columns import counts_of

# Also the first and the last possible day.
DAYS = st.integers(739_000, 739_003) | st.sampled_from([1, 3_652_059])
BY_HAND = st.sampled_from(['{"model":"m"}', '{"model":"ü"}'])


class Entry(NamedTuple):
    """Counts for a value under a key; points by hand are a value of a key of their own."""

    key: str
    by: str
    day: int
    times: int


counted = st.builds(
    Entry, st.sampled_from(["a", "b"]), st.sampled_from(["", '"x"', '"ü"']), DAYS, st.integers(1, 3)
)
given_by_hand = st.builds(Entry, st.just(ADJUSTMENTS), BY_HAND, DAYS, st.integers(1, 3))
ENTRIES = st.lists(counted | given_by_hand, max_size=12)


def add(changes: Changes, owner: int, entry: Entry, sign: int = 1) -> None:
    if entry.key == ADJUSTMENTS:
        changes.add_by_hand(owner, entry.by, entry.day, sign * entry.times)
    else:
        changes.add(owner, entry.key, entry.by, entry.day, sign * entry.times)


def counts_from(entries: list[Entry], sign: int = 1) -> Counts:
    changes = Changes()
    for entry in entries:
        add(changes, 0, entry, sign)
    (counts,) = changes.to([NONE])
    return counts


def in_bytes(counts: Counts) -> tuple[bytes, list[tuple[tuple[int, str], int]]]:
    """All stored entries, in their order."""
    return counts.packed, list(counts.by_hand.items())


@given(ENTRIES, ENTRIES, ENTRIES)
def test_counts_are_an_abelian_group(a: list[Entry], b: list[Entry], c: list[Entry]) -> None:
    of_a, of_b, of_c = counts_from(a), counts_from(b), counts_from(c)
    assert in_bytes(total([of_a, of_b])) == in_bytes(total([of_b, of_a])) == in_bytes(counts_from(a + b))
    assert in_bytes(total([total([of_a, of_b]), of_c])) == in_bytes(total([of_a, total([of_b, of_c])]))
    assert total([of_a, NONE]) == total([of_a]) == of_a
    assert total([of_a, counts_from(a, sign=-1)]) == total([]) == NONE


@given(st.data(), st.lists(st.tuples(st.integers(0, 2), counted | given_by_hand), max_size=20))
def test_equal_counts_are_equal_bytes_for_any_order_and_batches(
    data: st.DataObject, additions: list[tuple[int, Entry]]
) -> None:
    """Some counts are added a second time and subtracted once, in any order."""
    back = data.draw(
        st.lists(st.sampled_from(additions), max_size=5, unique_by=id) if additions else st.just([])
    )
    done = [(owner, entry, 1) for owner, entry in [*additions, *back]] + [
        (owner, entry, -1) for owner, entry in back
    ]
    order = data.draw(st.permutations(done))
    cuts = data.draw(st.sets(st.integers(0, len(order)), max_size=4))
    counts = [NONE] * 3
    for start, end in pairwise([0, *sorted(cuts), len(order)]):
        changes = Changes()
        for owner, entry, sign in order[start:end]:
            add(changes, owner, entry, sign)
        counts = changes.to(counts)
    expected = [
        counts_from([entry for owner, entry in additions if owner == counted_owner])
        for counted_owner in range(3)
    ]
    assert list(map(in_bytes, counts)) == list(map(in_bytes, expected))


@given(st.lists(st.lists(ENTRIES, max_size=3), max_size=4))
def test_totals_equal_the_counts_of_each_profile(several: list[list[list[Entry]]]) -> None:
    parts = [[counts_from(entries) for entries in each] for each in several]
    each = [counts_from([entry for entries in of for entry in entries]) for of in several]
    assert list(map(in_bytes, totals(parts))) == list(map(in_bytes, each))


@given(ENTRIES)
def test_only_and_without_split_counts_by_key(entries: list[Entry]) -> None:
    counts = counts_from(entries)
    under = counts_from([entry for entry in entries if entry.key != "b"])
    assert only(counts, ["a", "c"]) == without(counts, ["b"]) == under
    assert (
        only(counts, [])
        == without(counts, ["a", "b"])
        == counts_from([entry for entry in entries if entry.key == ADJUSTMENTS])
    )
    assert only(counts, ["a", "b"]) == without(counts, []) == counts
    assert summary(counts) == (sum(entry.times for entry in entries), len({entry.day for entry in entries}))


def test_stored_numbers_of_keys_and_values_never_change() -> None:
    """The tables have them, so a change would lose all counts."""
    assert number_of("") == 0
    assert number_of(ACTIVITY) == 3_301_777_015_346_508_088
    assert number_of('"Guía"') == 14_720_377_271_362_918_071
    entry = "383147afb344d22d 0000000000000000 b8460b00 02000000"
    assert counts_of({739_000: {"": 2}}, ACTIVITY).packed == bytes.fromhex(entry)
