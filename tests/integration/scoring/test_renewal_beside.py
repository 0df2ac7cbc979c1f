"""A renewal beside live scoring: events that come meanwhile are neither lost nor applied twice."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from services.scoring.change import preparation
from services.scoring.rebuild.renewal import newly_qualified
from services.scoring.store import counts
from services.scoring.store.tables import seen_names
from shared.database.engine import Database
from shared.database.positions import Claims, positions
from shared.errors import Fenced, Unavailable
from shared.events import INTERACTIONS, LeadQualified
from shared.identity import Identity
from shared.log.port import Message, Partition, Position
from shared.process.pulse import Pulse
from tests.cast import ANA_AT_FIRM, ANA_IN_BRACKETS, BEN_AT_FIRM, THE_COOKIE, VISITS
from tests.support.builders import rule, version
from tests.support.log import messages_on
from tests.support.patience import eventually
from tests.support.tables import values
from tests.worlds.renewal import NEW, RenewalWorld, by, open_renewal


@pytest.fixture
async def old(database: Database, tmp_path: Path) -> AsyncIterator[RenewalWorld]:
    async with open_renewal(database, tmp_path) as opened:
        await opened.world.activate(VISITS, flip_number=20)
        yield opened


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Awaitable[None]]], None]:
    """Run something after the log was read and before the swap."""
    find = newly_qualified.find

    def set_(deeds: Callable[[], Awaitable[None]]) -> None:
        async def found(*files: Any) -> Any:
            await deeds()
            return await find(*files)

        monkeypatch.setattr(newly_qualified, "find", found)

    return set_


async def test_interactions_applied_during_a_renewal_are_applied_again_afterwards(
    old: RenewalWorld, meanwhile: Any
) -> None:
    await old.append_and_score(by(ANA_AT_FIRM, THE_COOKIE), by(BEN_AT_FIRM))
    before = await messages_on(old.log, INTERACTIONS)

    async def deeds() -> None:
        await old.append_and_score(by(ANA_IN_BRACKETS), by(BEN_AT_FIRM), by(BEN_AT_FIRM, type="meanwhile"))
        await old.adjust(await old.profile_id(*BEN_AT_FIRM), 3)
        await old.unmerge(await old.profile_id(*ANA_AT_FIRM), anonymous_id="cookie")

    meanwhile(deeds)
    await old.renew()
    (stands,) = await values(old.database, sa.select(positions.c.next_offset))
    assert stands == before[-1].offset + 1
    old.go_on(NEW)
    await old.relay_outbox()
    await old.append_and_score()
    assert [await old.world.score(Identity(*who)) for who in (ANA_AT_FIRM, BEN_AT_FIRM)] == [20, 23]
    assert not await old.world.are_one(Identity(*ANA_AT_FIRM), Identity(*THE_COOKIE))
    assert await old.matches_the_log(), old.printed
    assert "meanwhile" in {row[1] for row in await old.world.table_rows(seen_names)}


async def test_a_profile_that_becomes_a_lead_during_a_renewal_makes_no_second_lead(
    old: RenewalWorld, meanwhile: Any
) -> None:
    """The renewal would make a lead of her too: she has two addresses with one visit each."""
    await old.append_and_score(by(ANA_AT_FIRM), by(ANA_IN_BRACKETS))

    async def deeds() -> None:
        await old.append_and_score(by(ANA_IN_BRACKETS))
        (lead,) = await old.world.outbox_events(LeadQualified)
        assert lead.profile_id == Identity(*ANA_IN_BRACKETS).id

    meanwhile(deeds)
    assert (await old.renew()).leads == {}
    old.go_on(NEW)
    await old.append_and_score(by(ANA_AT_FIRM))
    assert len(await old.lead_events()) == 1
    assert await old.matches_the_log(), old.printed


async def test_a_worker_under_way_is_fenced_by_a_renewal_and_continues(
    old: RenewalWorld, meanwhile: Any
) -> None:
    await old.append_and_score(by(ANA_AT_FIRM))
    going = asyncio.create_task(old.follower().run(Pulse()))

    async def deeds() -> None:
        await old.append(by(ANA_IN_BRACKETS))
        await eventually(old.unread_count, lambda unread: not unread)

    meanwhile(deeds)
    await old.renew()
    await old.append(by(BEN_AT_FIRM))
    await eventually(old.unread_count, lambda unread: not unread)
    going.cancel()
    await asyncio.gather(going, return_exceptions=True)
    found = await old.table_contents()
    assert sum(found["ledger"].values()) == 3


async def test_a_batch_under_a_claim_from_before_the_renewal_is_fenced(old: RenewalWorld) -> None:
    await old.append_and_score(by(ANA_AT_FIRM))
    claims = Claims(old.database, "scoring")
    partition = Partition(INTERACTIONS, 0)
    stored = await claims.stored(partition)
    assert isinstance(stored, Position)
    await claims.claim(partition, stored.log_id or "")
    await old.renew()
    with pytest.raises(Fenced):
        await old.database.unit(
            lambda connection: claims.advance(connection, [Message(partition, stored.next_offset, b"")])
        )


async def test_a_half_prepared_version_continues_after_a_renewal(old: RenewalWorld) -> None:
    await old.append_and_score(
        by(ANA_AT_FIRM), by(ANA_IN_BRACKETS), *(by(BEN_AT_FIRM, type="share") for _ in range(3))
    )
    shares = replace(version(VISITS, rule("shares", 4, when={"type": "share"}), flip_number=10), number=2)

    def started(connection: sa.Connection) -> preparation.Phase:
        preparation.start(connection, shares, old.world.clock.now())
        return preparation.advance(connection, "m", old.world.clock.now(), 1)

    def advanced(connection: sa.Connection) -> preparation.Phase:
        return preparation.advance(connection, "m", old.world.clock.now(), 10)

    assert await old.database.unit(started) == preparation.COUNTING
    await old.renew_and_go_on()
    while await old.database.unit(advanced) != preparation.READY:
        pass
    kept = {(row[0], row[2]): row[3] for row in await old.world.score_rows()}
    ana, ben = Identity(*ANA_AT_FIRM).id, Identity(*BEN_AT_FIRM).id
    assert kept == {(ana, 1): 20, (ana, 2): 20, (ben, 1): 0, (ben, 2): 12}


async def test_counts_read_before_a_renewal_cannot_be_written_after_the_renewal(old: RenewalWorld) -> None:
    await old.append_and_score(by(ANA_AT_FIRM))
    person = await old.world.profile(Identity(*ANA_AT_FIRM))
    await old.renew_and_go_on()
    with pytest.raises(Unavailable):
        await old.database.unit(lambda connection: counts.write(connection, person.counts_by_identity))
