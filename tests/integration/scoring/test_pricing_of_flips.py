"""How often a flip is priced: with its batch, by columns, and once more with the reasons of its lead."""

import sys
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from services.scoring.core.counting.columns import Columns
from services.scoring.core.pricing.over_time import sums_over
from services.scoring.core.pricing.rule_points import rule_lines
from shared.database.engine import Database
from shared.events import LeadQualified
from tests.support.builders import interaction, rule
from tests.worlds.scoring import ScoringWorld

LIKES = rule("likes", 5, when={"type": "like"})
PROFILES = 4


class Calls:
    """How many profiles were priced by each call: by columns, exactly, and over time."""

    def __init__(self) -> None:
        self.columns: list[int] = []
        self.by_columns: list[int] = []
        self.exactly: list[int] = []
        self.over_time: list[list[int]] = []

    def priced(self, columns: Columns, *_: Any, exact: bool = False) -> None:
        (self.exactly if exact else self.by_columns).append(columns.size)

    def priced_over(self, *arguments: Any) -> None:
        self.over_time.append(arguments[-1].tolist())


@pytest.fixture
async def world(database: Database) -> ScoringWorld:
    world = ScoringWorld(database)
    traits = [{"id": "decides", "when": {"title": {"eq": "VP"}}, "points": 5}]
    await world.activate(rule(points=10), LIKES, flip_number=25, traits=traits)
    return world


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    found = Calls()
    gather = Columns.__init__

    def gathered(self: Columns, counts: Sequence[Any], keys: Any) -> None:
        found.columns.append(len(counts))
        gather(self, counts, keys)

    monkeypatch.setattr(Columns, "__init__", gathered)
    _note(monkeypatch, rule_lines, found.priced)
    _note(monkeypatch, sums_over, found.priced_over)
    return found


def _note(monkeypatch: pytest.MonkeyPatch, function: Callable[..., Any], note: Callable[..., None]) -> None:
    """Call `note` with the arguments of each call of a function, whichever module makes it."""

    def noted(*arguments: Any, **more: Any) -> Any:
        note(*arguments, **more)
        return function(*arguments, **more)

    for module in list(sys.modules.values()):
        if getattr(module, function.__name__, None) is function:
            monkeypatch.setattr(module, function.__name__, noted)


def visits(times: int, *profiles: int) -> list[Any]:
    return [interaction(known_as={"email": f"p{n}@x.example"}) for n in profiles for _ in range(times)]


async def test_a_flip_is_priced_with_its_batch_and_once_with_its_reasons(
    world: ScoringWorld, calls: Calls
) -> None:
    await world.consume(*visits(3, 0, 1), *visits(1, 2, 3))
    assert len(await world.outbox_events(LeadQualified)) == 2
    assert calls.by_columns == [PROFILES]
    assert calls.exactly == [1, 1]
    assert calls.columns == [PROFILES, 1, 1]
    # Nothing was counted before the day of the flips, so no other day can be the day of crossing.
    assert calls.over_time == []


async def test_the_day_of_crossing_prices_only_the_days_before_that_of_the_flip(
    world: ScoringWorld, calls: Calls
) -> None:
    likes = [interaction("like", day=day, known_as={"email": "p0@x.example"}) for day in (-9, -4)]
    await world.consume(*likes, *visits(3, 0))
    (lead,) = await world.outbox_events(LeadQualified)
    assert (lead.score, lead.crossed_on) == (40, "2026-03-14")
    assert (calls.by_columns, calls.exactly, calls.columns) == ([1], [1], [1, 1])
    (days,) = calls.over_time
    flipped_on = world.clock.now().toordinal()
    assert days == [flipped_on - 9, flipped_on - 4]
