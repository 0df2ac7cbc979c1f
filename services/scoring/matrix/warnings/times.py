"""Times that contradict each other: limits and fading, limits and windows, the steps of inactivity."""

from collections.abc import Iterator
from typing import Final

from services.scoring.matrix.matrix import Matrix
from services.scoring.matrix.rules import Per
from services.scoring.matrix.warnings.warning import MatrixWarning

_LONGEST: Final[dict[Per, int]] = {"day": 1, "week": 7, "month": 31}


def odd_limits(matrix: Matrix) -> Iterator[MatrixWarning]:
    """Yield limits that fading matches use up for good, and limits of periods longer than the window."""
    for index, rule in enumerate(matrix.rules):
        limit, field = rule.limit, f"rules.{index}.limit"
        if limit is None:
            continue
        if limit.per == "ever" and limit.by is None and rule.half_life is not None:
            message = (
                "the first matches use the limit up for ever and their points fade, so later ones never give "
                "any; `window` instead of `half_life`, or a limit per month, pays again"
            )
            yield MatrixWarning(field, "limit_ever_fades", message, rule.id)
        longest = _LONGEST.get(limit.per)
        if longest is not None and rule.window is not None and rule.window < longest:
            message = (
                f"only {rule.window} days count, fewer than a {limit.per} has, and at the turn of a "
                f"{limit.per} the limit begins anew; `ever` limits all that counts"
            )
            yield MatrixWarning(field, "limit_longer_than_window", message, rule.id)


def odd_inactivity(matrix: Matrix) -> Iterator[MatrixWarning]:
    """Yield a floor that no step reaches, and steps that the floor cancels."""
    inactivity = matrix.inactivity
    if inactivity is None or inactivity.floor is None:
        return
    if inactivity.every is None and inactivity.floor < inactivity.points:
        once, floor = f"{inactivity.points:.10g}", f"{inactivity.floor:.10g}"
        message = f"without `every` points are taken once, {once} in all, which never comes to {floor}"
        yield MatrixWarning("inactivity.floor", "inactivity_floor_idle", message)
    if inactivity.every is not None and inactivity.floor == inactivity.points:
        message = "the first step comes to the floor already, so no other follows"
        yield MatrixWarning("inactivity.every", "inactivity_every_idle", message)
