"""The day on which a profile crossed the flip number because a loss faded."""

import pytest

from services.scoring.core.pricing import crossing
from services.scoring.core.pricing.price import ScoreInput
from services.scoring.core.pricing.scores import points
from services.scoring.matrix.matrix import Matrix
from tests.support.builders import interaction, rule
from tests.unit.scoring.core.pricing.test_crossing import LEAVES, crossed
from tests.unit.scoring.known import TODAY, ruled_by


def test_a_fading_loss_flips_a_profile_on_a_day_without_events() -> None:
    """30 - 10 * 2 ** (-days / 10) first exceeds 25 on the eleventh day, for on the tenth it is just 25."""
    rules = ruled_by(rule(points=30), rule("leaves", -10, when=LEAVES, half_life="10d"), flip_number=25.1)
    assert crossed(rules, interaction(), interaction("email_unsubscribe")) == 11
    assert crossed(rules, interaction(), interaction("email_unsubscribe"), until=11) == 11
    assert crossed(rules, interaction(), interaction("email_unsubscribe"), until=10) is None


def test_a_loss_that_leaves_its_window_flips_a_profile() -> None:
    rules = ruled_by(rule(points=30), rule("leaves", -10, when=LEAVES, window="10d"))
    assert crossed(rules, interaction(), interaction("email_unsubscribe")) == 10


def test_a_fading_loss_never_flips_a_profile_before_the_first_known_day() -> None:
    rules = ruled_by(
        rule("leaves", -1, when=LEAVES, half_life="10d"),
        traits=[{"id": "reachable", "when": {"email": {"exists": True}}, "points": 30}],
    )
    assert crossed(rules, interaction("email_unsubscribe", day=5)) == 5


def test_days_on_which_too_little_can_have_faded_are_not_priced(monkeypatch: pytest.MonkeyPatch) -> None:
    """30 - 10 * 2 ** (-days / 3660) reaches 25 after a half-life: it is found without a walk to it."""
    priced_days: list[int] = []

    def noted(known: ScoreInput, matrix: Matrix, day: int) -> float:
        priced_days.append(day - TODAY)
        return points(known, matrix, day)

    monkeypatch.setattr(crossing, "points", noted)
    rules = ruled_by(rule(points=30), rule("leaves", -10, when=LEAVES, half_life="3660d"), flip_number=25)
    assert crossed(rules, interaction(), interaction("email_unsubscribe"), until=9_000) == 3_660
    assert set(priced_days) <= {0, 3_658, 3_659, 3_660}


@pytest.mark.parametrize("points_of_loss", [-10, -1000])
def test_a_fading_loss_is_bounded_by_its_cap(points_of_loss: float) -> None:
    rules = ruled_by(rule(points=30), rule("leaves", points_of_loss, when=LEAVES, half_life="10d", cap=8))
    day = crossed(rules, interaction(), interaction("email_unsubscribe"), until=1_000)
    left = [-points_of_loss * 2 ** (-later / 10) for later in range(1_000)]
    assert day == next(later for later, taken in enumerate(left) if taken <= 5.0005)
