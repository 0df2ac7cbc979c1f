"""Counterfactual: without which lines a person would not have flipped. Pure."""

from collections.abc import Collection, Iterable, Sequence
from fractions import Fraction
from math import lcm
from operator import itemgetter
from typing import Final, NamedTuple

from services.scoring.core.pricing import GROUP, Known, Score, price, total_of
from services.scoring.model.matrix import Matrix
from services.scoring.model.rules import DIGITS
from shared.events import Reason

# A score and what is left of it are rounded, by half a step each; the rest is for floats.
_ROUNDED: Final = Fraction(2, 10**DIGITS)


def without(known: Known, matrix: Matrix, day: int) -> list[Reason]:
    """Return the fewest lines without which the score at the end of a day would miss the flip number.

    Lines are the reasons that gave points: rules, trait rules and adjustments. Of several such sets it is
    the one that takes away most. Empty when the score misses the flip number anyway.
    """
    score = price(known, matrix, day)
    return [score.reasons[index] for index in decisive(score, matrix)]


def decisive(score: Score, matrix: Matrix) -> list[int]:
    """Return the places of those lines among the reasons of a score."""
    if score.points < matrix.flip_number:
        return []
    # The cuts of groups follow from the other lines.
    places = [place for place, reason in enumerate(score.reasons) if not reason.rule.startswith(GROUP)]
    lines = [score.reasons[place] for place in places]
    needed = Fraction(score.points) - Fraction(matrix.flip_number) - _ROUNDED
    candidates = (removed for loss, removed in _heaviest(lines, matrix) if loss >= needed)
    # Without any line that gave points the score is 0 at most, and a flip number is above 0: one is found.
    return next(
        [places[index] for index in sorted(removed)]
        for removed in map(frozenset, candidates)
        if total_of(_left(lines, removed), matrix) < matrix.flip_number
    )


def _left(lines: Sequence[Reason], removed: Collection[int]) -> list[tuple[str, float]]:
    return [(line.rule, line.points) for index, line in enumerate(lines) if index not in removed]


class _Pool(NamedTuple):
    """The lines of a group, or those in none.

    `gave` are the indices of those that gave points, the largest first, and `losses` what the score loses
    without the first 0, 1, 2 ... of them.
    """

    gave: list[int]
    losses: list[int]


class _Removal(NamedTuple):
    """What the score loses without some lines: the first so many of each pool."""

    loss: int
    taken: tuple[int, ...]


def _heaviest(lines: Sequence[Reason], matrix: Matrix) -> Iterable[tuple[Fraction, list[int]]]:
    """Yield for 0, 1, 2 ... lines how much their removal takes away at most, and the indices of such lines.

    What a group loses does not depend on the others, so the best k lines of several groups are the best j
    of the last and the best k - j of those before it, for some j. All j are tried: behind a cap the first
    lines may take away nothing and the next ones much, so the heaviest next line (greed) would miss it.
    """
    unit, pools = _pools(lines, matrix)
    best = [_Removal(0, ())]
    for pool in pools:
        merged: list[_Removal] = []
        for count in range(len(best) + len(pool.losses) - 1):
            most = min(count, len(pool.losses) - 1)
            losses = (
                (best[count - last].loss + pool.losses[last], last)
                for last in range(max(0, count - len(best) + 1), most + 1)
            )
            loss, taken = max(losses, key=itemgetter(0))
            merged.append(_Removal(loss, (*best[count - taken].taken, taken)))
        best = merged
    for loss, taken in best:
        first_of_each = zip(pools, taken, strict=True)
        yield Fraction(loss, unit), [index for pool, many in first_of_each for index in pool.gave[:many]]


def _pools(lines: Sequence[Reason], matrix: Matrix) -> tuple[int, list[_Pool]]:
    """Return a unit, and the pools of all lines with their losses in parts of it: 1 is 1/unit points.

    The cap never falls when the sum rises, so whatever it does, taking the largest lines takes away most.
    Points are whole numbers of such parts, because sums of floats would depend on the order, and so decide
    between equals by chance.
    """
    members: dict[str | None, list[int]] = {}
    for index, line in enumerate(lines):
        members.setdefault(matrix.group_of.get(line.rule), []).append(index)
    exact = [Fraction(line.points) for line in lines]
    caps = {name: Fraction(group.cap) for name, group in matrix.groups.items()}
    unit = lcm(*(number.denominator for number in (*exact, *caps.values())))
    pools: list[_Pool] = []
    for name, indices in members.items():
        cap = None if name is None else int(caps[name] * unit)
        left = total = int(sum(exact[index] for index in indices) * unit)
        gave = sorted((index for index in indices if exact[index] > 0), key=lambda index: -exact[index])
        losses = [0]
        for index in gave:
            left -= int(exact[index] * unit)
            losses.append(_within(total, cap) - _within(left, cap))
        pools.append(_Pool(gave, losses))
    return unit, pools


def _within(total: int, cap: int | None) -> int:
    return total if cap is None else max(-cap, min(cap, total))
