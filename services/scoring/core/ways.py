"""Ways: how far a person is from the flip number, and what would make up for it. Pure."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from math import ceil
from typing import Any, Final

from services.scoring.core.counting import Tally, add
from services.scoring.core.example import examples
from services.scoring.core.pricing import Known, Score, points, price, total_of
from services.scoring.core.satisfying import assignments
from services.scoring.model.matrix import Matrix
from services.scoring.model.rules import DIGITS, Rule, TraitRule
from services.scoring.model.trait_conditions import Traits, TraitTest, compile_traits, in_our_names
from shared.conditions import Condition

MAX_FURTHER: Final = 100
"""Who would need more further matches than this is not told of the rule."""

_MAX_ASSIGNMENTS: Final = 50


@dataclass(frozen=True)
class Way:
    """One rule that alone would make a person flip: by `times` more matches, or by what traits are."""

    rule: str
    label: str
    times: int
    text: str


@dataclass(frozen=True)
class Missing:
    """How many points a score lacks to the flip number, and each way to it, the shortest first.

    The points are the least multiple of 0.001 that would do. A score that reaches the flip number lacks 0
    points, and there are no ways.
    """

    points: float
    ways: tuple[Way, ...]


def missing(known: Known, matrix: Matrix, day: int) -> Missing:
    """Return what a score at the end of a day lacks to the flip number, and what would make up for it."""
    score = price(known, matrix, day)
    if score.points >= matrix.flip_number:
        return Missing(0.0, ())
    ways = [*_further_matches(known, matrix, day), *_other_traits(known, matrix, day, score)]
    ways.sort(key=lambda way: way.times)
    return Missing(_lacking(score.points, matrix.flip_number), tuple(ways))


def _lacking(score: float, flip_number: float) -> float:
    """Return how many points would do, in steps of a score; a float's rounding error makes no step."""
    steps = ceil(round((flip_number - score) * 10**DIGITS, DIGITS))
    return max(1, steps) / 10**DIGITS


def _further_matches(known: Known, matrix: Matrix, day: int) -> Iterator[Way]:
    tally = Tally([matrix])
    # What only machines can do is no way for a person.
    of_people = (rule for rule in matrix.rules if rule.points > 0 and rule.machine != "only")
    for rule in of_people:
        times = _times_needed(rule, known, matrix, tally, day)
        if times is not None:
            yield Way(rule.id, rule.title, times, f"{times} more of: {rule.title}")


def _times_needed(rule: Rule, known: Known, matrix: Matrix, tally: Tally, day: int) -> int | None:
    """Return the least number of further matches that makes the score reach the flip number, if any does.

    Each is an interaction like any other, so all rules count it, also those that take points for it.
    """
    counted = [[*tally.matches(one)] for one in islice(examples(rule, known.counts, day), MAX_FURTHER)]
    if not counted:
        return None

    def reaches(times: int) -> bool:
        counts = dict(known.counts)
        for (key, by), more in Counter(chain.from_iterable(counted[:times])).items():
            add(counts, key, day, by, more)
        return points(Known(counts, known.traits), matrix, day) >= matrix.flip_number

    numbers = range(1, MAX_FURTHER + 1)
    # More matches give more, unless some rule takes points for one of them.
    keys = {key for matches in counted for key, _ in matches}
    if any(other.points < 0 and other.count_key in keys for other in matrix.rules):
        return next((times for times in numbers if reaches(times)), None)
    if not reaches(MAX_FURTHER):
        return None
    return numbers[bisect_left(numbers, True, key=reaches)]


def _other_traits(known: Known, matrix: Matrix, day: int, score: Score) -> Iterator[Way]:
    """Yield trait rules that give points and would have to hold, then those that take some and should not.

    What is told to that end may end what other trait rules gave, or took, for the traits as they were.
    """
    traits = known.traits.at(day)
    names = {rule.id for rule in matrix.traits}
    # The cuts of groups follow from the other lines.
    names.update(f"group:{name}" for name in matrix.groups)
    done = [(line.rule, line.points) for line in score.reasons if line.rule not in names]
    giving = [(rule.id, rule.points) for rule in matrix.traits if rule.points > 0]
    if total_of([*done, *giving], matrix) < matrix.flip_number:
        return
    told: list[set[str]] = []
    for met, text in ((True, "if: {}"), (False, "if not: {}")):
        for rule in matrix.traits:
            if rule.points == 0 or (rule.points > 0) != met or rule.holds(traits) == met:
                continue
            for changed in _changed(rule, traits, known.traits.derived, met=met):
                holding = [(other.id, other.points) for other in matrix.traits if other.holds(changed)]
                if total_of([*done, *holding], matrix) >= matrix.flip_number:
                    ids = {rule_id for rule_id, _ in holding}
                    # `if: company exists` and `if not: company missing` are one way.
                    if met or ids not in told:
                        told.append(ids)
                        yield Way(rule.id, rule.title, 1, text.format(rule.title))
                    break


def _changed(rule: TraitRule, traits: Traits, lasting: Traits, *, met: bool) -> Iterator[Traits]:
    """Yield changes of traits by which a rule holds, or with `met=False` does not.

    `lasting` are those that stand in for what is not told, so they cannot be missing.
    """

    def compiled(condition: Condition) -> TraitTest:
        holds = compile_traits(condition)
        return lambda assignment: holds({**lasting, **assignment})

    asked = in_our_names(rule.when)
    for assignment in islice(assignments(asked, traits, compiled, met=met), _MAX_ASSIGNMENTS):
        changed = {**lasting, **assignment}
        # Whoever has another title has it instead of the old one, though a text might have both.
        if not any(_is_within(traits.get(name), value) for name, value in changed.items()):
            yield changed


def _is_within(before: Any, after: Any) -> bool:
    return isinstance(before, str) and isinstance(after, str) and before != after and before in after
