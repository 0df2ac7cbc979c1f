"""Tables of older rules, renewed: who is who under today's rules, and that sales hears nothing twice."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.scoring.change.handing_over import HandingOver, HandOverResult
from services.scoring.change.retirement import Act
from services.scoring.routes.naming import name_profiles
from services.scoring.store.fold_tables import folds, former_ids
from services.scoring.store.tables import identities, scores
from shared.database.engine import Database
from shared.errors import NotFound
from shared.identity import Identity
from tests.support.builders import rule
from tests.worlds.renewal import NEW, OLD, RenewalWorld, Rules, by, open_renewal
from tests.worlds.replay import play_history

ANA, ANA_IN_BRACKETS = ("email", "ana@firm.example"), ("email", "<ana@firm.example>")
BEN, UNDEFINED = ("email", "ben@firm.example"), ("user_id", "undefined")
COOKIE = ("anonymous_id", "cookie")
VISITS = rule("visits", 10)


@pytest.fixture
async def old(database: Database, tmp_path: Path) -> AsyncIterator[RenewalWorld]:
    async with open_renewal(database, tmp_path) as opened:
        yield opened


async def test_strangers_who_shared_a_value_that_names_nobody_come_apart(old: RenewalWorld) -> None:
    await old.world.activated(VISITS, flip_number=20)
    await old.scored(by(UNDEFINED, ANA), by(UNDEFINED, BEN), by(UNDEFINED))
    assert await old.profile(*ANA) == await old.profile(*BEN)
    (lead,) = await old.leads()
    found = await old.renewed()
    assert (found.profiles_before, found.profiles, found.nobody, found.leads) == (1, 2, 1, {})
    assert [await old.world.score(Identity(*who)) for who in (ANA, BEN)] == [10, 10]
    assert await old.is_what_the_log_says(), old.told
    with pytest.raises(NotFound, match="several people") as refused:
        await old.led_to(Identity(*UNDEFINED).id)
    assert all(Identity(*who).id in refused.value.message for who in (ANA, BEN))
    old.world.clock.advance(days=1)
    await old.scored(by(ANA, day=1))
    assert [one.profile_id for one in await old.leads()] == [lead.profile_id, Identity(*ANA).id]


async def test_who_would_have_flipped_without_the_stranger_is_no_lead_again(old: RenewalWorld) -> None:
    await old.world.activated(VISITS, flip_number=20)
    await old.scored(by(UNDEFINED, ANA), by(ANA), by(UNDEFINED, BEN))
    await old.renewed()
    old.world.clock.advance(days=1)
    await old.scored(by(ANA, day=1), by(BEN, day=1))
    assert [one.profile_id for one in await old.leads()][1:] == [Identity(*BEN).id]
    assert await old.is_what_the_log_says(), old.told


async def test_one_mailbox_under_two_forms_becomes_one_person_and_one_lead(old: RenewalWorld) -> None:
    await old.world.activated(VISITS, flip_number=20)
    await old.scored(by(ANA), by(ANA_IN_BRACKETS), by(BEN))
    former = await old.profile(*ANA_IN_BRACKETS)
    assert former != await old.profile(*ANA)
    assert await old.leads() == []
    assert (await old.renewed()).leads == {"m": 1}
    assert await old.led_to(former) == await old.profile(*ANA) == Identity(*ANA).id
    (lead,) = await old.leads()
    assert (lead.profile_id, lead.score, lead.identities) == (Identity(*ANA).id, 20, (Identity(*ANA),))
    await old.scored(by(ANA_IN_BRACKETS), by(ANA))
    assert len(await old.leads()) == 1
    assert await old.world.score(Identity(*ANA)) == 40
    assert await old.is_what_the_log_says(), old.told


@pytest.mark.parametrize("handoff", ["all", "none", "new_activity_only"])
async def test_who_is_a_lead_or_was_kept_from_sales_stays_so_under_another_id(
    old: RenewalWorld, handoff: str
) -> None:
    await old.world.activated(VISITS, flip_number=1000)
    await old.scored(by(ANA_IN_BRACKETS, COOKIE), by(ANA_IN_BRACKETS), by(BEN))
    await old.world.activated(VISITS, flip_number=20, handoff=handoff)
    before = await old.leads()
    assert len(before) == (handoff == "all")
    assert (await old.renewed()).leads == {}
    assert await old.leads() == before
    assert await old.is_what_the_log_says(), old.told
    await old.scored(by(ANA, day=1))
    assert len(await old.leads()) == (handoff != "none")
    diff = await old.world.activated(VISITS, flip_number=10, handoff="all")
    assert {one.profile_id for one in await old.leads()} >= {Identity(*BEN).id}
    assert diff.kept_back == (handoff == "none")
    assert len(await old.leads()) == 2
    assert await old.is_what_the_log_says(), old.told


async def test_an_id_from_before_a_renewal_is_handed_over_and_named_as_the_person_of_today(
    old: RenewalWorld,
) -> None:
    await old.world.activated(VISITS, flip_number=1000)
    await old.scored(
        by(ANA_IN_BRACKETS), by(ANA_IN_BRACKETS), by(BEN), by(UNDEFINED, BEN), by(UNDEFINED, COOKIE)
    )
    await old.world.activated(VISITS, flip_number=20, handoff="none")
    await old.renewed()
    ana, several = (Identity(*who).id for who in (ANA_IN_BRACKETS, UNDEFINED))
    order = HandingOver(old.database, old.world.clock, "m", Act("ops"), "ord_1")
    _, verdicts = await order.named([ana, several, Identity(*ANA).id])
    (lead,) = await old.leads()
    handed_over = HandOverResult("handed_over", Identity(*ANA).id, lead.lead_id)
    assert verdicts == [handed_over, HandOverResult("profile_unknown"), handed_over]
    names = await old.database.read(
        lambda connection: name_profiles(connection, [ana, several], old.world.clock.now())
    )
    assert {one: name.identity for one, name in names.items()} == {ana: Identity(*ANA)}


async def test_forms_that_cannot_be_told_back_are_followed_by_what_they_did(old: RenewalWorld) -> None:
    """National numbers that were taken for French ones are Spanish: no rule makes one of the other."""
    national, french, spanish = (("phone", prefix + "600123456") for prefix in ("", "+33", "+34"))
    await old.renewed(Rules(country="+33"))
    await old.world.activated(VISITS, flip_number=20)
    await old.scored(by(national), by(national))
    assert await old.profile(*french) == Identity(*french).id
    assert len(await old.leads()) == 1
    await old.renewed(Rules(country="+34"))
    assert await old.led_to(Identity(*french).id) == Identity(*spanish).id
    await old.scored(by(national), by(spanish))
    assert len(await old.leads()) == 1
    assert await old.is_what_the_log_says(), old.told
    await old.renewed(Rules())
    assert await old.led_to(Identity(*french).id) == Identity(*spanish).id
    assert not await old.world.are_one(Identity(*national), Identity(*spanish))
    assert await old.is_what_the_log_says(), old.told
    await old.scored(by(national))
    assert len(await old.leads()) == 1, "what they did was why the lead flipped"


async def test_an_id_of_a_person_whose_every_name_is_gone_leads_to_who_they_were_with(
    old: RenewalWorld,
) -> None:
    phone = ("phone", "<600123456>")
    await old.scored(by(ANA, phone), by(BEN))
    former = Identity(*phone).id
    assert await old.led_to(former) == await old.profile(*ANA)
    await old.renewed(Rules(nobody=(phone[1],)))
    assert await old.led_to(former) == Identity(*ANA).id
    with pytest.raises(NotFound, match="There is no profile"):
        await old.led_to("0" * 32)


async def test_a_second_renewal_changes_nothing(old: RenewalWorld) -> None:
    await old.world.activated(VISITS, flip_number=20)
    await old.scored(by(UNDEFINED, ANA_IN_BRACKETS), by(UNDEFINED, BEN), by(ANA), by(ANA))
    await old.renewed()
    leads, before = await old.leads(), await old.tables()
    assert (await old.renewed()).leads == {}
    assert await old.tables() == before
    assert await old.leads() == leads


async def test_a_history_of_all_there_is_is_renewed_to_what_it_was(
    database: Database, tmp_path: Path
) -> None:
    """Corrections, separations, machines, a matrix that was changed: nothing of it is lost on the way."""
    async with open_renewal(database, tmp_path, NEW) as running:
        await play_history(running)
        await running.world.passed()
        before = await running.tables()
        await running.adjusted(await running.profile("email", "ana@example.com"), 3)
        adjusted = await running.tables()
        assert adjusted != before
        assert (await running.renewed()).leads == {}
        assert await running.tables() == adjusted, "what is only on its way to the log too"
        await running.relayed()
        await running.scored()
        assert await running.tables() == adjusted
        assert await running.is_what_the_log_says(), running.told


async def test_tables_of_older_rules_are_told_of_in_one_sentence(old: RenewalWorld) -> None:
    await old.scored(by(ANA), by(ANA_IN_BRACKETS))
    assert await old.is_what_the_log_says(), old.told
    old.went_on(NEW)
    assert not await old.is_what_the_log_says()
    assert "other forms of identities" in old.told
    assert "`flipline renew`" in old.told
    assert "differ" not in old.told
    await old.changed(sa.delete(folds))
    assert not await old.is_what_the_log_says()
    assert "older version of Flipline (fold 1;" in old.told
    await old.renewed()
    assert await old.is_what_the_log_says(), old.told
    assert "Nothing differs" in old.told


async def test_empty_tables_are_of_the_fold_that_fills_them(old: RenewalWorld) -> None:
    assert await old.is_what_the_log_says(), old.told
    old.went_on(NEW)
    await old.scored(by(ANA))
    assert await old.is_what_the_log_says(), old.told
    old.went_on(OLD)
    await old.scored(by(ANA))
    assert not await old.is_what_the_log_says()
    assert "other forms of identities" in old.told


async def test_events_in_older_forms_count_for_who_is_meant_today(old: RenewalWorld) -> None:
    old.went_on(NEW)
    await old.scored(by(ANA_IN_BRACKETS), by(UNDEFINED), by(UNDEFINED, ANA), by(ANA))
    assert [row[2] for row in await old.world.rows(identities)] == [ANA[1]]
    assert len(await old.world.rows(former_ids)) == 0
    assert len(await old.world.rows(scores)) == 0
    assert await old.is_what_the_log_says(), old.told
    assert "Messages about nobody, by the forms of identities that hold now: 1." in old.told
