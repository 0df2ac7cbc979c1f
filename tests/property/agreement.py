"""When the product and the definition agree: exactly if doubles are exact, otherwise to a millionth."""

from collections.abc import Iterable, Mapping
from math import fsum
from typing import Any, NamedTuple

import pytest

from services.scoring.core.profiles.traits import History
from shared.events import Reason
from tests.oracle.fold import Account, Given, Life, day_of
from tests.oracle.traits import traits_at

TOLERANCE = 1e-6
# Scores are rounded to 0.001.
HALF_A_STEP = 0.0005


class Line(NamedTuple):
    """A reason without its label."""

    rule: str
    matches: int
    paid: int
    points: float


def assert_same_score(
    points: float, reasons: Iterable[Reason], expected: Account, matrix: Mapping[str, Any]
) -> None:
    """Compare a total (to 0.001) and its reasons with an account of the definition."""
    actual, due = _lines(reasons), _lines(expected.reasons)
    assert [line[:3] for line in actual] == [line[:3] for line in due]
    assert [line.points for line in actual] == pytest.approx([line.points for line in due], abs=TOLERANCE)
    assert_same_points(points, expected.exact, matrix)


def assert_same_points(points: float, exact: float, matrix: Mapping[str, Any]) -> None:
    """Compare a total that is rounded to 0.001 with one that is not."""
    if _fades(matrix):
        assert points == pytest.approx(exact, abs=HALF_A_STEP + TOLERANCE)
    else:
        assert points == round(exact, 3)


def assert_same_traits(known: History, life: Life) -> None:
    """Compare the traits that rules see, on every day with an interaction."""
    for day in sorted(map(day_of, life.interactions)):
        assert known.at(day) == traits_at(life.person, life.interactions, day, life.retracted)


def assert_same_crossing(crossed: int | None, life: Life, matrix: Mapping[str, Any], until: int) -> None:
    """Compare the day of crossing with that of the definition, unless a rounding error could decide it."""
    expected = life.crossed_on(matrix, until)
    if crossed != expected and _fades(matrix):
        day = min(day for day in (crossed, expected) if day is not None)
        edge = matrix["flip_number"] - HALF_A_STEP
        assert life.account(matrix, day).exact == pytest.approx(edge, abs=TOLERANCE)
    else:
        assert crossed == expected


def _fades(matrix: Mapping[str, Any]) -> bool:
    return any("half_life" in rule for rule in matrix["rules"])


def _lines(reasons: Iterable[Reason | Given]) -> list[Line]:
    """Return the rules in their order, then the rest; one reason may stand for several equal adjustments."""
    rules: list[Line] = []
    others: list[Line] = []
    for reason in reasons:
        if reason.rule == "adjustment":
            others += [Line(reason.rule, 1, 1, reason.points / reason.count)] * reason.count
        elif reason.rule.startswith("group:"):
            # A sum that equals the cap, except for a rounding error, may or may not be cut by that error.
            others += [Line(reason.rule, reason.count, reason.paid, reason.points)] * (
                abs(reason.points) > TOLERANCE
            )
        elif reason.rule == "inactivity":
            others.append(Line(reason.rule, reason.count, reason.paid, reason.points))
        else:
            rules.append(Line(reason.rule, reason.count, reason.paid, reason.points))
    return [*rules, *sorted(others)]


def total_of(reasons: Iterable[Reason]) -> float:
    """Return the points of all lines, not rounded."""
    return fsum(reason.points for reason in reasons)
