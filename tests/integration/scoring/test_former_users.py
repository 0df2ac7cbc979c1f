"""An alias joins the interactions of an earlier user id, from the tracker's call to the score."""

from itertools import permutations
from pathlib import Path
from typing import Any

from services.scoring.live.corrections import Corrections, Note
from services.scoring.store.tables import links
from shared.database.engine import Database
from shared.events import Interaction, LeadQualified
from shared.identity import Identity
from tests.cast import VISITS
from tests.support.builders import NOON, interaction
from tests.unit.ingest.formats.segment_calls import SENDING, read
from tests.worlds.replay import open_replay
from tests.worlds.scoring import ScoringWorld

AT_NOON = SENDING._replace(received_at=NOON)
OLD, NEW = Identity("user_id", "jen@email.com"), Identity("user_id", "507f191e81")


def page(id: str, user: str | None, **more: Any) -> Interaction:
    return read("page", AT_NOON, messageId=id, userId=user, properties={"path": "/"}, **more)


def alias(previous: str, user: str, **more: Any) -> Interaction:
    return read("alias", AT_NOON, messageId=f"{previous}-{user}", previousId=previous, userId=user, **more)


async def test_an_alias_joins_the_former_user_in_any_order_of_events(world: ScoringWorld) -> None:
    await world.activate(VISITS, flip_number=1000)
    for n, order in enumerate(permutations(range(3))):
        old, new = f"jen-{n}@email.com", f"507f-{n}"
        told = [page(f"old-{n}", old), page(f"new-{n}", new), alias(old, new)]
        for index in order:
            await world.consume(told[index])
        assert await world.are_one(Identity("user_id", old), Identity("user_id", new))
        assert await world.score(Identity("user_id", new)) == 20


async def test_an_aliased_profile_is_one_lead_with_both_user_ids(world: ScoringWorld) -> None:
    await world.activate(VISITS, flip_number=20)
    await world.consume(page("1", OLD.value))
    await world.consume(alias(OLD.value, NEW.value))
    await world.consume(page("2", NEW.value), page("3", OLD.value))
    (lead,) = await world.outbox_events(LeadQualified)
    assert {OLD, NEW, Identity("former_user_id", OLD.value)} == set(lead.identities)


async def test_a_chain_of_aliases_joins_all_user_ids(world: ScoringWorld) -> None:
    await world.activate(VISITS, flip_number=1000)
    await world.consume(page("1", "a"), page("2", "b"), page("3", "c"))
    await world.consume(alias("b", "c"))
    await world.consume(alias("a", "b"))
    assert await world.score(Identity("user_id", "c")) == 30


async def test_an_alias_joins_an_anonymous_id(world: ScoringWorld) -> None:
    await world.activate(VISITS, flip_number=1000)
    await world.consume(page("1", None, anonymousId="39239-23923"), page("2", "u1"))
    await world.consume(alias("39239-23923", "u1"))
    assert await world.score(Identity("user_id", "u1")) == 20


async def test_an_alias_does_not_join_other_users_of_a_shared_device(world: ScoringWorld) -> None:
    """The person has one user id that is not a former one; a second one would be a second person."""
    await world.activate(VISITS, flip_number=1000)
    await world.consume(page("1", "a", anonymousId="kiosk"), page("2", "z", anonymousId="kiosk"))
    await world.consume(alias("a", "b"))
    assert await world.are_one(Identity("user_id", "a"), Identity("user_id", "b"))
    assert not await world.are_one(Identity("user_id", "a"), Identity("user_id", "z"))
    refused = [row[4] for row in await world.table_rows(links) if row[4] is not None]
    assert refused == ["A person has at most 1 user_id, and these would have 2."]


async def test_a_refused_link_becomes_valid_when_an_alias_makes_the_id_a_former_user_id(
    world: ScoringWorld,
) -> None:
    """The device belonged to both ids of one person, which was unknown until the alias came."""
    await world.activate(VISITS, flip_number=1000)
    await world.consume(page("1", "a", anonymousId="phone"))
    await world.consume(page("2", "b", anonymousId="phone"))
    assert not await world.are_one(Identity("user_id", "a"), Identity("user_id", "b"))
    await world.consume(alias("a", "b"))
    assert await world.score(Identity("user_id", "b")) == 20
    assert {row[4] for row in await world.table_rows(links)} == {None}


async def test_ops_can_unmerge_a_wrong_alias(world: ScoringWorld) -> None:
    await world.activate(VISITS, flip_number=1000)
    await world.consume(page("1", "a"), page("2", "b"), alias("a", "b"))
    corrections = Corrections(world.scorer, world.clock, lambda: "sep-1")
    former = Identity("former_user_id", "a")
    theirs, note = await world.profile_id(Identity("user_id", "b")), Note("not the same", "Olga")
    await world.database.unit(lambda connection: corrections.unmerge(connection, theirs, [former], note))
    assert not await world.are_one(Identity("user_id", "a"), Identity("user_id", "b"))
    assert await world.are_one(Identity("user_id", "a"), former)


async def test_the_tables_match_the_log_after_aliases(database: Database, tmp_path: Path) -> None:
    async with open_replay(database, tmp_path) as running:
        await running.world.activate(VISITS, flip_number=1000)
        await running.append_and_score(
            page("1", "a", anonymousId="phone"), page("2", "b", anonymousId="phone")
        )
        await running.append_and_score(page("3", "z", anonymousId="phone"))
        await running.append_and_score(alias("a", "b"), alias("b", "c"))
        await running.append_and_score(page("4", "c", anonymousId="phone"))
        assert await running.matches_the_log(), running.printed


async def test_two_user_ids_in_one_event_without_an_alias_stay_two_profiles(world: ScoringWorld) -> None:
    await world.activate(VISITS, flip_number=1000)
    await world.consume(interaction(known_as={"user_id": "a"}), interaction(known_as={"user_id": "b"}))
    both = Interaction(
        id="both", type="identify", identities=(Identity("user_id", "a"), Identity("user_id", "b")),
        occurred_at=NOON, received_at=NOON,
    )  # fmt: skip
    await world.consume(both)
    assert not await world.are_one(Identity("user_id", "a"), Identity("user_id", "b"))
