"""The leads of people who were taken for one person and separated: each person has its own cycles."""

from collections.abc import Sequence

import pytest
from sqlalchemy import Connection

from services.scoring.change.preview import preview
from services.scoring.live.corrections import Corrections, Note, undone
from services.scoring.matrix.reading import stored_matrix
from services.scoring.matrix.version import Version
from services.scoring.store.selection import Selection
from services.scoring.store.tables import cycle_identities
from shared.events import Interaction, LeadQualified
from shared.identity import Identity
from shared.ids import new_id
from tests.cast import ANA, VISITS
from tests.support.builders import identities, interaction, rule
from tests.worlds.scoring import ScoringWorld

# A profile has the least id of its identities, so the profile of both has the id of the cookie.
COOKIE = next(
    one for number in range(100) for one in identities(anonymous_id=f"cookie-{number}") if one.id < ANA.id
)
USER, OTHER_USER = (identities(user_id=name)[0] for name in ("ana", "ben"))
PHONE = identities(phone="+4912345")[0]
NOTE = Note("a library's computer", "Olga")


def visits(times: int, *by: Identity, day: int = 0) -> list[Interaction]:
    return [interaction(day=day, known_as=_known_as(*by)) for _ in range(times)]


def told_to_be_one(*who: Identity, day: int = 0) -> Interaction:
    return interaction("identify", day=day, known_as=_known_as(*who))


def _known_as(*who: Identity) -> dict[str, str]:
    return {one.kind: one.value for one in who}


async def separated(world: ScoringWorld) -> None:
    correct = Corrections(world.scorer, world.clock, new_id)
    await world.database.unit(lambda connection: correct.unmerge(connection, COOKIE.id, [COOKIE], NOTE))


async def leads(world: ScoringWorld) -> Sequence[tuple[str, int]]:
    """Return profile and cycle of all leads that sales got; their lead ids differ."""
    told = await world.outbox_events(LeadQualified)
    assert len({one.lead_id for one in told}) == len(told)
    return [(one.profile_id, one.cycle) for one in told]


async def flipped_by_ana(world: ScoringWorld) -> None:
    """Have Ana alone earn the lead of the profile of both, and separate them."""
    await world.consume(*visits(3, ANA, COOKIE))
    assert await leads(world) == [(COOKIE.id, 1)]
    await separated(world)
    assert [await world.score(one) for one in (ANA, COOKIE)] == [30, 0]


async def flipped_by_both(world: ScoringWorld, *others: Identity) -> None:
    """Have two visits of each earn a lead, with those of the others, and separate the cookie from them."""
    await world.consume(*visits(2, ANA), *visits(2, COOKIE), told_to_be_one(ANA, COOKIE, *others))
    assert await leads(world) == [(COOKIE.id, 1)]
    await separated(world)


async def test_after_an_unmerge_only_the_profile_that_did_not_earn_the_lead_becomes_a_new_lead(
    world: ScoringWorld,
) -> None:
    await world.activate(VISITS, flip_number=30)
    await flipped_by_ana(world)
    await world.consume(*visits(1, ANA))
    assert len(await leads(world)) == 1
    world.clock.advance(days=1)
    await world.consume(*visits(2, COOKIE, day=1))
    assert len(await leads(world)) == 1
    await world.consume(*visits(1, COOKIE, day=1))
    assert await leads(world) == [(COOKIE.id, 1), (COOKIE.id, 2)]
    await world.consume(*visits(1, COOKIE, day=1), *visits(1, ANA, day=1))
    await world.let_time_pass(days=1000)
    assert len(await leads(world)) == 2


async def test_after_an_unmerge_both_profiles_can_become_leads_if_neither_earned_the_lead_alone(
    world: ScoringWorld,
) -> None:
    await world.activate(VISITS, flip_number=30)
    await flipped_by_both(world)
    assert [await world.score(one) for one in (ANA, COOKIE)] == [20, 20]
    world.clock.advance(days=1)
    await world.consume(*visits(1, ANA, day=1), *visits(1, COOKIE, day=1))
    assert sorted(await leads(world)) == sorted([(COOKIE.id, 1), (COOKIE.id, 2), (ANA.id, 2)])
    await world.consume(*visits(1, ANA, day=1), *visits(1, COOKIE, day=1))
    assert len(await leads(world)) == 3


async def test_after_an_unmerge_no_profile_becomes_a_new_lead_if_each_earned_the_lead_alone(
    world: ScoringWorld,
) -> None:
    await world.activate(VISITS, flip_number=30)
    await world.consume(*visits(3, ANA, COOKIE))
    await world.consume(*visits(3, COOKIE))
    await separated(world)
    world.clock.advance(days=1)
    await world.consume(*visits(1, ANA, day=1), *visits(1, COOKIE, day=1))
    assert await leads(world) == [(COOKIE.id, 1)]


async def test_an_unmerged_profile_is_judged_by_all_of_its_remaining_identities(
    world: ScoringWorld,
) -> None:
    await world.activate(VISITS, flip_number=30)
    await world.consume(*visits(1, PHONE))
    await flipped_by_both(world, PHONE)
    assert await world.are_one(ANA, PHONE)
    world.clock.advance(days=1)
    await world.consume(*visits(1, ANA, day=1), *visits(1, COOKIE, day=1))
    assert await leads(world) == [(COOKIE.id, 1), (COOKIE.id, 2)]


