"""Counterfactual: without what a person would not have flipped, and what would still make them flip. Pure."""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import fsum
from typing import Final, NamedTuple

from services.scoring.core.counting import ACTIVITY, add
from services.scoring.core.days import Counts
from services.scoring.core.pricing import Known, Score, points, price
from services.scoring.core.worth import capped
from services.scoring.model.matrix import Matrix
from services.scoring.model.rules import DIGITS, Rule
from shared.events import Reason

MAX_FURTHER: Final = 100
"""Who would need more further matches than this is not told of the rule."""


@dataclass(frozen=True)
class Way:
    """One rule that alone would make a person flip: by `times` more matches, or by a trait."""

    rule: str
    label: str
    times: int
    text: str


@dataclass(frozen=True)
class Missing:
    """How many points a score lacks to the flip number, to 0.001, and each way to it, the shortest first.

    A score that reaches the flip number lacks 0 points, and there are no ways.
    """

    points: float
    ways: tuple[Way, ...]


def without(known: Known, matrix: Matrix, day: int) -> list[Reason]:
    """Return the fewest lines without which the score at the end of a day would miss the flip number.

    Lines are the reasons that gave points: rules, trait rules and adjustments. Of several such sets it is
    the one that takes away most. Empty when the score misses the flip number anyway.
    """
    score = price(known, matrix, day)
    if score.points < matrix.flip_number:
        return []
    lines = _lines(score)
    # Without any line that gave points the score is 0 at most, and a flip number is above 0: one is found.
    return next(
        [lines[index] for index in sorted(removed)]
        for removed in _heaviest(_pools(lines, matrix))
        if _total(_left(lines, removed), matrix) < matrix.flip_number
    )


def missing(known: Known, matrix: Matrix, day: int) -> Missing:
    """Return what a score at the end of a day lacks to the flip number, and what would make up for it."""
    score = price(known, matrix, day)
    if score.points >= matrix.flip_number:
        return Missing(0.0, ())
    ways = [*_further_matches(known, matrix, day), *_other_traits(known, matrix, day, _lines(score))]
    ways.sort(key=lambda way: way.times)
    return Missing(round(matrix.flip_number - score.points, DIGITS), tuple(ways))


def _lines(score: Score) -> list[Reason]:
    """Return the reasons but the cuts of groups, which follow from the others."""
    return [reason for reason in score.reasons if not reason.rule.startswith("group:")]


class _Removal(NamedTuple):
    """Lines taken away, by their index, and what the score loses by it."""

    loss: Fraction
    lines: tuple[int, ...]


def _pools(lines: Sequence[Reason], matrix: Matrix) -> Iterator[list[_Removal]]:
    """Yield for each group, and for all lines in none, the best removal of 0, 1, 2 ... of its lines.

    The cap never falls when the sum rises, so whatever it does, taking the largest lines takes away most.
    """
    members: dict[str | None, list[int]] = {}
    for index, line in enumerate(lines):
        members.setdefault(matrix.group_of.get(line.rule), []).append(index)
    for name, indices in members.items():
        cap = None if name is None else Fraction(matrix.groups[name].cap)
        left = total = sum((Fraction(lines[index].points) for index in indices), Fraction())
        gave = [index for index in indices if lines[index].points > 0]
        gave.sort(key=lambda index: -lines[index].points)
        best = [_Removal(Fraction(), ())]
        for taken, index in enumerate(gave, start=1):
            left -= Fraction(lines[index].points)
            best.append(_Removal(_within(total, cap) - _within(left, cap), tuple(gave[:taken])))
        yield best


def _within(total: Fraction, cap: Fraction | None) -> Fraction:
    return total if cap is None else max(-cap, min(cap, total))


