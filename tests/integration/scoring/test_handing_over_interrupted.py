"""A hand-over of all profiles stops half-way: its leads stay, and another hand-over does the rest."""

from typing import Any

import pytest

from services.scoring.change import handing_over, pages
from services.scoring.change.activation import Activation, activate
from services.scoring.store import cycles
from services.scoring.store.tables import handovers
from shared.errors import Conflict, Unavailable
from tests.integration.scoring.handed_over import crowd_kept_back, order, retired, statuses, told
from tests.worlds.scoring import ScoringWorld


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(pages, "RETRY_SECONDS", 0.005)


async def test_a_handoff_stops_when_its_model_is_retired_and_reports_the_number_handed_over(
    world: ScoringWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handing_over, "PAGE", 2)
    everyone = await crowd_kept_back(world, 7)
    left = iter(range(2))

    async def then_it_is_retired(_pages: pages.Pages) -> None:
        if next(left, None) is None:
            await retired(world)

    with monkeypatch.context() as patched:
        patched.setattr(pages.Pages, "let_others_write", then_it_is_retired)
        with pytest.raises(Conflict, match="6 were handed over until then") as refused:
            await order(world).all_qualified(2)
    assert refused.value.code == "model_retired"
    assert await told(world) == everyone[:6]
    assert [row[-3:] for row in await world.table_rows(handovers)] == [(6, 7, 6)]
    await activate(world.database, world.clock, "m", Activation("all", version=2))
    assert await told(world) == everyone


async def test_a_repeated_handoff_completes_the_work_after_a_crash(
    world: ScoringWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handing_over, "PAGE", 2)
    everyone = await crowd_kept_back(world, 7)
    hand_over, left = cycles.hand_over, iter(range(2))

    def fails_in_the_third(*arguments: Any) -> None:
        hand_over(*arguments)
        if next(left, None) is None:
            raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(cycles, "hand_over", fails_in_the_third)
        with pytest.raises(ZeroDivisionError):
            await order(world).all_qualified(2)
    assert await told(world) == everyone[:4]
    diff = await order(world).all_qualified(2)
    assert (diff.already_handed_over, diff.kept_back, diff.handed_over_now) == (4, 3, 3)
    assert await told(world) == everyone
    assert [row[-3:] for row in await world.table_rows(handovers)] == [(4, 7, 4), (3, 3, 3)]


async def test_a_handoff_gives_up_after_repeated_races_and_reports_the_number_handed_over(
    world: ScoringWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handing_over, "PAGE", 2)
    monkeypatch.setattr(pages, "MAX_RETRIES_IN_A_ROW", 3)
    everyone = await crowd_kept_back(world, 5)
    write = handing_over.counts.write

    def is_disturbed(connection: Any, changed: dict[str, Any]) -> None:
        if everyone[4] in changed:
            raise Unavailable("counts_race", "Another worker has just changed the same counts.")
        write(connection, changed)

    with monkeypatch.context() as patched:
        patched.setattr(handing_over.counts, "write", is_disturbed)
        with pytest.raises(Unavailable, match="4 were handed over until then"):
            await order(world).all_qualified(2)
    assert await statuses(world, *everyone) == ["already_handed_over"] * 4 + ["handed_over"]
