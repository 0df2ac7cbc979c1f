"""On which day how often: the value under a count key, and how counts are stored.

Most people did the same few things on the same few days, and of those who come back most counts have not
changed. So what was stored is read as values that are never changed: equal small ones are one object, decoded
once, which also remembers what rules gave for it. A large one is some person's alone, and another each time
that more is counted: if they were kept, the versions of a single one would fill the memory.
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


# By how many bytes they were stored in, how many are shared at most; then the least used go. Decoded, and
# with all the worths that they may remember, they take up to forty times as much: 230 MB at the very most.
MAX_SHARED: Final = {128: 30_000, 1_000: 3_000}
MAX_WORTHS: Final = 16

_encode = msgspec.json.Encoder().encode
_decode_days = msgspec.json.Decoder(Days).decode
_split = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class StoredDays(Days):
    """Days as they were stored, to be read and never changed."""

    __slots__ = ("latest", "stored", "worths")

    def __init__(self, stored: bytes) -> None:
        super().__init__(_decode_days(stored))
        self.stored = msgspec.Raw(stored)
        self.latest = max(self, default=0)
        """the last of the days, 0 without any"""
        self.worths: dict[tuple[Price, int], Worth] = {}
        """what rules gave for these days: (price, day on which it was asked) -> worth"""


_shared = [(most_bytes, lru_cache(most)(StoredDays)) for most_bytes, most in sorted(MAX_SHARED.items())]


def encode_counts(counts: Counts) -> str:
    """Return the counts as JSON."""
    return _encode(
        {key: days.stored if isinstance(days, StoredDays) else days for key, days in counts.items()}
    ).decode()


def decode_counts(text: str) -> Counts:
    """Read counts from their JSON; the days in them may be shared with others and must not be changed."""
    return {key: _read(bytes(days)) for key, days in _split(text).items()}


def _read(stored: bytes) -> StoredDays:
    for most_bytes, shared in _shared:
        if len(stored) <= most_bytes:
            return shared(stored)
    return StoredDays(stored)


def latest(days: Days) -> int:
    """Return the last of the days, 0 without any."""
    return days.latest if isinstance(days, StoredDays) else max(days, default=0)


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
