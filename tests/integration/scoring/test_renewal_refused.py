"""A renewal that cannot be complete changes nothing, whatever the log lacks and wherever it stops."""

import sqlite3
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from services.scoring.rebuild.renewal import newly_qualified
from services.scoring.store.rebuild import replacement
from services.scoring.store.tables import identities
from shared.database.engine import Database
from shared.errors import Conflict
from shared.events import INTERACTIONS, Separation
from shared.identity import Identity
from tests.cast import ANA_AT_FIRM, ANA_IN_BRACKETS, THE_COOKIE, UNDEFINED, VISITS
from tests.support.builders import NOON, rule
from tests.support.log import messages_on
from tests.support.meanwhile import just_before
from tests.worlds.renewal import NEW, RenewalWorld, by, open_renewal


@pytest.fixture
async def old(database: Database, tmp_path: Path) -> AsyncIterator[RenewalWorld]:
    async with open_renewal(database, tmp_path) as opened:
        await opened.world.activate(VISITS, flip_number=20)
        await opened.append_and_score(
            *(by(who) for who in (ANA_AT_FIRM, ANA_IN_BRACKETS, UNDEFINED, THE_COOKIE))
        )
        await opened.append_and_score(
            Separation(
                id="apart", identities=(Identity(*ANA_AT_FIRM),), others=(Identity(*ANA_IN_BRACKETS),),
                reason="two", author="ops", separated_at=NOON,
            ),
            by(THE_COOKIE, type="like"),
        )  # fmt: skip
        await opened.relay_outbox()
        yield opened


def lose(file: Path, *offsets: int) -> None:
    """Remove records from an embedded log, as no retention of ours does."""
    with sqlite3.connect(file) as log:
        log.executemany('delete from record where "offset" = ?', [(one,) for one in offsets])
    log.close()


@pytest.mark.parametrize("which", ["the first", "one in the middle", "a correction", "the last", "all"])
async def test_a_renewal_with_an_incomplete_log_is_refused_and_changes_nothing(
    old: RenewalWorld, tmp_path: Path, which: str
) -> None:
    offsets = [message.offset for message in await messages_on(old.log, INTERACTIONS)]
    chosen = {"the first": offsets[:1], "one in the middle": offsets[1:2], "a correction": offsets[4:5],
              "the last": offsets[-1:], "all": offsets}[which]  # fmt: skip
    lose(tmp_path / "log.sqlite", *chosen)
    before = await old.all_rows(), await old.table_contents()
    with pytest.raises(Conflict, match="Nothing was changed") as refused:
        await old.renew()
    assert refused.value.code == "log_incomplete"
    assert "log" in refused.value.message
    assert (await old.all_rows(), await old.table_contents()) == before
    # Without the record before its position a worker refuses the log by itself.
    if offsets[-1] not in chosen:
        await old.append_and_score(by(ANA_AT_FIRM), by(ANA_AT_FIRM))
        assert len(await old.lead_events()) == 1, "it goes on as before"


async def test_an_event_with_only_placeholders_does_not_make_the_log_incomplete(old: RenewalWorld) -> None:
    """Only the log and the old tables have an event without identities, or a separation without two sides."""
    found = await old.renew_and_go_on()
    assert (found.without_identity, found.profiles) == (2, 2)
    assert await old.matches_the_log(), old.printed


async def test_a_renewal_that_stops_at_any_table_changes_nothing(
    old: RenewalWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace: Any = replacement.replace
    before = await old.all_rows(), await old.table_contents()
    for stop in replacement.REPLACED:

        async def stopped(connection: Any, rebuilt: Any, table: Any, at: Any = stop) -> None:
            await replace(connection, rebuilt, table)
            if table is at:
                raise ZeroDivisionError

        monkeypatch.setattr(replacement, "replace", stopped)
        with pytest.raises(ZeroDivisionError):
            await old.renew()
        assert (await old.all_rows(), await old.table_contents()) == before, stop.name
    monkeypatch.undo()
    await old.renew_and_go_on()
    assert await old.matches_the_log(), old.printed


async def test_a_renewal_is_refused_when_a_version_is_activated_meanwhile(
    old: RenewalWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    likes = rule("likes", 5, when={"type": "like"})
    just_before(monkeypatch, newly_qualified, "find", partial(old.world.activate, likes, flip_number=5))
    with pytest.raises(Conflict) as refused:
        await old.renew()
    assert refused.value.code == "versions_changed"
    assert ANA_IN_BRACKETS[1] in {row[2] for row in await old.world.table_rows(identities)}
    await old.renew_and_go_on()
    assert await old.matches_the_log(), old.printed


async def test_one_of_two_concurrent_renewals_changes_the_tables(
    old: RenewalWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    just_before(monkeypatch, newly_qualified, "find", old.renew)
    with pytest.raises(Conflict) as refused:
        await old.renew()
    assert refused.value.code == "renewed_meanwhile"
    old.go_on(NEW)
    assert await old.matches_the_log(), old.printed
