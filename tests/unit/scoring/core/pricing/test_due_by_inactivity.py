"""The day on which inactivity may take points next."""

import pytest

from tests.support.builders import interaction, rule
from tests.unit.scoring.core.pricing.test_due import changes
from tests.unit.scoring.known import identify, ruled_by


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


def test_inactivity_is_due_after_the_last_human_interaction() -> None:
    rules = ruled_by(rule(), inactivity={"after": "30d", "points": -10})
    done = [interaction("like"), interaction("like", day=5), interaction("like", day=50)]
    assert changes(rules, *done, after=5) == 35
    assert changes(rules, *done, after=35) == 50
    assert changes(rules, *done, after=50) == 80


def test_inactivity_is_not_due_without_a_human_interaction() -> None:
    rules = ruled_by(rule(), inactivity={"after": "30d", "points": -10})
    assert changes(rules, identify(title="VP")) is None
