"""Suggesting: of all ways to the flip number the few likely ones, in sentences. Pure."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from services.scoring.core.explaining.ways import BECOME, DO, Way
from services.scoring.core.pricing.price import ScoreInput, price
from services.scoring.matrix.matrix import Matrix

MAX_SUGGESTIONS: Final = 5


@dataclass(frozen=True)
class Suggestions:
    """The likeliest ways, the best first, and how many more rules would do."""

    ways: tuple[Way, ...]
    more: int

    @property
    def text(self) -> str:
        """The ways in sentences, with ways of equal length in one sentence; empty without any."""
        sentences = [
            _sentence(kind, times, [way.label for way in equal])
            for (kind, times), equal in groupby(self.ways, key=lambda way: (way.kind, way.times))
        ]
        if self.more:
            sentences.append(
                f"{self.more} more rules would do." if self.more > 1 else "1 more rule would do."
            )
        return " ".join(sentences)


def suggest(ways: Iterable[Way], done: Collection[str], peers: Mapping[str, float]) -> Suggestions:
    """Choose the likeliest of the ways.

    `done` are rules that the profile has met, `peers` the part of similar profiles (0 to 1) that met each
    rule. A single step goes first. Then goes what the profile did before, then what takes fewer steps,
    then what more similar profiles did. Of ways with the same text only the first is returned.
    """

    def likeliness(way: Way) -> tuple[bool, bool, int, float]:
        return way.times > 1, way.rule not in done, way.times, -peers.get(way.rule, 0.0)

    distinct: dict[tuple[str, str], Way] = {}
    for way in sorted(ways, key=likeliness):
        distinct.setdefault((way.kind, way.label.strip().casefold()), way)
    sentences = list(distinct.values())
    return Suggestions(_joinable(sentences[:MAX_SUGGESTIONS]), max(0, len(sentences) - MAX_SUGGESTIONS))


def share_that_met(peers: Sequence[ScoreInput], matrix: Matrix, day: int) -> Mapping[str, float]:
    """Return the part of some profiles (0 to 1) to which each rule gave points, by the rule's id."""
    met = Counter(
        rule_id
        for peer in peers
        for rule_id in {line.rule for line in price(peer, matrix, day).reasons if line.points > 0}
    )
    return {rule_id: number / len(peers) for rule_id, number in met.items()}


def _joinable(ways: Sequence[Way]) -> tuple[Way, ...]:
    """Move ways of equal length next to the first of them."""
    first: dict[tuple[str, int], int] = {}
    for index, way in enumerate(ways):
        first.setdefault((way.kind, way.times), index)
    return tuple(sorted(ways, key=lambda way: first[way.kind, way.times]))


def _sentence(kind: str, times: int, labels: Sequence[str]) -> str:
    if kind == DO:
        more = f"{times:,} more" if times > 1 else "One more"
        return f"{more} of {joined(labels, 'or')} would do."
    change = "became true" if kind == BECOME else "were no longer true"
    return f"It would do if {joined(labels, 'or')} {change}."


def joined(labels: Sequence[str], word: str) -> str:
    """Return quoted labels joined by commas and a word."""
    quoted = [f"“{label}”" for label in labels]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} {word} {quoted[-1]}"
