"""Pricing is what the definition says, for any matrix and any history."""

from math import fsum

import pytest
from hypothesis import given, settings

from services.scoring.core.pricing.appraisal import appraise
from services.scoring.core.pricing.crossing import crossed_on
from services.scoring.core.pricing.price import price
from services.scoring.matrix.bounds import most
from services.scoring.matrix.reading import stored_matrix
from tests.oracle.fold import lives
from tests.oracle.matrices import MODEL
from tests.oracle.standing import standing
from tests.oracle.worlds import DrawnWorld, worlds
from tests.property.agreement import (
    TOLERANCE,
    assert_same_crossing,
    assert_same_points,
    assert_same_score,
    assert_same_traits,
    total_of,
)
from tests.property.known import known_of

LONG = 120


@settings(max_examples=120)
@given(worlds())
def test_traits_score_appraisal_and_crossed_on_equal_those_of_the_oracle(world: DrawnWorld) -> None:
    matrix = stored_matrix(MODEL, world.matrix)
    for life in lives(world.events).values():
        known = known_of(life, matrix)
        assert_same_traits(known.traits, life)
        score = price(known, matrix, world.day)
        expected = life.account(world.matrix, world.day)
        assert_same_score(score.points, score.reasons, expected, world.matrix)
        assert total_of(score.reasons) == pytest.approx(expected.exact, abs=TOLERANCE)
        assert_same_points(score.fit, expected.fit, world.matrix)
        assert_same_points(score.engagement, expected.engagement, world.matrix)
        if not any("half_life" in rule for rule in world.matrix["rules"]):
            appraisal = appraise(known, matrix, world.day)
            due = standing(life, world.matrix, world.day)
            # Without thresholds of its own a matrix is graded by what it can give: not looked into here.
            grade = appraisal.grade if "grades" in world.matrix else None
            assert (appraisal.stage, grade, appraisal.state) == due
        for flip_number in {world.matrix["flip_number"], max(0.25, expected.score)}:
            # A flip number that is just reached shows errors of the day best.
            raw = world.matrix | {"flip_number": flip_number}
            crossed = crossed_on(known, stored_matrix(MODEL, raw), world.day)
            assert_same_crossing(crossed, life, raw, world.day)


@settings(max_examples=60)
@given(worlds(most=8))
def test_the_score_is_constant_until_the_due_day(world: DrawnWorld) -> None:
    matrix = stored_matrix(MODEL, world.matrix)
    for life in lives(world.events).values():
        known = known_of(life, matrix)
        day: int | None = world.day
        while day is not None and day < world.day + LONG:
            change = appraise(known, matrix, day).due_on
            still = price(known, matrix, day).points
            end = world.day + LONG if change is None else change
            assert end > day
            for between in range(day + 1, end):
                assert price(known, matrix, between).points == still, between - day
            day = change


@settings(max_examples=100)
@given(worlds(most=8))
def test_no_score_exceeds_the_bound_of_the_matrix(world: DrawnWorld) -> None:
    at_most = most(stored_matrix(MODEL, world.matrix))
    for life in lives(world.events).values():
        reasons = life.account(world.matrix, world.day).reasons
        assert fsum(reason.points for reason in reasons if reason.rule != "adjustment") <= at_most + TOLERANCE
