"""Tables of older rules are renewed: persons follow today's rules, and sales gets no lead twice."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from services.scoring.change.activation import Handoff
from services.scoring.change.handing_over import HandingOver, HandOverResult
from services.scoring.change.retirement import Act
from services.scoring.routes.naming import name_profiles
from services.scoring.store.fold_tables import folds, former_ids
from services.scoring.store.tables import identities, scores
from shared.database.engine import Database
from shared.errors import NotFound
from shared.identity import Identity
from tests.cast import ANA_AT_FIRM, ANA_IN_BRACKETS, BEN_AT_FIRM, THE_COOKIE, UNDEFINED, VISITS
from tests.worlds.renewal import NEW, OLD, RenewalWorld, Rules, by, open_renewal
from tests.worlds.replay import play_history


async def test_a_renewal_separates_people_that_shared_a_placeholder(old: RenewalWorld) -> None:
    await old.world.activate(VISITS, flip_number=20)
    await old.append_and_score(by(UNDEFINED, ANA_AT_FIRM), by(UNDEFINED, BEN_AT_FIRM), by(UNDEFINED))
    assert await old.profile_id(*ANA_AT_FIRM) == await old.profile_id(*BEN_AT_FIRM)
    (lead,) = await old.lead_events()
    found = await old.renew_and_go_on()
    assert (found.profiles_before, found.profiles, found.without_identity, found.leads) == (1, 2, 1, {})
    assert [await old.world.score(Identity(*pair)) for pair in (ANA_AT_FIRM, BEN_AT_FIRM)] == [10, 10]
    assert await old.matches_the_log(), old.printed
    with pytest.raises(NotFound, match="several people") as refused:
        await old.current_id(Identity(*UNDEFINED).id)
    assert all(Identity(*pair).id in refused.value.message for pair in (ANA_AT_FIRM, BEN_AT_FIRM))
    old.world.clock.advance(days=1)
    await old.append_and_score(by(ANA_AT_FIRM, day=1))
    profile_ids = [event.profile_id for event in await old.lead_events()]
    assert profile_ids == [lead.profile_id, Identity(*ANA_AT_FIRM).id]


async def test_a_lead_that_flips_also_without_the_stranger_is_not_repeated_after_a_renewal(
    old: RenewalWorld,
) -> None:
    await old.world.activate(VISITS, flip_number=20)
    await old.append_and_score(by(UNDEFINED, ANA_AT_FIRM), by(ANA_AT_FIRM), by(UNDEFINED, BEN_AT_FIRM))
    await old.renew_and_go_on()
    old.world.clock.advance(days=1)
    await old.append_and_score(by(ANA_AT_FIRM, day=1), by(BEN_AT_FIRM, day=1))
    assert [lead.profile_id for lead in await old.lead_events()][1:] == [Identity(*BEN_AT_FIRM).id]
    assert await old.matches_the_log(), old.printed


async def test_a_renewal_joins_two_forms_of_one_mailbox_into_one_profile_and_one_lead(
    old: RenewalWorld,
) -> None:
    await old.world.activate(VISITS, flip_number=20)
    await old.append_and_score(by(ANA_AT_FIRM), by(ANA_IN_BRACKETS), by(BEN_AT_FIRM))
    former = await old.profile_id(*ANA_IN_BRACKETS)
    assert former != await old.profile_id(*ANA_AT_FIRM)
    assert await old.lead_events() == []
    assert (await old.renew_and_go_on()).leads == {"m": 1}
    assert await old.current_id(former) == await old.profile_id(*ANA_AT_FIRM) == Identity(*ANA_AT_FIRM).id
    (lead,) = await old.lead_events()
    assert (lead.profile_id, lead.score, lead.identities) == (
        Identity(*ANA_AT_FIRM).id,
        20,
        (Identity(*ANA_AT_FIRM),),
    )
    await old.append_and_score(by(ANA_IN_BRACKETS), by(ANA_AT_FIRM))
    assert len(await old.lead_events()) == 1
    assert await old.world.score(Identity(*ANA_AT_FIRM)) == 40
    assert await old.matches_the_log(), old.printed


@pytest.mark.parametrize("handoff", ["all", "none", "new_activity_only"])
async def test_a_renewal_preserves_leads_and_kept_back_cycles_under_a_new_profile_id(
    old: RenewalWorld, handoff: Handoff
) -> None:
    await old.world.activate(VISITS, flip_number=1000)
    await old.append_and_score(by(ANA_IN_BRACKETS, THE_COOKIE), by(ANA_IN_BRACKETS), by(BEN_AT_FIRM))
    await old.world.activate(VISITS, flip_number=20, handoff=handoff)
    before = await old.lead_events()
    assert len(before) == (handoff == "all")
    assert (await old.renew_and_go_on()).leads == {}
    assert await old.lead_events() == before
    assert await old.matches_the_log(), old.printed
    await old.append_and_score(by(ANA_AT_FIRM, day=1))
    assert len(await old.lead_events()) == (handoff != "none")
    diff = await old.world.activate(VISITS, flip_number=10, handoff="all")
    assert {lead.profile_id for lead in await old.lead_events()} >= {Identity(*BEN_AT_FIRM).id}
    assert diff.kept_back == (handoff == "none")
    assert len(await old.lead_events()) == 2
    assert await old.matches_the_log(), old.printed


async def test_a_profile_id_from_before_a_renewal_can_be_handed_over_and_named(
    old: RenewalWorld,
) -> None:
    await old.world.activate(VISITS, flip_number=1000)
    await old.append_and_score(
        by(ANA_IN_BRACKETS),
        by(ANA_IN_BRACKETS),
        by(BEN_AT_FIRM),
        by(UNDEFINED, BEN_AT_FIRM),
        by(UNDEFINED, THE_COOKIE),
    )
    await old.world.activate(VISITS, flip_number=20, handoff="none")
    await old.renew_and_go_on()
    ana, several = (Identity(*pair).id for pair in (ANA_IN_BRACKETS, UNDEFINED))
    order = HandingOver(old.database, old.world.clock, "m", Act("ops"), "ord_1")
    _, verdicts = await order.named([ana, several, Identity(*ANA_AT_FIRM).id])
    (lead,) = await old.lead_events()
    handed_over = HandOverResult("handed_over", Identity(*ANA_AT_FIRM).id, lead.lead_id)
    assert verdicts == [handed_over, HandOverResult("profile_unknown"), handed_over]
    names = await old.database.read(
        lambda connection: name_profiles(connection, [ana, several], old.world.clock.now())
    )
    assert {profile_id: name.identity for profile_id, name in names.items()} == {ana: Identity(*ANA_AT_FIRM)}


async def test_a_renewal_follows_identities_with_irreversible_forms_by_their_interactions(
    old: RenewalWorld,
) -> None:
    """National numbers that were taken for French numbers are Spanish: no rule turns one into the other."""
    national, french, spanish = (("phone", prefix + "600123456") for prefix in ("", "+33", "+34"))
    await old.renew_and_go_on(Rules(country="+33"))
    await old.world.activate(VISITS, flip_number=20)
    await old.append_and_score(by(national), by(national))
    assert await old.profile_id(*french) == Identity(*french).id
    assert len(await old.lead_events()) == 1
    await old.renew_and_go_on(Rules(country="+34"))
    assert await old.current_id(Identity(*french).id) == Identity(*spanish).id
    await old.append_and_score(by(national), by(spanish))
    assert len(await old.lead_events()) == 1
    assert await old.matches_the_log(), old.printed
    await old.renew_and_go_on(Rules())
    assert await old.current_id(Identity(*french).id) == Identity(*spanish).id
    assert not await old.world.are_one(Identity(*national), Identity(*spanish))
    assert await old.matches_the_log(), old.printed
    await old.append_and_score(by(national))
    assert len(await old.lead_events()) == 1, "what they did was why the lead flipped"


async def test_the_id_of_a_removed_identity_leads_to_the_profile_that_had_the_identity(
    old: RenewalWorld,
) -> None:
    phone = ("phone", "<600123456>")
    await old.append_and_score(by(ANA_AT_FIRM, phone), by(BEN_AT_FIRM))
    former = Identity(*phone).id
    assert await old.current_id(former) == await old.profile_id(*ANA_AT_FIRM)
    await old.renew_and_go_on(Rules(placeholders=(phone[1],)))
    assert await old.current_id(former) == Identity(*ANA_AT_FIRM).id
    with pytest.raises(NotFound, match="There is no profile"):
        await old.current_id("0" * 32)


async def test_a_second_renewal_changes_nothing(old: RenewalWorld) -> None:
    await old.world.activate(VISITS, flip_number=20)
    await old.append_and_score(
        by(UNDEFINED, ANA_IN_BRACKETS), by(UNDEFINED, BEN_AT_FIRM), by(ANA_AT_FIRM), by(ANA_AT_FIRM)
    )
    await old.renew_and_go_on()
    leads, before = await old.lead_events(), await old.table_contents()
    assert (await old.renew_and_go_on()).leads == {}
    assert await old.table_contents() == before
    assert await old.lead_events() == leads


async def test_a_renewal_without_new_rules_reproduces_the_tables_of_a_full_history(
    database: Database, tmp_path: Path
) -> None:
    """Corrections, separations, machines, a changed matrix: none of them is lost by a renewal."""
    async with open_renewal(database, tmp_path, NEW) as running:
        await play_history(running)
        await running.world.let_time_pass()
        before = await running.table_contents()
        await running.adjust(await running.profile_id("email", "ana@example.com"), 3)
        adjusted = await running.table_contents()
        assert adjusted != before
        assert (await running.renew_and_go_on()).leads == {}
        assert await running.table_contents() == adjusted, "what is only on its way to the log too"
        await running.relay_outbox()
        await running.append_and_score()
        assert await running.table_contents() == adjusted
        assert await running.matches_the_log(), running.printed


async def test_the_check_reports_tables_of_older_rules_in_one_sentence(old: RenewalWorld) -> None:
    await old.append_and_score(by(ANA_AT_FIRM), by(ANA_IN_BRACKETS))
    assert await old.matches_the_log(), old.printed
    old.go_on(NEW)
    assert not await old.matches_the_log()
    assert "other forms of identities" in old.printed
    assert "`flipline renew`" in old.printed
    assert "differ" not in old.printed
    await old.execute(sa.delete(folds))
    assert not await old.matches_the_log()
    assert "older version of Flipline (fold 1;" in old.printed
    await old.renew_and_go_on()
    assert await old.matches_the_log(), old.printed
    assert "Nothing differs" in old.printed


async def test_empty_tables_take_the_fold_of_the_first_events(old: RenewalWorld) -> None:
    assert await old.matches_the_log(), old.printed
    old.go_on(NEW)
    await old.append_and_score(by(ANA_AT_FIRM))
    assert await old.matches_the_log(), old.printed
    old.go_on(OLD)
    await old.append_and_score(by(ANA_AT_FIRM))
    assert not await old.matches_the_log()
    assert "other forms of identities" in old.printed


async def test_events_in_older_forms_count_for_the_profile_of_the_current_form(old: RenewalWorld) -> None:
    old.go_on(NEW)
    await old.append_and_score(
        by(ANA_IN_BRACKETS), by(UNDEFINED), by(UNDEFINED, ANA_AT_FIRM), by(ANA_AT_FIRM)
    )
    assert [row[2] for row in await old.world.table_rows(identities)] == [ANA_AT_FIRM[1]]
    assert len(await old.world.table_rows(former_ids)) == 0
    assert len(await old.world.table_rows(scores)) == 0
    assert await old.matches_the_log(), old.printed
    assert "Messages without a valid identity under the present rules: 1." in old.printed
