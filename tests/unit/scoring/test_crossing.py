from typing import Any

import pytest

from services.scoring.core import crossing
from services.scoring.core.appraisal import appraise
from services.scoring.core.crossing import crossed_on, next_change
from services.scoring.core.pricing import Known, points
from services.scoring.model.matrix import Matrix
from shared.events import Interaction
from tests.builders import interaction, rule
from tests.unit.scoring.known import TODAY, adjustment, known, ruled_by, told

LONG_AFTER = 100
LEAVES = {"type": "email_unsubscribe"}
DECIDES = {"id": "decides", "when": {"title": {"eq": "VP"}}, "points": 30}


def crossed(rules: Matrix, *interactions: Interaction, until: int = LONG_AFTER) -> int | None:
    """The day of crossing, counted from today."""
    day = crossed_on(known(rules, *interactions), rules, TODAY + until)
    return None if day is None else day - TODAY


def changes(rules: Matrix, *interactions: Interaction, after: int = 0) -> int | None:
    """The next day of a change, counted from today."""
    day = next_change(known(rules, *interactions), rules, TODAY + after)
    return None if day is None else day - TODAY


def test_it_crosses_on_the_earliest_day_that_reaches_the_flip_number() -> None:
    rules = ruled_by(rule(points=10), flip_number=25)
    visits = [interaction(day=day) for day in (7, 0, 3)]
    assert crossed(rules, *visits) == 7
    assert crossed(rules, *visits, until=7) == 7
    assert crossed(rules, *visits, until=6) is None


def test_reaching_the_flip_number_exactly_is_crossing() -> None:
    assert crossed(ruled_by(rule(points=25), flip_number=25), interaction()) == 0
    assert crossed(ruled_by(rule(points=24.999), flip_number=25), interaction()) is None


def test_crossing_is_told_by_the_day_even_when_the_score_fell_later() -> None:
    rules = ruled_by(rule(points=30), rule("leaves", -20, when=LEAVES))
    assert crossed(rules, interaction(day=1), interaction("email_unsubscribe", day=5)) == 1


def test_who_did_nothing_never_crossed() -> None:
    assert crossed(ruled_by(rule(points=30))) is None


def test_it_crosses_on_a_day_without_events_when_what_was_taken_fades() -> None:
    """30 - 10 * 2 ** (-days / 10) first exceeds 25 on the eleventh day, for on the tenth it is just 25."""
    rules = ruled_by(rule(points=30), rule("leaves", -10, when=LEAVES, half_life="10d"), flip_number=25.1)
    assert crossed(rules, interaction(), interaction("email_unsubscribe")) == 11
    assert crossed(rules, interaction(), interaction("email_unsubscribe"), until=11) == 11
    assert crossed(rules, interaction(), interaction("email_unsubscribe"), until=10) is None


def test_it_crosses_on_the_day_on_which_a_window_leaves_a_loss_behind() -> None:
    rules = ruled_by(rule(points=30), rule("leaves", -10, when=LEAVES, window="10d"))
    assert crossed(rules, interaction(), interaction("email_unsubscribe")) == 10


def test_a_loss_that_fades_does_not_bring_the_day_of_crossing_before_the_first_known_day() -> None:
    rules = ruled_by(
        rule("leaves", -1, when=LEAVES, half_life="10d"),
        traits=[{"id": "reachable", "when": {"email": {"exists": True}}, "points": 30}],
    )
    assert crossed(rules, interaction("email_unsubscribe", day=5)) == 5


def test_who_is_known_by_identities_alone_crosses_on_the_day_that_is_asked() -> None:
    rules = ruled_by(traits=[{"id": "reachable", "when": {"email": {"exists": True}}, "points": 25}])
    assert crossed(rules, interaction(), until=6) == 6
    too_little = ruled_by(traits=[{"id": "reachable", "when": {"email": {"exists": True}}, "points": 24.9}])
    assert crossed(too_little, interaction(), until=6) is None


def test_what_is_told_after_the_day_that_is_asked_is_not_known_yet() -> None:
    reachable = {"id": "reachable", "when": {"email": {"exists": True}}, "points": 20}
    later = [told(title="VP", day=9), interaction(day=9)]
    assert crossed(ruled_by(traits=[reachable, DECIDES]), *later, until=6) is None
    assert crossed(ruled_by(traits=[reachable, DECIDES], flip_number=20), *later, until=6) == 6


@pytest.mark.parametrize(
    "reads",
    [{"traits": [DECIDES]}, {"requires": ["title"]}, {"excludes": [{"title": {"eq": "student"}}]}],
)
def test_a_day_on_which_a_trait_is_told_may_change_what_reads_traits(reads: dict[str, Any]) -> None:
    assert changes(ruled_by(rule(), **reads), told(title="VP", day=2)) == 2


def test_it_crosses_on_the_day_on_which_a_trait_is_told() -> None:
    assert crossed(ruled_by(traits=[DECIDES]), told(title="VP", day=2), interaction(day=4)) == 2


def test_a_trait_that_nothing_reads_changes_nothing() -> None:
    assert changes(ruled_by(rule()), told(title="VP", day=2)) is None


def test_an_adjustment_can_make_somebody_cross() -> None:
    rules = ruled_by(rule(points=10))
    assert crossed(rules, interaction(), adjustment(15, day=4)) == 4
    assert crossed(rules, interaction(), adjustment(15, day=4, model="other")) is None


def test_it_crosses_on_the_day_after_a_loss_by_hand_ended() -> None:
    rules = ruled_by(rule(points=30))
    assert crossed(rules, interaction(), adjustment(-10, until="2026-03-20")) == 7