def _heaviest(pools: Iterable[list[_Removal]]) -> list[tuple[int, ...]]:
    """Return for 0, 1, 2 ... lines those whose removal takes away most.

    What a group loses does not depend on the others, so the best k lines of several groups are the best j
    of the last and the best k - j of those before it, for some j. All j are tried: behind a cap the first
    lines may take away nothing and the next ones much, so the heaviest next line (greed) would miss it.
    Fractions, because sums of floats would depend on the order and so decide between equals by chance.
    """
    best = [_Removal(Fraction(), ())]
    for pool in pools:
        merged: list[_Removal] = []
        for count in range(len(best) + len(pool) - 1):
            pairs = [
                (best[count - taken], pool[taken])
                for taken in range(max(0, count - len(best) + 1), min(count, len(pool) - 1) + 1)
            ]
            before, last = max(pairs, key=lambda pair: pair[0].loss + pair[1].loss)
            merged.append(_Removal(before.loss + last.loss, before.lines + last.lines))
        best = merged
    return [removal.lines for removal in best]


def _left(lines: Sequence[Reason], removed: Collection[int]) -> Iterator[tuple[str, float]]:
    return ((line.rule, line.points) for index, line in enumerate(lines) if index not in removed)


def _total(lines: Iterable[tuple[str, float]], matrix: Matrix) -> float:
    """Return the score that rules with these points make, in their groups' caps and rounded as in `price`."""
    parts: list[float] = []
    grouped: dict[str, list[float]] = {}
    for rule_id, given in lines:
        parts.append(given)
        group = matrix.group_of.get(rule_id)
        if group is not None:
            grouped.setdefault(group, []).append(given)
    for name, of_group in grouped.items():
        total = fsum(of_group)
        parts.append(capped(total, matrix.groups[name].cap) - total)
    return round(fsum(parts), DIGITS)


def _further_matches(known: Known, matrix: Matrix, day: int) -> Iterator[Way]:
    for rule in matrix.rules:
        times = _times_needed(rule, known, matrix, day) if rule.points > 0 else None
        if times is not None:
            yield Way(rule.id, rule.title, times, f"{times} more of: {rule.title}")


def _times_needed(rule: Rule, known: Known, matrix: Matrix, day: int) -> int | None:
    """Return the least number of further matches that makes the score reach the flip number, if any does."""

    def reaches(times: int) -> bool:
        with_them = _with_matches(known.counts, rule, day, times)
        return points(Known(with_them, known.traits), matrix, day) >= matrix.flip_number

    numbers = range(1, MAX_FURTHER + 1)
    # More matches give more, unless another rule takes points for the same ones.
    if any(other.points < 0 for other in matrix.rules if other.count_key == rule.count_key):
        return next((times for times in numbers if reaches(times)), None)
    if not reaches(MAX_FURTHER):
        return None
    return numbers[bisect_left(numbers, True, key=reaches)]


def _with_matches(counts: Counts, rule: Rule, day: int, times: int) -> Counts:
    """Return a copy of the counts with further matches of a rule, each with a value of `by` of its own."""
    days = {then: dict(values) for then, values in counts.get(rule.count_key, {}).items()}
    changed = counts | {rule.count_key: days}
    by_value = rule.limit is not None and rule.limit.by is not None
    for number in range(times):
        # Values are kept as JSON, which never begins with a plus, so this one has not been seen.
        add(changed, rule.count_key, day, f"+{number}" if by_value else "", 1)
    if rule.machine != "only":
        # Who does something is not inactive on that day, whenever the last time was.
        changed[ACTIVITY] = {day: {"": times}}
    return changed


def _other_traits(known: Known, matrix: Matrix, day: int, lines: Sequence[Reason]) -> Iterator[Way]:
    traits = known.traits.at(day)
    others = (rule for rule in matrix.traits if not rule.holds(traits))
    for rule in others:
        if _total([*_left(lines, ()), (rule.id, rule.points)], matrix) >= matrix.flip_number:
            yield Way(rule.id, rule.title, 1, f"if: {rule.title}")
