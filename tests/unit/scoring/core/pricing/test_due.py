"""The day on which a score may change without an interaction."""

from typing import Any

import pytest

from services.scoring.core.pricing.appraisal import appraise, appraise_all
from services.scoring.core.pricing.price import columns_of
from services.scoring.matrix.matrix import Matrix
from shared.events import Interaction
from tests.support.builders import interaction, rule
from tests.unit.scoring.known import TODAY, adjustment, identify, known, ruled_by

LEAVES = {"type": "email_unsubscribe"}
DECIDES = {"id": "decides", "when": {"title": {"eq": "VP"}}, "points": 30}


def changes(rules: Matrix, *interactions: Interaction, after: int = 0) -> int | None:
    """The next day of a change, counted from today."""
    day = appraise(known(rules, *interactions), rules, TODAY + after).due_on
    return None if day is None else day - TODAY


@pytest.mark.parametrize(
    "reads",
    [{"traits": [DECIDES]}, {"requires": ["title"]}, {"excludes": [{"title": {"eq": "student"}}]}],
)
def test_a_day_with_a_reported_trait_is_due_if_the_matrix_reads_traits(reads: dict[str, Any]) -> None:
    assert changes(ruled_by(rule(), **reads), identify(title="VP", day=2)) == 2


def test_a_day_with_a_trait_that_no_rule_reads_is_not_due() -> None:
    assert changes(ruled_by(rule()), identify(title="VP", day=2)) is None


def test_a_score_without_fading_has_no_due_day() -> None:
    assert changes(ruled_by(rule()), interaction()) is None


def test_the_next_future_day_with_interactions_is_due() -> None:
    visits = [interaction(day=9), interaction(day=4), interaction(day=-3)]
    assert changes(ruled_by(rule()), *visits) == 4
    assert changes(ruled_by(rule()), *visits, after=4) == 9
    assert changes(ruled_by(rule()), *visits, after=9) is None


def test_a_fading_score_is_due_on_the_next_day() -> None:
    fading = ruled_by(rule("leaves", when=LEAVES), rule(half_life="30d"))
    assert changes(fading, interaction(), after=50) == 51
    assert changes(fading, interaction("email_unsubscribe"), after=50) is None
    assert changes(fading, interaction(day=60), after=50) == 60


@pytest.mark.parametrize(("stays", "fades"), [(9.9994, 0.0005), (10.0006, -0.0005)])
def test_a_fading_score_is_due_only_if_fading_can_change_the_rounded_score(
    stays: float, fades: float
) -> None:
    """Both begin at 10 and reach another thousandth, from above and from below."""
    rules = ruled_by(
        rule("likes", stays, when={"type": "like"}), rule(points=fades, half_life="1d"), flip_number=99
    )
    of = known(rules, interaction("like"), interaction())
    assert [appraise(of, rules, TODAY + day).score for day in (0, 9)] == [10, round(stays, 3)]
    assert changes(rules, interaction("like"), interaction()) == 1
    little = ruled_by(rule("likes", 10, when={"type": "like"}), rule(points=fades / 2, half_life="1d"))
    assert changes(little, interaction("like"), interaction()) is None


def test_each_profile_in_the_columns_has_a_separate_due_day() -> None:
    rules = ruled_by(
        rule(points=8, window="10d"),
        rule("likes", 1, when={"type": "like"}, half_life="30d"),
        inactivity={"after": "20d", "points": -10, "every": "7d"},
    )
    due: list[tuple[list[Interaction], int | None]] = [
        ([interaction(day=-3)], 7),
        ([], None),
        ([interaction("like", day=-1)], 1),
        ([interaction(day=2)], 2),
        ([interaction("share", day=-25)], 2),
        ([adjustment(5, until="2026-03-17")], 4),
        ([interaction("share")], 20),
    ]
    of = [known(rules, *done) for done, _ in due]
    found = [appraisal.due_on for appraisal in appraise_all(of, columns_of(of, rules), rules, TODAY)]
    assert found == [None if day is None else TODAY + day for _, day in due]


def test_a_grade_may_change_though_the_rounded_score_does_not() -> None:
    """Engagement fades from 11.9996 to 11.9994, and so from 12 to 11.999; all together it stays at 12."""
    rules = ruled_by(
        rule("likes", 11.9993, when={"type": "like"}),
        rule(points=0.0003, half_life="1d"),
        traits=[{"id": "told", "when": {"title": {"exists": True}}, "points": 0.0004}],
        grades={"fit": [3, 2, 1], "engagement": [12, 2, 1]},
    )
    done = [interaction("like"), interaction(traits={"title": "VP"})]
    of = known(rules, *done)
    appraised = [appraise(of, rules, TODAY + later) for later in (0, 1)]
    assert [(appraisal.score, appraisal.grade) for appraisal in appraised] == [(12, "D1"), (12, "D2")]
    assert changes(rules, *done) == 1


def test_the_day_on_which_a_match_leaves_its_window_is_due() -> None:
    recent = ruled_by(rule("leaves", when=LEAVES, window="5d"), rule(window="30d"))
    visits = [interaction(), interaction(day=3)]
    assert changes(recent, *visits, after=3) == 30
    assert changes(recent, *visits, after=30) == 33
    assert changes(recent, *visits, after=33) is None


def test_an_adjustment_is_due_on_its_day_and_after_its_last_day() -> None:
    rules = ruled_by(rule())
    given = adjustment(5, day=2, until="2026-03-20")
    assert [changes(rules, given, after=after) for after in (0, 2, 6, 7)] == [2, 7, 7, None]
    assert changes(rules, adjustment(5, day=2, model="other")) is None