def test_activity_is_a_known_day_when_inactivity_takes_points() -> None:
    """Nothing that a rule counts happened, but an e-mail known from the start makes the score."""
    reachable = [{"id": "reachable", "when": {"email": {"exists": True}}, "points": 30}]
    idle = {"after": "10d", "points": -10}
    assert crossed(ruled_by(rule(), traits=reachable, inactivity=idle), interaction("like", day=3)) == 3
    assert crossed(ruled_by(rule(), traits=reachable), interaction("like", day=3)) == LONG_AFTER


def test_inactivity_ends_with_the_next_activity_and_so_does_the_wait() -> None:
    rules = ruled_by(rule(points=15), inactivity={"after": "10d", "points": -10})
    visits = [interaction(), interaction(day=20), interaction("like", day=20)]
    assert crossed(rules, *visits) == 20


def test_nights_on_which_too_little_can_have_faded_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """30 - 10 * 2 ** (-days / 3660) reaches 25 after a half-life: that day is found, not walked to."""
    asked: list[int] = []

    def noted(known: Known, matrix: Matrix, day: int) -> float:
        asked.append(day - TODAY)
        return points(known, matrix, day)

    monkeypatch.setattr(crossing, "points", noted)
    rules = ruled_by(rule(points=30), rule("leaves", -10, when=LEAVES, half_life="3660d"), flip_number=25)
    assert crossed(rules, interaction(), interaction("email_unsubscribe"), until=9_000) == 3_660
    assert set(asked) <= {0, 3_658, 3_659, 3_660}


@pytest.mark.parametrize("points_of_loss", [-10, -1000])
def test_a_loss_rises_by_no_more_than_its_cap_lets_it(points_of_loss: float) -> None:
    rules = ruled_by(rule(points=30), rule("leaves", points_of_loss, when=LEAVES, half_life="10d", cap=8))
    day = crossed(rules, interaction(), interaction("email_unsubscribe"), until=1_000)
    left = [-points_of_loss * 2 ** (-later / 10) for later in range(1_000)]
    assert day == next(later for later, taken in enumerate(left) if taken <= 5.0005)


def test_what_never_fades_never_changes_by_itself() -> None:
    assert changes(ruled_by(rule()), interaction()) is None


def test_a_day_that_is_still_to_come_is_a_change() -> None:
    visits = [interaction(day=9), interaction(day=4), interaction(day=-3)]
    assert changes(ruled_by(rule()), *visits) == 4
    assert changes(ruled_by(rule()), *visits, after=4) == 9
    assert changes(ruled_by(rule()), *visits, after=9) is None


def test_what_fades_changes_on_the_next_day() -> None:
    fading = ruled_by(rule("leaves", when=LEAVES), rule(half_life="30d"))
    assert changes(fading, interaction(), after=50) == 51
    assert changes(fading, interaction("email_unsubscribe"), after=50) is None
    assert changes(fading, interaction(day=60), after=50) == 60


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
    assert [(one.score, one.grade) for one in appraised] == [(12, "D1"), (12, "D2")]
    assert changes(rules, *done) == 1


def test_a_window_changes_the_score_when_it_leaves_a_day_behind() -> None:
    recent = ruled_by(rule("leaves", when=LEAVES, window="5d"), rule(window="30d"))
    visits = [interaction(), interaction(day=3)]
    assert changes(recent, *visits, after=3) == 30
    assert changes(recent, *visits, after=30) == 33
    assert changes(recent, *visits, after=33) is None


def test_an_adjustment_changes_the_score_on_its_day_and_after_its_last() -> None:
    rules = ruled_by(rule())
    given = adjustment(5, day=2, until="2026-03-20")
    assert [changes(rules, given, after=after) for after in (0, 2, 6, 7)] == [2, 7, 7, None]
    assert changes(rules, adjustment(5, day=2, model="other")) is None


def test_inactivity_changes_the_score_at_each_step() -> None:
    rules = ruled_by(rule(), inactivity={"after": "30d", "points": -10, "every": "7d"})
    at = [changes(rules, interaction("like"), after=after) for after in (0, 29, 30, 36, 37, 100)]
    assert at == [30, 30, 37, 37, 44, 107]


def test_inactivity_without_every_is_one_step() -> None:
    rules = ruled_by(rule(), inactivity={"after": "30d", "points": -10})
    assert changes(rules, interaction("like"), after=29) == 30
    assert changes(rules, interaction("like"), after=30) is None


@pytest.mark.parametrize(("floor", "last"), [(-30, 50), (-29, 50), (-20, 40), (-10, 30)])
def test_inactivity_at_its_floor_takes_no_more(floor: float, last: int) -> None:
    rules = ruled_by(rule(), inactivity={"after": "30d", "points": -10, "every": "10d", "floor": floor})
    assert changes(rules, interaction("like"), after=last - 1) == last
    assert changes(rules, interaction("like"), after=last) is None


def test_inactivity_is_counted_from_the_last_activity_until_that_day() -> None:
    rules = ruled_by(rule(), inactivity={"after": "30d", "points": -10})
    done = [interaction("like"), interaction("like", day=5), interaction("like", day=50)]
    assert changes(rules, *done, after=5) == 35
    assert changes(rules, *done, after=35) == 50
    assert changes(rules, *done, after=50) == 80


def test_who_never_did_anything_is_not_inactive() -> None:
    rules = ruled_by(rule(), inactivity={"after": "30d", "points": -10})
    assert changes(rules, told(title="VP")) is None
