"""Columns: the entries of all profiles for each wanted key, in order, and nothing of other keys."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.scoring.core.counting.arrays import rows_in
from services.scoring.core.counting.columns import Columns
from services.scoring.core.counting.counts import Changes, Counts, number_of

KEYS = ["visits", "likes", "opens", "downloads"]
ENTRIES = st.dictionaries(
    st.tuples(st.sampled_from(KEYS), st.sampled_from(["", '"a"', '"b"']), st.integers(739_000, 739_002)),
    st.integers(1, 3),
    max_size=8,
)


def counted(entries: dict[tuple[str, str, int], int]) -> Counts:
    changes = Changes()
    for (key, by, day), times in entries.items():
        changes.add(0, key, by, day, times)
    (found,) = changes.to([Counts()])
    return found


@given(
    st.lists(ENTRIES, max_size=3),
    st.lists(st.sampled_from([*KEYS, "never counted"]), unique=True),
    st.permutations([*KEYS, "never counted"]),
)
def test_columns_have_the_rows_of_all_profiles_for_each_requested_key(
    profiles: list[dict[tuple[str, str, int], int]], requested: list[str], order: list[str]
) -> None:
    columns = Columns([counted(entries) for entries in profiles], requested)
    expected = {
        key: sorted(
            (profile, number_of(by), day, times)
            for profile, entries in enumerate(profiles)
            for (entry_key, by, day), times in entries.items()
            if entry_key == key
        )
        for key in requested
    }
    assert list(columns.keys) == [key for key in requested if expected[key]]
    for key in order:
        rows = columns.rows(key)
        found = [] if rows is None else list(zip(*(column.tolist() for column in rows), strict=True))
        assert found == expected.get(key, [])
    places, rows = columns.rows_of(order)
    fields = columns.profile[rows], columns.by[rows], columns.day[rows], columns.times[rows]
    found = list(zip(places.tolist(), *(column.tolist() for column in fields), strict=True))
    assert found == [(index, *row) for index, key in enumerate(order) for row in expected.get(key, [])]
    assert columns.last_day == max((row[2] for key_rows in expected.values() for row in key_rows), default=0)


def test_columns_leave_out_keys_that_were_not_requested() -> None:
    """Also if it is between the wanted keys, or after all of them."""
    first, second, third, *_ = sorted(KEYS, key=number_of)
    counts = counted({(key, "", 739_000): times for times, key in enumerate((first, second, third), start=1)})
    for requested in ([first], [second], [first, third], [third, first]):
        columns = Columns([counts], requested)
        assert columns.times.tolist() == [1 + (first, second, third).index(key) for key in requested]


def test_rows_that_follow_each_other_are_a_slice() -> None:
    assert rows_in(np.array([2, 5]), np.array([3, 4])) == slice(2, 9)
    for starts, rows in ([2, 6], [2, 3, 4, 6, 7]), ([2, 4], [2, 3, 4, 4, 5]), ([5, 2], [5, 6, 7, 2, 3]):
        found = rows_in(np.array(starts), np.array([3, 2]))
        assert np.arange(20)[found].tolist() == rows
