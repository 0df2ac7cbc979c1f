"""Pricing of inactivity, and of points by hand."""

from itertools import permutations
from typing import Any

import pytest

from services.scoring.core.pricing.price import Score
from shared.events import Interaction, Reason
from tests.support.builders import interaction, rule
from tests.unit.scoring.known import adjustment, given, identify, ruled_by, scored

# Inactivity


def idle(*interactions: Interaction, day: int, **more: Any) -> list[tuple[float, int]]:
    """The points and steps of inactivity, as a list of at most one reason."""
    rules = ruled_by(rule(points=8), inactivity={"after": "30d", "points": -10, **more})
    found = [
        reason for reason in scored(rules, *interactions, day=day).reasons if reason.rule == "inactivity"
    ]
    assert all(reason.count == reason.paid for reason in found)
    return [(reason.points, reason.count) for reason in found]


def test_inactivity_takes_points_once() -> None:
    assert [idle(interaction(), day=day) for day in (29, 30, 31, 90)] == [
        [],
        [(-10, 1)],
        [(-10, 1)],
        [(-10, 1)],
    ]


def test_inactivity_takes_points_repeatedly_with_every() -> None:
    steps = [idle(interaction(), day=day, every="7d") for day in (29, 30, 36, 37, 44)]
    assert steps == [[], [(-10, 1)], [(-10, 1)], [(-20, 2)], [(-30, 3)]]


def test_inactivity_takes_no_more_than_its_floor() -> None:
    steps = [idle(interaction(), day=day, every="7d", floor=-25) for day in (30, 37, 44, 90)]
    assert steps == [[(-10, 1)], [(-20, 2)], [(-25, 3)], [(-25, 9)]]


def test_the_inactivity_reason_has_the_number_of_days_and_counts_to_engagement() -> None:
    rules = ruled_by(rule(points=8), inactivity={"after": "30d", "points": -10})
    score = scored(rules, interaction(), day=40)
    assert (score.points, score.fit, score.engagement) == (-2, 0, -2)
    label = "Nothing done for 40 days"
    assert score.reasons[1] == Reason(rule="inactivity", label=label, points=-10, count=1, paid=1)


def test_anything_that_a_human_does_ends_inactivity() -> None:
    assert idle(interaction(), interaction("like", day=20), day=49) == []
    assert idle(interaction(), interaction("like", day=20), day=50) == [(-10, 1)]


@pytest.mark.parametrize(
    "no_activity",
    [
        interaction(day=20, machine="crawler"),
        identify(title="VP", day=20),
        adjustment(5, day=20),
        interaction(day=31),
    ],
    ids=["of a machine", "identify", "adjustment", "yet to come"],
)
def test_machine_identify_adjustment_and_future_interactions_do_not_end_inactivity(
    no_activity: Interaction,
) -> None:
    assert idle(interaction(), no_activity, day=30) == [(-10, 1)]


def test_a_profile_without_human_interactions_is_not_inactive() -> None:
    assert idle(identify(title="VP"), day=90) == []
    assert idle(interaction(day=91), day=90) == []


# Adjustments


def test_an_adjustment_gives_its_points_until_the_end_of_its_last_day() -> None:
    """The 20th of March is the sixth day after NOON."""
    rules = ruled_by(rule(points=8))
    given_by_hand = adjustment(5, day=2, until="2026-03-20")
    assert [scored(rules, given_by_hand, day=day).points for day in (1, 2, 6, 7)] == [0, 5, 5, 0]
    assert scored(rules, adjustment(5)).points == 5


def test_an_adjustment_is_a_reason_with_its_note_and_counts_to_engagement() -> None:
    score = scored(ruled_by(rule()), adjustment(-5, "asked us to stop"))
    reason = Reason(rule="adjustment", label="asked us to stop", points=-5, count=1, paid=1)
    assert score == Score(-5, 0, -5, (reason,), -5, -5)


def test_an_adjustment_counts_in_its_own_model_alone() -> None:
    assert scored(ruled_by(rule()), adjustment(5, model="other")).reasons == ()
    both = scored(ruled_by(rule()), adjustment(5, model="other"), adjustment(3))
    assert given(both) == [("adjustment", 3)]


def test_the_same_adjustment_twice_on_a_day_counts_twice() -> None:
    score = scored(ruled_by(rule()), adjustment(5), adjustment(5))
    assert score.reasons == (Reason(rule="adjustment", label="met at the fair", points=10, count=2, paid=2),)


def test_adjustments_are_ordered_by_day_and_text() -> None:
    made = [adjustment(3), adjustment(2, day=1), adjustment(10)]
    for order in permutations(made):
        assert given(scored(ruled_by(rule()), *order)) == [("adjustment", each) for each in (10, 3, 2)]
