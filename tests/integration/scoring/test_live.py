"""Scoring on real tables, on SQLite and on PostgreSQL alike."""

from collections.abc import Iterable
from itertools import permutations

import pytest
import sqlalchemy as sa

from services.scoring.change.activation import Handoff
from services.scoring.core.profiles.traits import History, ReportedTrait
from services.scoring.store import traits
from services.scoring.store.profiles import find
from services.scoring.store.tables import ledger
from shared.errors import Poison
from shared.events import Interaction, LeadQualified
from shared.identity import Identity
from shared.log.port import Message, Partition
from shared.model_events import MatrixActivated
from tests.cast import ANA, ANTONIOS_MATRIX, COOKIE, VISITS, antonios_steps
from tests.support.builders import identities, interaction, rule
from tests.support.tables import values
from tests.worlds.scoring import ScoringWorld


async def test_interactions_are_scored(world: ScoringWorld) -> None:
    await world.activate(VISITS)
    await world.consume(interaction(), interaction(day=-3), interaction("like"))
    assert await world.score(ANA) == 20


async def test_a_redelivered_event_counts_once(world: ScoringWorld) -> None:
    await world.activate(VISITS)
    visit = interaction()
    await world.consume(visit, visit)
    await world.consume(visit)
    assert await world.score(ANA) == 10


async def test_a_visit_of_a_machine_is_stored_but_not_counted(world: ScoringWorld) -> None:
    await world.activate(VISITS)
    await world.consume(interaction(machine="crawler"))
    assert await world.score(ANA) == 0
    assert await values(world.database, sa.select(ledger.c.machine)) == ["crawler"]


async def test_antonio_flips_once_with_his_reasons(world: ScoringWorld) -> None:
    matrix = dict(ANTONIOS_MATRIX)
    await world.activate(*matrix.pop("rules"), **matrix)
    first, second, third = antonios_steps()
    await world.consume(first)
    await world.consume(second)
    assert await world.outbox_events(LeadQualified) == []
    await world.consume(third)
    await world.consume(interaction("share", known_as={"email": "antonio@example.com"}))
    (lead,) = await world.outbox_events(LeadQualified)
    assert [reason.points for reason in lead.reasons] == [5, 10, 10]
    assert (lead.score, len(lead.identities), lead.cycle) == (25, 3, 1)


async def test_several_flips_of_one_batch_are_all_handed_over(world: ScoringWorld) -> None:
    await world.activate(VISITS, flip_number=10)
    await world.consume(*(interaction(known_as={"email": f"p{n}@example.com"}) for n in range(50)))
    assert len({lead.profile_id for lead in await world.outbox_events(LeadQualified)}) == 50


async def test_a_merge_adds_counts_and_pays_a_once_only_rule_once(world: ScoringWorld) -> None:
    once = rule("once", 7, when={"type": "download"}, limit={"times": 1, "per": "ever"})
    await world.activate(VISITS, once, flip_number=1000)
    for who in ({"anonymous_id": "cookie"}, {"email": "ana@example.com"}):
        await world.consume(interaction(known_as=who), interaction("download", known_as=who))
    await world.consume(
        interaction("identify", known_as={"anonymous_id": "cookie", "email": "ana@example.com"})
    )
    assert await world.score(ANA) == await world.score(COOKIE) == 27
    assert await world.profile_id(ANA) == await world.profile_id(COOKIE)


async def test_a_merge_alone_can_flip(world: ScoringWorld) -> None:
    await world.activate(VISITS, flip_number=20)
    await world.consume(interaction(known_as={"anonymous_id": "cookie"}), interaction())
    await world.consume(
        interaction("identify", known_as={"anonymous_id": "cookie", "email": "ana@example.com"})
    )
    assert len(await world.outbox_events(LeadQualified)) == 1


async def test_merging_with_a_flipped_profile_makes_no_second_lead(world: ScoringWorld) -> None:
    await world.activate(VISITS, flip_number=10)
    await world.consume(interaction(known_as={"anonymous_id": "cookie"}))
    await world.consume(interaction("like"))
    await world.consume(
        interaction("identify", known_as={"anonymous_id": "cookie", "email": "ana@example.com"})
    )
    await world.consume(interaction())
    assert len(await world.outbox_events(LeadQualified)) == 1


async def test_a_profile_id_from_before_a_merge_finds_the_merged_profile(world: ScoringWorld) -> None:
    await world.activate(VISITS)
    await world.consume(interaction(known_as={"anonymous_id": "cookie"}))
    world.clock.advance(hours=1)
    await world.consume(interaction())
    before = await world.profile_id(ANA)
    await world.consume(
        interaction("identify", known_as={"anonymous_id": "cookie", "email": "ana@example.com"})
    )
    (person,) = await world.database.read(lambda connection: find(connection, [before]))
    assert person.id == await world.profile_id(COOKIE)


