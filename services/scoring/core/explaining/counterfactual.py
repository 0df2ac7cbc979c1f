"""Counterfactual: the lines without which a profile would not have flipped. Pure."""

from collections.abc import Collection, Iterable, Sequence
from fractions import Fraction
from math import lcm
from operator import itemgetter
from typing import Final, NamedTuple

from services.scoring.core.pricing.price import GROUP, Score, ScoreInput, price, total_of
from services.scoring.matrix.matrix import Matrix
from services.scoring.matrix.rules import DIGITS
from shared.events import Reason

# The score and its remainder are each rounded by up to half a step; the other step allows for float errors.
_ROUNDED: Final = Fraction(2, 10**DIGITS)


def without(known: ScoreInput, matrix: Matrix, day: int) -> list[Reason]:
    """Return the fewest lines without which the score at the end of a day would miss the flip number.

    Lines are the reasons that gave points: rules, trait rules and adjustments. Of several such sets this
    returns the set that takes away most. Empty when the score misses the flip number anyway.
    """
    score = price(known, matrix, day)
    return [score.reasons[index] for index in decisive(score, matrix)]


def decisive(score: Score, matrix: Matrix) -> list[int]:
    """Return the indices of those lines among the reasons of a score."""
    if score.points < matrix.flip_number:
        return []
    # The cuts of groups follow from the other lines.
    indexes = [index for index, reason in enumerate(score.reasons) if not reason.rule.startswith(GROUP)]
    lines = [score.reasons[index] for index in indexes]
    needed = Fraction(score.points) - Fraction(matrix.flip_number) - _ROUNDED
    candidates = (removed for loss, removed in _heaviest(lines, matrix) if loss >= needed)
    # Without the lines that gave points the score is at most 0, below every flip number: a set always exists.
    return next(
        [indexes[index] for index in sorted(removed)]
        for removed in map(frozenset, candidates)
        if total_of(_left(lines, removed), matrix) < matrix.flip_number
    )


def _left(lines: Sequence[Reason], removed: Collection[int]) -> list[tuple[str, float]]:
    return [(line.rule, line.points) for index, line in enumerate(lines) if index not in removed]


class _Pool(NamedTuple):
    """The lines of a group, or the lines in no group.

    `gave` are the indices of the lines that gave points, the largest first, and `losses` what the score
    loses without the first 0, 1, 2 ... of them.
    """

    gave: list[int]
    losses: list[int]


class _Removal(NamedTuple):
    """What the score loses without some lines: how many of the first lines of each pool are removed."""

    loss: int
    taken: tuple[int, ...]


def _heaviest(lines: Sequence[Reason], matrix: Matrix) -> Iterable[tuple[Fraction, list[int]]]:
    """Yield for 0, 1, 2 ... lines the most that their removal can take away, and the indices of such lines.

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
    """Return the number of units per point, and the pools of all lines with their losses in these units.

    The cap never falls when the sum rises, so removing the largest lines always takes away most. Points are
    whole numbers of units, because a sum of floats depends on the order, which would decide ties by chance.
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
