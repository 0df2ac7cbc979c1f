"""A transaction's size follows the speed of the one before."""

import pytest

from shared.following.pacing import FIRST, MOST_BYTES, Pace, fitting


def test_a_slow_transaction_shrinks_the_size_to_fit_at_once() -> None:
    pace = Pace(seconds=0.25)
    pace.took(500, 5.0)
    assert pace.size == 25


def test_the_size_never_shrinks_below_one() -> None:
    pace = Pace(seconds=0.25)
    pace.took(1, 100.0)
    assert pace.size == 1


def test_the_size_doubles_until_it_fits() -> None:
    pace = Pace(seconds=1.0)
    sizes = []
    for _ in range(4):
        sizes.append(pace.size)
        pace.took(pace.size, pace.size / 3_000)
    assert sizes == [FIRST, 2 * FIRST, 4 * FIRST, 3_000]


def test_a_transaction_that_was_not_full_does_not_change_the_size() -> None:
    pace = Pace(seconds=1.0)
    pace.took(3, 0.001)
    assert pace.size == FIRST


def test_the_size_never_exceeds_the_maximum() -> None:
    pace = Pace(seconds=1.0, most=600)
    for _ in range(3):
        pace.took(pace.size, 0.0001)
    assert pace.size == 600


@pytest.mark.parametrize(("failures", "size"), [(1, 250), (2, 125), (20, 1)])
def test_each_failure_halves_the_size(failures: int, size: int) -> None:
    pace = Pace(seconds=1.0)
    for _ in range(failures):
        pace.failed()
    assert pace.size == size


def test_the_number_of_messages_is_limited_by_the_size() -> None:
    assert fitting([100] * 10, 4) == 4
    assert fitting([100] * 3, 4) == 3


def test_the_number_of_messages_is_limited_by_their_bytes() -> None:
    assert fitting([MOST_BYTES // 4] * 10, 1_000) == 4
    assert fitting([MOST_BYTES // 2, MOST_BYTES // 2, 1], 1_000) == 2


def test_a_too_large_message_is_processed_alone() -> None:
    assert fitting([MOST_BYTES + 1, 1], 1_000) == 1
    assert fitting([1, MOST_BYTES + 1], 1_000) == 1
