"""Ways: how far a profile is from the flip number, and each rule that alone would close the gap. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from typing import Final, Literal

from services.scoring.core.explaining.further import Ahead
from services.scoring.core.explaining.other_traits import other_traits
from services.scoring.core.pricing.price import Score, ScoreInput, price
from services.scoring.matrix.matrix import Matrix
from services.scoring.matrix.rules import DIGITS

Kind = Literal["do", "become", "no_longer_be"]
DO: Final = "do"
BECOME: Final = "become"
NO_LONGER_BE: Final = "no_longer_be"


@dataclass(frozen=True)
class Way:
    """One rule that alone would make a profile flip: by `times` more matches, or by other traits.

    `kind` says how: by `times` more matches, by a trait rule that becomes true, or one that becomes untrue.
    """

    rule: str
    label: str
    times: int
    kind: Kind = DO

    @property
    def text(self) -> str:
        """The way in words."""
        if self.kind == DO:
            return f"{self.times} more of: {self.label}"
        return f"this becomes {'true' if self.kind == BECOME else 'untrue'}: {self.label}"


@dataclass(frozen=True)
class Missing:
    """How many points a score lacks to the flip number, and each way to get there, the shortest first.

    The points are the least multiple of 0.001 that would do. A score that reaches the flip number lacks 0
    points and has no ways; an excluded profile has no ways either, whatever its score.
    """

    points: float
    ways: tuple[Way, ...]


def missing(known: ScoreInput, matrix: Matrix, day: int) -> Missing:
    """Return what a score at the end of a day lacks to the flip number, and what would close the gap."""
    score = price(known, matrix, day)
    if score.points >= matrix.flip_number:
        return Missing(0.0, ())
    lacking = _lacking(score.points, matrix.flip_number)
    if matrix.excluded_by(known.traits.at(day), known.traits.email_domains(day)) is not None:
        return Missing(lacking, ())
    ways = [*_further_matches(known, matrix, day, score), *_other_traits(known, matrix, day, score)]
    index_of = {rule.id: index for index, rule in enumerate([*matrix.rules, *matrix.traits])}
    return Missing(lacking, tuple(sorted(ways, key=lambda way: (way.times, index_of[way.rule]))))


def _lacking(score: float, flip_number: float) -> float:
    """Return how many points would do, in steps of a score; a float's rounding error adds no step."""
    steps = ceil(round((flip_number - score) * 10**DIGITS, DIGITS))
    return max(1, steps) / 10**DIGITS


def _further_matches(known: ScoreInput, matrix: Matrix, day: int, score: Score) -> Iterator[Way]:
    ahead = Ahead(known, matrix, day, score)
    done = {line.rule for line in score.reasons}
    # A rule that only machines can match is no way for a person.
    of_people = [rule for rule in matrix.rules if rule.points > 0 and rule.machine != "only"]
    # Rules that the profile has met before come first, while the budget lasts.
    for rule in sorted(of_people, key=lambda rule: rule.id not in done):
        times = ahead.times_needed(rule)
        if times is not None:
            yield Way(rule.id, rule.title, times)


def _other_traits(known: ScoreInput, matrix: Matrix, day: int, score: Score) -> Iterator[Way]:
    for rule, is_met, _ in other_traits(known, matrix, day, score):
        yield Way(rule.id, rule.title, 1, BECOME if is_met else NO_LONGER_BE)
