"""Further matches: how often a profile would have to do a thing again to reach the flip number. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Final, TypeAlias

from services.scoring.core.counting import Tally, add
from services.scoring.core.example import examples
from services.scoring.core.pricing import Known, Score, total_of
from services.scoring.core.worth import worth
from services.scoring.model.matrix import ADJUSTMENT_RULE, Matrix
from services.scoring.model.rules import Rule
from services.scoring.model.trait_conditions import Traits
from shared.events import Interaction
from shared.vocabulary import EFFECTS

MAX_FURTHER: Final = 100
"""More further matches than this are not told of."""

# For all answers together, some tenths of a second: how often a rule may be priced, and how many interactions
# may be held against all conditions. A matrix of thirty rules needs less than either.
_MAX_PRICED: Final = 50_000
_MAX_COUNTED: Final = 5_000

Matches: TypeAlias = Mapping[tuple[str, str], int]
"""(count key, value of `by`) -> how often"""


class Ahead:
    """The score of a profile on a day after further interactions of that day, which all rules count.

    Only the rules that count something of them are priced anew.
    """

    def __init__(self, known: Known, matrix: Matrix, day: int, score: Score) -> None:
        self._counts = known.counts
        self._matrix = matrix
        self._day = day
        self._tally = Tally([matrix])
        self._may_count = iter(range(_MAX_COUNTED))
        self._traits = known.traits.at(day)
        self._email_domains = known.traits.email_domains(day)
        behaviour = {rule.id for rule in matrix.rules}
        self._given = {one.rule: one.points for one in score.reasons if one.rule in behaviour}
        # Whoever does something is not inactive, and the cuts of groups follow from the other lines.
        self._by_hand = [(one.rule, one.points) for one in score.reasons if one.rule == ADJUSTMENT_RULE]
        self._others: Sequence[tuple[str, float]] = ()
        self._left = _MAX_PRICED

    def times_needed(self, rule: Rule) -> int | None:
        """Return the least number of further matches of a rule that reaches the flip number, if any does.

        None too when the questions before have used up what may be computed.
        """
        if self._left <= 0:
            return None
        further = _Further(self._tally, examples(rule, self._counts, self._day), self._may_count)
        traits = self._traits_after(further)
        if self._matrix.excluded_by(traits, self._email_domains) is not None:
            return None
        self._others = [*self._by_hand, *_given_by(traits, self._matrix)]
        least = self._least(further)
        if least is None:
            return None
        # Some rule may take points for the same matches, so that more of them give less.
        numbers = range(least, MAX_FURTHER + 1)
        return next((times for times in numbers if self._reaches(further.matches(times))), None)

    def _traits_after(self, further: "_Further") -> Traits:
        """Return the traits after them: further matches are of one type, so all have the same effect."""
        effect = EFFECTS.get(further.type or "")
        return self._traits if effect is None else {**self._traits, effect.trait: effect.value}

    def _least(self, further: "_Further") -> int | None:
        """Return the least number that would do if no rule took points for further matches."""
        low, high = 0, 1
        while not self._reaches(further.matches(high), giving_alone=True):
            if high == MAX_FURTHER:
                return None
            low, high = high, min(2 * high, MAX_FURTHER)
        while high - low > 1:
            middle = (low + high) // 2
            if self._reaches(further.matches(middle), giving_alone=True):
                high = middle
            else:
                low = middle
        return high

    def _reaches(self, matches: Matches, *, giving_alone: bool = False) -> bool:
        if not matches or self._left <= 0:
            return False
        counts = {key: self._counts.get(key, {}) for key, _ in matches}
        for (key, by), times in matches.items():
            add(counts, key, self._day, by, times)
        given = dict(self._given)
        for key, days in counts.items():
            for rule in self._matrix.rules_of.get(key, ()):
                if rule.points > 0 or not giving_alone:
                    given[rule.id] = worth(rule, days, self._day).points
                    self._left -= 1
        return total_of([*given.items(), *self._others], self._matrix) >= self._matrix.flip_number


def _given_by(traits: Traits, matrix: Matrix) -> Iterator[tuple[str, float]]:
    return ((rule.id, rule.points) for rule in matrix.traits if rule.holds(traits))


class _Further:
    """Further interactions one after the other, and what is counted of the first so many of them.

    `type` is that of the first of them, None without any.
    """

    def __init__(self, tally: Tally, interactions: Iterator[Interaction], may_count: Iterator[int]) -> None:
        self._tally = tally
        self._may_count = may_count
        first = next(interactions, None)
        self.type = None if first is None else first.type
        self._more = islice(interactions if first is None else chain([first], interactions), MAX_FURTHER)
        self._counted: list[Sequence[tuple[str, str]]] = []
        self._last: Interaction | None = None

    def matches(self, times: int) -> Matches:
        """Return what is counted of the first so many; nothing where there are not as many."""
        for interaction in islice(self._more, max(0, times - len(self._counted))):
            if interaction is self._last:
                self._counted.append(self._counted[-1])
            elif next(self._may_count, None) is None:
                break
            else:
                self._counted.append([*self._tally.matches(interaction)])
                self._last = interaction
        return Counter(chain.from_iterable(self._counted[:times])) if times <= len(self._counted) else {}
