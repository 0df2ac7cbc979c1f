"""Counting: which conditions an interaction meets, and so what it adds to the counts."""

from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime
from hashlib import blake2b
from typing import NamedTuple

import msgspec

from services.scoring.core.counting.adjustments import Adjustment
from services.scoring.core.counting.counts import ACTIVITY, ADJUSTMENTS, NO_VALUE, NONE, Changes, Counts
from services.scoring.matrix.matrix import Matrix
from services.scoring.matrix.rules import Rule
from shared.conditions import named_types, possible_types
from shared.countable import Countable
from shared.events import ADJUSTMENT, IDENTIFY
from shared.known import MISSING
from shared.matching import Predicate, Reader, compile_condition, reader
from shared.vocabulary import TOUCHES, is_activity

MAX_VALUE_LENGTH = 200
# Up to this a double holds every whole number exactly, so 1.0 can be written as the integer 1.
_MAX_EXACT = 2**53
# Equal values must give equal text, whatever the order of an object's keys.
_encode_value = msgspec.json.Encoder(order="deterministic").encode


def day_of(instant: datetime) -> int:
    """Return the UTC day in which an instant lies, as a proleptic ordinal (0001-01-01 is 1)."""
    return instant.astimezone(UTC).toordinal()


class _Entry(NamedTuple):
    key: str
    holds: Predicate
    by: Reader | None


class _Filed:
    """Conditions by the type of interaction that can meet them.

    A touch can meet only conditions that name its type: a condition without a type means what people do.
    """

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._by_type: dict[str, list[_Entry]] = {touch: [] for touch in TOUCHES}
        self._any_type: list[_Entry] = []
        for rule in rules:
            by = rule.limit.by if rule.limit else None
            entry = _Entry(rule.count_key, compile_condition(rule.when), reader(by) if by else None)
            types = possible_types(rule.when)
            if types is None:
                self._any_type.append(entry)
                named = named_types(rule.when)
                for type_, filed in self._by_type.items():
                    if type_ in named or type_ not in TOUCHES:
                        filed.append(entry)
            else:
                for type_ in types:
                    self._by_type.setdefault(type_, list(self._any_type)).append(entry)

    def of(self, type_: str) -> list[_Entry]:
        return self._by_type.get(type_, self._any_type)


def keys_of(matrix: Matrix) -> Iterator[str]:
    """Yield the count keys that a matrix reads."""
    yield from matrix.rules_of
    if matrix.inactivity is not None:
        yield ACTIVITY


class Tally:
    """What has to be counted for some matrices: all their count keys, or `only` some of them.

    Points given by hand need no matrix, so all of them are counted unless `only` leaves them out.
    """

    def __init__(self, matrices: Iterable[Matrix], only: Collection[str] | None = None) -> None:
        several = list(matrices)
        keys = {ADJUSTMENTS, *(key for matrix in several for key in keys_of(matrix))}
        self.keys = frozenset(keys if only is None else keys.intersection(only))
        self._counts_activity = ACTIVITY in self.keys
        self._counts_adjustments = ADJUSTMENTS in self.keys
        rules = {
            rule.count_key: rule for matrix in several for rule in matrix.rules if rule.count_key in self.keys
        }
        self._of_humans = _Filed(rule for rule in rules.values() if rule.machine != "only")
        self._of_machines = _Filed(rule for rule in rules.values() if rule.machine != "exclude")

    def matches(self, interaction: Countable) -> Iterator[tuple[str, str]]:
        """Yield (count key, value of `by`) for each condition that the interaction meets."""
        if interaction.type == IDENTIFY:
            return
        if interaction.type == ADJUSTMENT:
            if self._counts_adjustments:
                yield ADJUSTMENTS, _text_of_adjustment(interaction)
            return
        human = interaction.machine is None
        if self._counts_activity and is_activity(interaction):
            yield ACTIVITY, NO_VALUE
        for key, holds, by in (self._of_humans if human else self._of_machines).of(interaction.type):
            if holds(interaction):
                yield key, NO_VALUE if by is None else value_text(by(interaction))


def _text_of_adjustment(interaction: Countable) -> str:
    return _encode_value(msgspec.convert(interaction.properties, Adjustment)).decode()


def value_text(value: object) -> str:
    """Return the text under which a value of `by` is counted: equal JSON values have equal texts."""
    if value is MISSING:
        return NO_VALUE
    text = _encode_value(value if type(value) is str else _in_one_form(value)).decode()
    if len(text) <= MAX_VALUE_LENGTH:
        return text
    # Without the hash, two long addresses with the same beginning would be counted as one value.
    return text[: MAX_VALUE_LENGTH // 2] + blake2b(text.encode(), digest_size=16).hexdigest()


def _in_one_form(value: object) -> object:
    """Return a JSON value in which equal numbers are written alike: 1.0 and 1e0 as 1."""
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) <= _MAX_EXACT else value
    if isinstance(value, list):
        return [_in_one_form(part) for part in value]
    if isinstance(value, dict):
        return {key: _in_one_form(part) for key, part in value.items()}
    return value


def count(changes: Changes, owner: int, interaction: Countable, tally: Tally, times: int = 1) -> None:
    """Add an interaction to the changes of an owner's counts; `times=-1` subtracts it again."""
    day = day_of(interaction.occurred_at)
    for key, by in tally.matches(interaction):
        if key == ADJUSTMENTS:
            changes.add_by_hand(owner, by, day, times)
        else:
            changes.add(owner, key, by, day, times)


def counted(interactions: Iterable[Countable], tally: Tally) -> Counts:
    """Return the counts of some interactions of one owner."""
    changes = Changes()
    for interaction in interactions:
        count(changes, 0, interaction, tally)
    (counts,) = changes.to([NONE])
    return counts
