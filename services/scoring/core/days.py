"""On which day how often: the value under a count key, and how counts are stored.

Most people did the same few things on the same few days, and of those who come back most counts have not
changed. So what was stored is read as values that are never changed: equal ones are one object, decoded
once, which also remembers what rules gave for it.
"""

from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

import msgspec

from services.scoring.model.rules import Price

Days: TypeAlias = dict[int, dict[str, int]]
"""day (ordinal of the UTC date) -> value of `by` as JSON ("" without one) -> how often"""

Counts: TypeAlias = dict[str, Days]
"""count key -> days"""


class Worth(NamedTuple):
    """Points of a rule after its cap, for how many matches, of which the limit let so many be paid."""

    points: float
    matches: int
    paid: int


# Some 1 kB each at most; beyond these the least used go.
MAX_REMEMBERED: Final = 30_000
MAX_WORTHS: Final = 64

_encode = msgspec.json.Encoder().encode
_decode_days = msgspec.json.Decoder(Days).decode
_split = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class StoredDays(Days):
    """Days as they were stored, to be read and never changed."""

    __slots__ = ("stored", "worths")

    def __init__(self, stored: bytes) -> None:
        super().__init__(_decode_days(stored))
        self.stored = msgspec.Raw(stored)
        self.worths: dict[tuple[Price, int], Worth] = {}
        """what rules gave for these days: (price, day on which it was asked) -> worth"""


_shared = lru_cache(MAX_REMEMBERED)(StoredDays)


def encode_counts(counts: Counts) -> str:
    """Return the counts as JSON."""
    return _encode(
        {key: days.stored if isinstance(days, StoredDays) else days for key, days in counts.items()}
    ).decode()


def decode_counts(text: str) -> Counts:
    """Read counts from their JSON; the days in them are shared with others and must not be changed."""
    return {key: _shared(bytes(days)) for key, days in _split(text).items()}


def with_more(days: Days, day: int, by: str, times: int) -> Days:
    """Return days with some more (or fewer) on one of them; what becomes zero leaves no trace."""
    changed = dict(days)
    values = dict(days.get(day, {}))
    values[by] = values.get(by, 0) + times
    if not values[by]:
        del values[by]
    changed[day] = values
    if not values:
        del changed[day]
    return changed


def sum_of(one: Days, other: Days) -> Days:
    """Return the sum of days."""
    shared = {day: _sum_of_values(one[day], other[day]) for day in one.keys() & other.keys()}
    return {day: values for day, values in (dict(one) | other | shared).items() if values}


def _sum_of_values(one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
    both = one | {by: one.get(by, 0) + times for by, times in other.items()}
    return {by: times for by, times in both.items() if times}