@pytest.mark.parametrize("meanwhile", [0, 1])
async def test_a_profile_merged_again_has_all_cycles_and_becomes_no_new_lead(
    world: ScoringWorld, meanwhile: int
) -> None:
    """Earlier evidence gives the cookie to another user, and still earlier evidence gives it back."""
    await world.activate(VISITS, flip_number=30)
    await world.consume(*visits(2, USER), *visits(2, COOKIE), told_to_be_one(USER, COOKIE))
    assert len(await leads(world)) == 1
    await world.consume(told_to_be_one(OTHER_USER, COOKIE, day=-1))
    assert not await world.are_one(USER, COOKIE)
    world.clock.advance(days=1)
    await world.consume(*visits(meanwhile, USER, day=1))
    assert len(await leads(world)) == 1 + meanwhile
    await world.consume(told_to_be_one(USER, COOKIE, day=-2))
    assert await world.are_one(USER, COOKIE)
    await world.consume(*visits(1, USER, day=1), *visits(1, COOKIE, day=1))
    assert len(await leads(world)) == 1 + meanwhile
    await world.consume(*visits(3, OTHER_USER, day=1))
    assert len(await leads(world)) == 2 + meanwhile


async def test_leads_of_two_profiles_form_one_history_after_a_merge(world: ScoringWorld) -> None:
    await world.activate(VISITS, flip_number=30, requalify_after="90d")
    await world.consume(*visits(3, ANA), *visits(3, COOKIE))
    assert sorted(await leads(world)) == sorted([(ANA.id, 1), (COOKIE.id, 1)])
    await world.consume(*visits(1, ANA, COOKIE))
    world.clock.advance(days=89)
    await world.consume(*visits(1, ANA, day=89))
    assert len(await leads(world)) == 2
    world.clock.advance(days=1)
    await world.consume(*visits(1, ANA, day=90))
    assert (await leads(world))[2:] == [(COOKIE.id, 2)]
    assert {row[0] for row in await world.table_rows(cycle_identities) if row[3] == 2} == {ANA.id, COOKIE.id}


async def test_requalification_waits_only_for_the_profile_that_earned_the_lead(
    world: ScoringWorld,
) -> None:
    await world.activate(VISITS, flip_number=30, requalify_after="90d")
    await flipped_by_ana(world)
    world.clock.advance(days=89)
    await world.consume(*visits(1, ANA, day=89), *visits(3, COOKIE, day=89))
    assert await leads(world) == [(COOKIE.id, 1), (COOKIE.id, 2)]
    world.clock.advance(days=1)
    await world.consume(*visits(1, ANA, day=90), *visits(1, COOKIE, day=90))
    assert (await leads(world))[2:] == [(ANA.id, 2)]


async def test_the_version_of_the_cycle_decides_which_profile_earned_the_lead(world: ScoringWorld) -> None:
    await world.activate(VISITS, flip_number=30)
    await flipped_by_ana(world)
    await world.activate(rule("likes", 20, when={"type": "like"}), flip_number=20)
    world.clock.advance(days=1)
    likes = [interaction("like", day=1, known_as=_known_as(one)) for one in (ANA, COOKIE)]
    await world.consume(*likes)
    assert await leads(world) == [(COOKIE.id, 1), (COOKIE.id, 2)]


async def test_after_an_unmerge_both_parts_of_a_kept_back_profile_are_handed_over_once(
    world: ScoringWorld,
) -> None:
    await world.activate(VISITS, flip_number=1000)
    await world.consume(*visits(3, ANA, COOKIE), *visits(1, COOKIE))
    diff = await world.activate(VISITS, flip_number=30, handoff="none")
    assert (diff.newly_flipped, len(await world.table_rows(cycle_identities))) == (1, 2)
    await separated(world)
    world.clock.advance(days=1)
    await world.consume(*visits(1, ANA, day=1))
    assert await leads(world) == []
    for kept_back in (2, 0):
        looser = Version("m", 9, stored_matrix("m", {"flip_number": 10, "rules": [VISITS]}))
        seen = await world.database.read(
            lambda connection, looser=looser: preview(connection, looser, world.clock.now())
        )
        diff = await world.activate(VISITS, flip_number=10, handoff="all")
        assert (diff.newly_flipped, diff.kept_back, diff.already_handed_over) == (0, kept_back, 2 - kept_back)
        assert (seen.newly_flipped, seen.kept_back, seen.already_handed_over) == (0, kept_back, 2 - kept_back)
        assert diff.handed_over_now == kept_back
        assert sorted(await leads(world)) == sorted([(ANA.id, 1), (COOKIE.id, 1)])
    assert sorted((row[0], row[2]) for row in await world.table_rows(cycle_identities)) == sorted(
        [(ANA.id, ANA.id), (COOKIE.id, COOKIE.id)]
    )


async def test_only_retracting_interactions_of_the_profile_that_earned_a_lead_undoes_the_lead(
    world: ScoringWorld,
) -> None:
    await world.activate(VISITS, flip_number=30)
    await flipped_by_ana(world)
    (lead,) = await world.outbox_events(LeadQualified)
    await world.consume(*visits(1, COOKIE))

    async def undone_by_now(who: Identity) -> list[str | None]:
        found = await world.database.read(lambda connection: undone(connection, who.id))
        return [one.lead_id for one in found]

    def retracted(connection: Connection, who: Identity) -> None:
        correct = Corrections(world.scorer, world.clock, new_id)
        correct.retract(connection, who.id, Selection(type="visit"), NOTE)

    for who, expected in ((COOKIE, []), (ANA, [lead.lead_id])):
        before = await undone_by_now(who)
        await world.database.unit(lambda connection, who=who: retracted(connection, who))
        assert [one for one in await undone_by_now(who) if one not in before] == expected
