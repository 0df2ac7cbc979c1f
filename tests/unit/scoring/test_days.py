import pytest

from services.scoring.core.days import MAX_SHARED, StoredDays, decode_counts, encode_counts


def stored(values: int) -> str:
    """Counts of one day with so many distinct values of `by`."""
    return encode_counts({"visits": {1: {f'"/page-{n:06}"': 1 for n in range(values)}}})


@pytest.mark.parametrize("values", [1, 5, 40])
def test_small_equal_days_are_one_object(values: int) -> None:
    text = stored(values)
    assert len(text) < max(MAX_SHARED)
    assert decode_counts(text)["visits"] is decode_counts(text)["visits"]


def test_large_days_are_kept_by_nobody() -> None:
    text = stored(60)
    assert len(text) > max(MAX_SHARED)
    first, again = decode_counts(text)["visits"], decode_counts(text)["visits"]
    assert first is not again
    assert first == again
    assert isinstance(again, StoredDays)


def test_all_that_is_shared_was_stored_in_a_few_megabytes() -> None:
    assert sum(most_bytes * most for most_bytes, most in MAX_SHARED.items()) <= 8_000_000


def test_what_is_read_and_not_changed_is_written_as_it_was() -> None:
    for values in (1, 5, 60):
        assert encode_counts(decode_counts(stored(values))) == stored(values)
