"""Further matches: how often a profile would have to repeat an interaction to reach the flip number. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Final, TypeAlias

import numpy as np

from services.scoring.core.counting.arrays import Floats
from services.scoring.core.counting.columns import Columns
from services.scoring.core.counting.counts import Changes, only
from services.scoring.core.counting.tally import Tally
from services.scoring.core.explaining.example import Example, examples
from services.scoring.core.pricing.price import Score, ScoreInput, total_of
from services.scoring.core.pricing.rule_points import rule_lines
from services.scoring.core.pricing.sums import Part, rounded
from services.scoring.matrix.matrix import ADJUSTMENT_RULE, Matrix
from services.scoring.matrix.rules import Rule
from services.scoring.matrix.trait_conditions import Traits
from shared.vocabulary import EFFECTS

MAX_FURTHER: Final = 100
"""Suggestions that need more further matches than this are left out."""

# For all questions together, some tenths of a second: how many counts are priced, and how many interactions
# are tested against all conditions at most. A matrix of thirty rules needs less than either.
MAX_PRICED: Final = 2_000_000
_MAX_COUNTED: Final = 5_000

Matches: TypeAlias = Mapping[tuple[str, str], int]
"""(count key, value of `by`) -> how often"""


class Ahead:
    """The score of a profile on a day after further interactions on that day.

    Only the rules that count such an interaction are priced again.
    """

    def __init__(self, known: ScoreInput, matrix: Matrix, day: int, score: Score) -> None:
        self._counts = known.counts
        self._matrix = matrix
        self._day = day
        self._tally = Tally([matrix])
        self._may_count = iter(range(_MAX_COUNTED))
        self._traits = known.traits.at(day)
        self._email_domains = known.traits.email_domains(day)
        behaviour = {rule.id for rule in matrix.rules}
        self._points_of = {reason.rule: reason.points for reason in score.reasons if reason.rule in behaviour}
        # A profile that does something is not inactive, and the cuts of groups follow from the other lines.
        self._by_hand = [
            (reason.rule, reason.points) for reason in score.reasons if reason.rule == ADJUSTMENT_RULE
        ]
        self._left = MAX_PRICED

    def times_needed(self, rule: Rule) -> int | None:
        """Return the least number of further matches of a rule that reaches the flip number, if any does.

        Also None when the earlier questions have used up the budget.
        """
        if self._left <= 0:
            return None
        further = _Further(self._tally, examples(rule, self._counts, self._day), self._may_count)
        traits = self._traits_after(further)
        if self._matrix.excluded_by(traits, self._email_domains) is not None:
            return None
        others = [*self._by_hand, *_trait_points(traits, self._matrix)]
        first = 1
        while self._left > 0 and (last := further.up_to(2 * first)) >= first:
            reached = np.flatnonzero(self._scores(further, first, last, others) >= self._matrix.flip_number)
            if len(reached):
                return first + int(reached[0])
            first = last + 1
        return None

    def _traits_after(self, further: "_Further") -> Traits:
        """Return the traits after further matches: all are of one type, so all have the same effect."""
        effect = EFFECTS.get(further.type or "")
        return self._traits if effect is None else {**self._traits, effect.trait: effect.value}

    def _scores(
        self, further: "_Further", first: int, last: int, others: Sequence[tuple[str, float]]
    ) -> Floats:
        """Return the scores after `first` to `last` further matches; `others` are the lines that stay.

        If the budget does not suffice for all, it returns fewer scores and the budget is used up.
        """
        several = [further.matches(times) for times in range(first, last + 1)]
        # Later matches never have fewer keys.
        keys = {key for key, _ in several[-1]}
        before = only(self._counts, keys)
        each = max(1, len(before.entries) + len(several[-1]))
        affordable, self._left = self._left // each, self._left - len(several) * each
        del several[affordable:]
        changes = Changes()
        for profile, matches in enumerate(several):
            for (key, by), times in matches.items():
                changes.add(profile, key, by, self._day, times)
        columns = Columns(changes.to([before] * len(several)), keys)
        profiles = np.arange(len(several))
        anew = [rule.id for key in keys for rule in self._matrix.rules_of.get(key, ())]
        unchanged = [
            (rule, points) for rule, points in (*self._points_of.items(), *others) if rule not in anew
        ]
        part, lines = (
            Part(self._matrix, len(several)),
            rule_lines(columns, self._matrix, self._day, exact=True),
        )
        part.add_lines(lines)
        for rule_id, points in unchanged:
            part.add(rule_id, profiles, np.full(len(several), points))

        def exactly(profile: int) -> float:
            rows = lines.profile == profile
            rules = (self._matrix.rules[rule].id for rule in lines.rule[rows].tolist())
            return total_of([*unchanged, *zip(rules, lines.points[rows].tolist(), strict=True)], self._matrix)

        return rounded(part.sums(), exactly)


def _trait_points(traits: Traits, matrix: Matrix) -> Iterator[tuple[str, float]]:
    return ((rule.id, rule.points) for rule in matrix.traits if rule.holds(traits))


class _Further:
    """Further interactions one after the other, and the counts of the first of them.

    `type` is the type of the first interaction, None if there is none.
    """

    def __init__(self, tally: Tally, interactions: Iterator[Example], may_count: Iterator[int]) -> None:
        self._tally = tally
        self._may_count = may_count
        first = next(interactions, None)
        self.type = None if first is None else first.type
        self._more = islice(interactions if first is None else chain([first], interactions), MAX_FURTHER)
        self._counted: list[Sequence[tuple[str, str]]] = []
        self._last: Example | None = None

    def up_to(self, times: int) -> int:
        """Return how many of the first `times` interactions exist."""
        for interaction in islice(self._more, max(0, times - len(self._counted))):
            if interaction is self._last:
                self._counted.append(self._counted[-1])
            elif next(self._may_count, None) is None:
                break
            else:
                self._counted.append([*self._tally.matches(interaction)])
                self._last = interaction
        return min(times, len(self._counted))

    def matches(self, times: int) -> Matches:
        """Return the counts of the first `times` interactions, which must exist."""
        return Counter(chain.from_iterable(self._counted[:times]))
