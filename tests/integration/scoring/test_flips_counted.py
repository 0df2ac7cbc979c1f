"""The metric of flips: every new lead counts once, by model, whatever fails on the way."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import Connection

from services.handoff.leads.intake import LeadIntake, count_flips
from services.scoring.core.counting.adjustments import Adjustment
from services.scoring.live.corrections import Corrections
from shared.database.engine import Database
from shared.database.outbox import relay
from shared.errors import Poison, Unavailable
from shared.events import LEADS, LeadQualified, encode
from shared.following.follower import Follower, Summary
from shared.ids import new_id
from shared.log.embedded import EmbeddedLog
from shared.log.port import Message, Record
from shared.process.pulse import Pulse
from shared.process.telemetry import FLIPS
from tests.support.builders import identities, interaction, rule
from tests.support.clock import FrozenClock
from tests.support.leads import qualified
from tests.support.patience import eventually
from tests.worlds.handoff import run_handoff as handing_off_over_http
from tests.worlds.scoring import ScoringWorld


class Troubled:
    """The intake of leads; its transactions fail after their work `passing_troubles` times."""

    def __init__(self) -> None:
        self._intake = LeadIntake(clock=FrozenClock(), new_id=new_id)
        self.passing_troubles = 0
        self.poison: bytes | None = None
        self.messages = 0

    def __call__(self, connection: Connection, messages: Sequence[Message]) -> Summary:
        summary = self._intake.apply(connection, messages)
        if self.passing_troubles:
            self.passing_troubles -= 1
            raise Unavailable("deadlock", "again, please")
        if self.poison in {message.value for message in messages}:
            raise Poison("odd", "cannot be handled")
        self.messages = len(messages)
        return summary


class HandingOff:
    """A follower of its own takes in the leads of the log."""

    def __init__(self, log: EmbeddedLog, database: Database) -> None:
        self.log = log
        self.database = database
        self.intake = Troubled()
        self.committed = 0

    async def told(self, *leads: LeadQualified) -> None:
        await self.log.append([Record(LEADS, lead.profile_id, encode(lead)) for lead in leads])

    async def takes_in(self, messages: int) -> None:
        """Follow the log until `messages` messages are applied and committed."""
        follower = Follower(
            log=self.log, database=self.database, clock=FrozenClock(), topic=LEADS, group="handoff",
            apply=self.intake, stored=lambda: None, applied=self._applied,
        )  # fmt: skip
        following = asyncio.create_task(follower.run(Pulse()))
        await eventually(lambda: self.committed, lambda committed: committed >= messages)
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)

    def _applied(self, summary: Summary) -> None:
        count_flips(summary)
        self.committed += self.intake.messages


@pytest.fixture
async def run_handoff(database: Database, tmp_path: Path) -> AsyncIterator[HandingOff]:
    log = EmbeddedLog(tmp_path / "log.sqlite")
    yield HandingOff(log, database)
    await log.close()


def flips(model: str) -> float:
    return FLIPS.labels(model)._value.get()


async def test_each_new_lead_counts_once_by_model(run_handoff: HandingOff) -> None:
    before = flips("marathon"), flips("influence")
    await run_handoff.told(*(qualified(number) for number in range(3)), qualified(3, model="influence"))
    await run_handoff.takes_in(4)
    assert (flips("marathon") - before[0], flips("influence") - before[1]) == (3, 1)


async def test_a_batch_that_is_rolled_back_and_run_again_counts_once(run_handoff: HandingOff) -> None:
    before = flips("marathon")
    run_handoff.intake.passing_troubles = 5
    await run_handoff.told(*(qualified(number) for number in range(8)))
    await run_handoff.takes_in(8)
    assert flips("marathon") - before == 8


async def test_a_parked_lead_does_not_count_and_the_rest_of_its_batch_counts_once(
    run_handoff: HandingOff,
) -> None:
    before = flips("marathon")
    odd = qualified(99)
    run_handoff.intake.poison = encode(odd)
    await run_handoff.told(*(qualified(number) for number in range(4)), odd, qualified(4))
    await run_handoff.takes_in(5)
    assert flips("marathon") - before == 5


async def test_a_lead_repeated_on_the_log_counts_once(run_handoff: HandingOff) -> None:
    before = flips("marathon")
    await run_handoff.told(qualified(1), qualified(1))
    await run_handoff.takes_in(2)
    await run_handoff.told(qualified(1), qualified(2))
    await run_handoff.takes_in(4)
    assert flips("marathon") - before == 2


async def test_leads_from_batches_timer_activations_and_corrections_all_count(
    run_handoff: HandingOff,
) -> None:
    world = ScoringWorld(run_handoff.database)
    ana, ben, cleo, dan = ({"email": f"{name}@example.com"} for name in ("ana", "ben", "cleo", "dan"))
    leaves = rule("leaves", -10, when={"type": "email_unsubscribe"}, window="5d")
    await world.activate(rule("visits", 10), leaves, flip_number=20, model="counted")
    before = flips("counted")
    twice = [interaction(known_as=one) for one in (ana, ana, ben, ben, cleo, dan)]
    await world.consume(*twice, interaction("email_unsubscribe", known_as=ben))
    assert len(await world.outbox_events(LeadQualified)) == 1, "the batch makes Ana a lead"
    await world.let_time_pass(days=6)
    assert len(await world.outbox_events(LeadQualified)) == 2, "the timer makes Ben one"
    corrections = Corrections(world.scorer, world.clock, new_id)
    (cleo_,) = identities(**cleo)
    cleo_id, given = await world.profile_id(cleo_), Adjustment("counted", 10, "met at a fair", "ops")
    await world.database.unit(lambda connection: corrections.adjust(connection, cleo_id, given, None))
    assert len(await world.outbox_events(LeadQualified)) == 3, "points by hand make Cleo one"
    await world.activate(rule("visits", 20), leaves, flip_number=20, model="counted", handoff="all")
    assert len(await world.outbox_events(LeadQualified)) == 4, "the activation makes Dan one"
    while await relay(world.database, run_handoff.log):
        pass
    await run_handoff.takes_in(4)
    assert flips("counted") - before == 4


async def test_the_handoff_service_exports_the_flips_metric(database: Database, tmp_path: Path) -> None:
    async with handing_off_over_http(tmp_path, database) as world:

        async def told() -> float:
            text = (await world.api.get("/metrics")).text
            lines = dict(
                line.rsplit(" ", 1) for line in text.splitlines() if line.startswith("flipline_flips_")
            )
            return float(lines.get('flipline_flips_total{model="composed"}', 0))

        before = await told()
        await world.append(*(qualified(number, model="composed") for number in range(3)))
        await eventually(told, lambda now: now - before == 3)