async def test_the_order_and_split_of_batches_does_not_matter(world: ScoringWorld) -> None:
    """The events of one person in every order; each order is that of another person."""
    await world.activate(rule("visits", 10, limit={"times": 1, "per": "day"}, cap=25), flip_number=1000)
    found: set[float] = set()
    for n, order in enumerate(permutations([(0, "visit"), (0, "visit"), (-1, "visit"), (-2, "like")])):
        who = {"email": f"p{n}@example.com"}
        for day, type_ in order:
            await world.consume(interaction(type_, day=day, known_as=who))
        found.add(await world.score(identities(**who)[0]))
    assert found == {20}


async def test_the_trait_value_with_the_latest_interaction_time_wins(world: ScoringWorld) -> None:
    await world.activate(VISITS)
    await world.consume(interaction("identify", traits={"title": "VP", "city": "Sevilla"}))
    await world.consume(interaction("identify", day=-9, traits={"title": "Clerk", "team": "west"}))
    await world.consume(interaction("identify", day=-8, traits={"team": None}))
    assert await world.traits(ANA) == {"city": "Sevilla", "title": "VP"}


async def test_a_new_condition_also_counts_earlier_interactions(world: ScoringWorld) -> None:
    await world.activate(VISITS, flip_number=1000)
    await world.consume(interaction(), interaction("like"), interaction("like", machine="crawler"))
    await world.activate(VISITS, rule("likes", 3, when={"type": "like"}), flip_number=1000)
    assert await world.score(ANA) == 13
    await world.consume(interaction("like"))
    assert await world.score(ANA) == 16


async def test_a_condition_that_returns_also_counts_interactions_of_the_time_between(
    world: ScoringWorld,
) -> None:
    likes = rule("likes", 3, when={"type": "like"})
    await world.activate(VISITS, likes, flip_number=1000)
    await world.consume(interaction("like"))
    await world.activate(VISITS, flip_number=1000)
    await world.consume(interaction("like"))
    await world.activate(likes, flip_number=1000)
    assert await world.score(ANA) == 6


@pytest.mark.parametrize(
    ("handoff", "at_once", "after_activity"), [("all", 1, 1), ("new_activity_only", 0, 1), ("none", 0, 0)]
)
async def test_the_handoff_mode_decides_when_a_newly_flipped_profile_becomes_a_lead(
    world: ScoringWorld, handoff: Handoff, at_once: int, after_activity: int
) -> None:
    await world.activate(VISITS, flip_number=1000)
    await world.consume(interaction())
    diff = await world.activate(VISITS, flip_number=10, handoff=handoff)
    assert (diff.newly_flipped, diff.handed_over_now) == (1, at_once)
    assert len(await world.outbox_events(LeadQualified)) == at_once
    await world.consume(interaction())
    assert len(await world.outbox_events(LeadQualified)) == after_activity


async def test_an_activation_reports_the_numbers_of_flips_and_un_flips(world: ScoringWorld) -> None:
    await world.activate(VISITS, flip_number=10)
    await world.consume(interaction())
    diff = await world.activate(VISITS, flip_number=100)
    assert (diff.newly_flipped, diff.un_flipped, diff.already_handed_over) == (0, 1, 0)
    diff = await world.activate(VISITS, flip_number=10, handoff="all")
    assert (diff.newly_flipped, diff.un_flipped, diff.already_handed_over) == (0, 0, 1)
    assert len(await world.outbox_events(MatrixActivated)) == 3


@pytest.mark.parametrize("idle", [interaction("identify"), interaction(machine="crawler")])
async def test_an_identify_or_a_machine_interaction_releases_no_lead(
    world: ScoringWorld, idle: Interaction
) -> None:
    await world.activate(VISITS, flip_number=1000)
    await world.consume(interaction())
    await world.activate(VISITS, flip_number=10, handoff="new_activity_only")
    await world.consume(idle)
    assert await world.outbox_events(LeadQualified) == []


async def test_an_undecodable_message_raises_poison(world: ScoringWorld) -> None:
    await world.activate(VISITS)
    odd = [Message(Partition("interactions", 0), 0, b"{}")]
    with pytest.raises(Poison):
        await world.database.unit(lambda connection: world.scorer.apply(connection, odd))


async def test_scoring_reads_only_traits_of_the_matrix_but_a_lead_contains_all_traits(
    world: ScoringWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    decides = {"id": "decides", "when": {"title": {"eq": "VP"}}, "points": 10}
    await world.activate(VISITS, flip_number=30, traits=[decides])
    many = {f"trait_{n:03}": n for n in range(150)} | {"title": "VP"}
    await world.consume(interaction("identify", traits=many))
    read: list[int] = []

    class Counted(History):
        def __init__(self, told: list[ReportedTrait], known: Iterable[Identity]) -> None:
            read.append(len(told))
            super().__init__(told, known)

    monkeypatch.setattr(traits, "History", Counted)
    await world.consume(interaction())
    assert (read, await world.outbox_events(LeadQualified)) == ([1], [])
    await world.consume(interaction())
    assert read == [1, 1, len(many)]
    (lead,) = await world.outbox_events(LeadQualified)
    assert lead.traits.keys() == many.keys() | {"company", "email_domain"}
