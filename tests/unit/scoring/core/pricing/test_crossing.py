"""The day on which a profile crossed the flip number."""

from services.scoring.core.pricing.crossing import crossed_on
from services.scoring.matrix.matrix import Matrix
from shared.events import Interaction
from tests.support.builders import interaction, rule
from tests.unit.scoring.known import TODAY, adjustment, identify, known, ruled_by

LONG_AFTER = 100
LEAVES = {"type": "email_unsubscribe"}
DECIDES = {"id": "decides", "when": {"title": {"eq": "VP"}}, "points": 30}


def crossed(rules: Matrix, *interactions: Interaction, until: int = LONG_AFTER) -> int | None:
    """The day of crossing, counted from today."""
    day = crossed_on(known(rules, *interactions), rules, TODAY + until)
    return None if day is None else day - TODAY


def test_crossed_on_is_the_earliest_day_that_reaches_the_flip_number() -> None:
    rules = ruled_by(rule(points=10), flip_number=25)
    visits = [interaction(day=day) for day in (7, 0, 3)]
    assert crossed(rules, *visits) == 7
    assert crossed(rules, *visits, until=7) == 7
    assert crossed(rules, *visits, until=6) is None


def test_reaching_the_flip_number_exactly_is_crossing() -> None:
    assert crossed(ruled_by(rule(points=25), flip_number=25), interaction()) == 0
    assert crossed(ruled_by(rule(points=24.999), flip_number=25), interaction()) is None


def test_crossed_on_remains_when_the_score_falls_later() -> None:
    rules = ruled_by(rule(points=30), rule("leaves", -20, when=LEAVES))
    assert crossed(rules, interaction(day=1), interaction("email_unsubscribe", day=5)) == 1


def test_a_profile_without_interactions_never_flips() -> None:
    assert crossed(ruled_by(rule(points=30))) is None


def test_a_score_from_derived_traits_alone_flips_on_the_last_requested_day() -> None:
    rules = ruled_by(traits=[{"id": "reachable", "when": {"email": {"exists": True}}, "points": 25}])
    assert crossed(rules, interaction(), until=6) == 6
    too_little = ruled_by(traits=[{"id": "reachable", "when": {"email": {"exists": True}}, "points": 24.9}])
    assert crossed(too_little, interaction(), until=6) is None


def test_traits_reported_after_the_last_requested_day_do_not_count() -> None:
    reachable = {"id": "reachable", "when": {"email": {"exists": True}}, "points": 20}
    later = [identify(title="VP", day=9), interaction(day=9)]
    assert crossed(ruled_by(traits=[reachable, DECIDES]), *later, until=6) is None
    assert crossed(ruled_by(traits=[reachable, DECIDES], flip_number=20), *later, until=6) == 6


def test_a_reported_trait_can_flip_a_profile_on_its_day() -> None:
    assert crossed(ruled_by(traits=[DECIDES]), identify(title="VP", day=2), interaction(day=4)) == 2


def test_an_adjustment_can_flip_a_profile() -> None:
    rules = ruled_by(rule(points=10))
    assert crossed(rules, interaction(), adjustment(15, day=4)) == 4
    assert crossed(rules, interaction(), adjustment(15, day=4, model="other")) is None


def test_a_profile_flips_on_the_day_after_a_negative_adjustment_ends() -> None:
    rules = ruled_by(rule(points=30))
    assert crossed(rules, interaction(), adjustment(-10, until="2026-03-20")) == 7


def test_days_of_human_interactions_are_checked_if_inactivity_takes_points() -> None:
    """No rule has a match, but an e-mail that is known from the start makes the score."""
    reachable = [{"id": "reachable", "when": {"email": {"exists": True}}, "points": 30}]
    idle = {"after": "10d", "points": -10}
    assert crossed(ruled_by(rule(), traits=reachable, inactivity=idle), interaction("like", day=3)) == 3
    assert crossed(ruled_by(rule(), traits=reachable), interaction("like", day=3)) == LONG_AFTER


def test_a_human_interaction_that_ends_inactivity_can_flip_a_profile() -> None:
    rules = ruled_by(rule(points=15), inactivity={"after": "10d", "points": -10})
    visits = [interaction(), interaction(day=20), interaction("like", day=20)]
    assert crossed(rules, *visits) == 20
