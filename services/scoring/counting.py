"""Counting: how often a profile matched a condition, per day.

Counts form an abelian group: an interaction adds, a retraction subtracts, a merge sums, and empty counts
are neutral. So they depend on the set of interactions alone, not on order, batches or redelivery.
"""

from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple, TypeAlias

import msgspec

from services.scoring.matrix import Matrix
from shared.conditions import possible_types
from shared.events import IDENTIFY, Interaction
from shared.matching import MISSING, Predicate, Reader, compile_condition, reader

Days: TypeAlias = dict[int, dict[str, int]]
"""day (ordinal of the UTC date) -> value of `by` as JSON ("" without one) -> how often"""

Counts: TypeAlias = dict[str, Days]
"""count key -> days"""


class Held(NamedTuple):
    """The counts of an identity as a transaction read them, with the revision of their row."""

    counts: Counts
    revision: int


_NO_VALUE = ""
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Counts).decode
# Equal values must give equal text, whatever the order of an object's keys.
_encode_value = msgspec.json.Encoder(order="deterministic").encode


def day_of(instant: datetime) -> int:
    """Return the UTC day in which an instant lies, as a proleptic ordinal (0001-01-01 is 1)."""
    return instant.astimezone(UTC).toordinal()


class Tally:
    """The conditions to count, filed by the type of interaction that can meet them."""

    def __init__(self, matrices: Iterable[Matrix], leave_out: Collection[str] = ()) -> None:
        rules = {
            rule.count_key: rule
            for matrix in matrices
            for rule in matrix.rules
            if rule.count_key not in leave_out
        }
        self.keys = frozenset(rules)
        self._by_type: dict[str, list[tuple[str, Predicate, Reader | None]]] = {}
        self._any_type: list[tuple[str, Predicate, Reader | None]] = []
        for key, rule in rules.items():
            by = rule.limit.by if rule.limit else None
            entry = (key, compile_condition(rule.when), reader(by) if by else None)
            types = possible_types(rule.when)
            if types is None:
                self._any_type.append(entry)
                for filed in self._by_type.values():
                    filed.append(entry)
            else:
                for type_ in types:
                    self._by_type.setdefault(type_, list(self._any_type)).append(entry)

    def matches(self, interaction: Interaction) -> Iterator[tuple[str, str]]:
        """Yield (count key, value of `by`) for each condition that the interaction meets."""
        for key, holds, by in self._by_type.get(interaction.type, self._any_type):
            if holds(interaction):
                yield key, _NO_VALUE if by is None else _text(by(interaction))


def _text(value: object) -> str:
    return _NO_VALUE if value is MISSING else _encode_value(value).decode()[:200]


def counts_for_score(interaction: Interaction) -> bool:
    """Tell whether an interaction is counted: something was done, and by a human."""
    return interaction.machine is None and interaction.type != IDENTIFY


def count(counts: Counts, interaction: Interaction, tally: Tally) -> None:
    """Fold one interaction into the counts, in place; the order of interactions does not matter."""
    if counts_for_score(interaction):
        day = day_of(interaction.occurred_at)
        for key, by in tally.matches(interaction):
            add(counts, key, day, by, 1)


def add(counts: Counts, key: str, day: int, by: str, times: int) -> None:
    """Add to one count, in place; what becomes zero leaves no trace."""
    days = counts.setdefault(key, {})
    values = days.setdefault(day, {})
    total = values.get(by, 0) + times
    if total:
        values[by] = total
        return
    values.pop(by, None)
    if not values:
        del days[day]
    if not days:
        del counts[key]


def total(parts: Iterable[Counts]) -> Counts:
    """Return the sum of counts, such as those of a profile's identities; read it, do not change it."""
    several = list(parts)
    if len(several) == 1:
        return several[0]
    summed: Counts = {}
    for part in several:
        for key, days in part.items():
            for day, values in days.items():
                for by, times in values.items():
                    add(summed, key, day, by, times)
    return summed


def encode_counts(counts: Counts) -> str:
    """Return the counts as JSON."""
    return _encode(counts).decode()


def decode_counts(text: str) -> Counts:
    """Read counts from their JSON."""
    return _decode(text)
