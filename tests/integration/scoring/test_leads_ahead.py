"""Leads that are prepared before a version takes over, and profiles that change until it does."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Connection, insert

from services.scoring.change.activation import Activation, activate
from services.scoring.change.leads_ahead import LeadsAhead, leads_ahead, still_true
from services.scoring.live.corrections import Corrections, Note
from services.scoring.store import scores
from services.scoring.store.models import draft_of
from services.scoring.store.tables import cycle_identities, cycles
from shared.database.engine import Database
from shared.events import LeadQualified
from shared.identity import Identity
from shared.ids import new_id
from tests.support.builders import identities, interaction, rule
from tests.worlds.scoring import ScoringWorld

ANA, BEN, COOKIE = (
    identities(**{kind: value})[0]
    for kind, value in (("email", "ana@example.com"), ("email", "ben@example.com"), ("anonymous_id", "c"))
)


@pytest.fixture
async def world(database: Database) -> ScoringWorld:
    """A world in which Ana and Ben qualify under the draft."""
    world = ScoringWorld(database)
    await world.activate(rule("visits", 10), flip_number=1000)
    for one in (ANA, BEN):
        await world.consume(interaction(known_as={one.kind: one.value}))
    await world.save_draft(rule("visits", 10), flip_number=10)
    return world


async def ahead_of(world: ScoringWorld, *who: Identity) -> list[LeadsAhead]:
    def found(connection: Connection) -> list[LeadsAhead]:
        draft = draft_of(connection, "m")
        assert draft is not None
        return leads_ahead(connection, draft, [one.id for one in who], world.clock.now())

    return await world.database.read(found)


async def true_of(world: ScoringWorld, ahead: Sequence[LeadsAhead]) -> list[LeadQualified]:
    return await world.database.read(lambda connection: still_true(connection, ahead, world.clock.now()))


async def test_a_prepared_lead_is_dated_when_the_version_becomes_active(
    world: ScoringWorld,
) -> None:
    ahead = await ahead_of(world, ANA, BEN)
    world.clock.advance(seconds=40)
    leads = await true_of(world, ahead)
    assert {lead.profile_id for lead in leads} == {ANA.id, BEN.id}
    assert {lead.qualified_at for lead in leads} == {world.clock.now()}


async def test_a_new_interaction_makes_a_prepared_lead_outdated(world: ScoringWorld) -> None:
    ahead = await ahead_of(world, ANA, BEN)
    await world.consume(interaction(known_as={"email": "ana@example.com"}))
    assert [lead.profile_id for lead in await true_of(world, ahead)] == [BEN.id]


async def test_a_new_trait_makes_a_prepared_lead_outdated(world: ScoringWorld) -> None:
    ahead = await ahead_of(world, ANA, BEN)
    await world.consume(
        interaction("identify", known_as={"email": "ben@example.com"}, traits={"title": "VP"})
    )
    assert [lead.profile_id for lead in await true_of(world, ahead)] == [ANA.id]


async def test_a_new_link_makes_a_prepared_lead_outdated(world: ScoringWorld) -> None:
    ahead = await ahead_of(world, ANA, BEN)
    await world.consume(interaction("identify", known_as={"email": "ana@example.com", "anonymous_id": "c"}))
    assert [lead.profile_id for lead in await true_of(world, ahead)] == [BEN.id]


async def test_an_unmerge_makes_a_prepared_lead_outdated(world: ScoringWorld) -> None:
    both = {"email": "ana@example.com", "anonymous_id": "c"}
    await world.consume(interaction("identify", known_as=both))
    person = await world.profile(ANA)
    ahead = await ahead_of(world, ANA, BEN)
    correct = Corrections(world.scorer, world.clock, new_id)
    note = Note("a library's computer", "Olga")
    await world.database.unit(lambda connection: correct.unmerge(connection, person.id, [COOKIE], note))
    assert len(person.identities) == 2
    assert [lead.profile_id for lead in await true_of(world, ahead)] == [BEN.id]


async def test_a_new_day_makes_all_prepared_leads_outdated(world: ScoringWorld) -> None:
    ahead = await ahead_of(world, ANA, BEN)
    world.clock.advance(days=1)
    assert await true_of(world, ahead) == []


async def test_a_profile_that_qualifies_during_an_activation_also_becomes_a_lead(
    world: ScoringWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = scores.qualified_without_lead
    asked: list[Sequence[str]] = []

    def one_is_missing(connection: Connection, *arguments: Any, **more: bool) -> Sequence[str]:
        """Find only Ana at first, as if Ben had qualified just afterwards."""
        wanted = compared(connection, *arguments, **more)
        asked.append(wanted)
        return [ANA.id] if len(asked) == 1 else wanted

    monkeypatch.setattr(scores, "qualified_without_lead", one_is_missing)
    _, diff = await activate(world.database, world.clock, "m", Activation("all"))
    assert diff.handed_over_now == 2
    assert {lead.profile_id for lead in await world.outbox_events(LeadQualified)} == {ANA.id, BEN.id}
    assert {(row[0], row[2]) for row in await world.table_rows(cycles)} == {(ANA.id, 1), (BEN.id, 1)}


async def test_a_cycle_of_a_former_profile_with_the_same_id_keeps_its_number(world: ScoringWorld) -> None:
    """A former profile had the same id, and its identities have other ids today."""
    taken = {
        "profile_id": ANA.id, "model": "m", "cycle": 1, "lead_id": "lead", "version": 1,
        "flipped_at": world.clock.now(),
    }  # fmt: skip
    await world.database.unit(lambda connection: connection.execute(insert(cycles).values(taken)).close())
    await activate(world.database, world.clock, "m", Activation("none"))
    begun = [(row[0], row[2], row[3]) for row in await world.table_rows(cycles)]
    assert sorted(begun) == sorted([(ANA.id, 1, "lead"), (ANA.id, 2, None), (BEN.id, 1, None)])
    members = [(row[0], row[2], row[3]) for row in await world.table_rows(cycle_identities)]
    assert sorted(members) == sorted([(ANA.id, ANA.id, 2), (BEN.id, BEN.id, 1)])
