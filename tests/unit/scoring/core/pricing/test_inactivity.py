"""Inactivity: the last day with a human interaction, for each of several profiles."""

import pytest

from services.scoring.core.counting.columns import Columns
from services.scoring.core.counting.counts import ACTIVITY, NONE
from services.scoring.core.pricing.inactivity import idle, last_active
from tests.support.builders import rule
from tests.unit.scoring.columns import counts_of, once
from tests.unit.scoring.known import TODAY, ruled_by


@pytest.mark.parametrize(
    ("day", "last"), [(-1, {}), (0, {0: 0}), (4, {0: 0}), (5, {0: 5}), (8, {0: 5, 3: 7}), (9, {0: 5, 3: 9})]
)
def test_last_active_returns_the_latest_day_up_to_the_requested_day(day: int, last: dict[int, int]) -> None:
    """The second profile has no interactions, and those of the third are on a later day."""
    profiles = [once(TODAY + 5, TODAY), {}, once(TODAY + 10), once(TODAY + 7, TODAY + 9)]
    columns = Columns([counts_of(days, ACTIVITY) for days in profiles], [ACTIVITY])
    places, days = last_active(columns, TODAY + day)
    assert {index: on - TODAY for index, on in zip(places.tolist(), days.tolist(), strict=True)} == last


def test_only_profiles_that_were_inactive_long_enough_lose_points() -> None:
    inactivity = ruled_by(
        rule(), inactivity={"after": "3d", "points": -2, "every": "2d", "floor": -5}
    ).inactivity
    assert inactivity is not None
    profiles = [counts_of(once(TODAY - ago), ACTIVITY) for ago in (2, 3, 4, 5, 7, 100)]
    found = idle(Columns([*profiles, NONE], [ACTIVITY]), inactivity, TODAY)
    assert [column.tolist() for column in found] == [
        [1, 2, 3, 4, 5], [3, 4, 5, 7, 100], [1, 1, 2, 3, 49], [-2, -2, -4, -5, -5],
    ]  # fmt: skip
