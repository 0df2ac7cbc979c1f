"""Scoring is killed again and again in the middle of its work, and the results are the same as without."""

import random
from pathlib import Path

import pytest

from tests.e2e.books import open_books
from tests.e2e.broker import Broker
from tests.e2e.crowd import MATRIX, MODEL, crowd
from tests.e2e.flipline import Flipline
from tests.e2e.flow import flowing
from tests.e2e.mishaps import freeze_in_a_batch
from tests.e2e.outcome import assert_as_if_undisturbed, lead_ids_in
from tests.e2e.processes import Process, run
from tests.support.patience import eventually
from tests.support.receiver import Receiver

SEED = 20_000
EVENTS = 8_000
PEOPLE = 200
KILLS = 5


@pytest.mark.kafka
@pytest.mark.postgres
async def test_scoring_killed_in_the_middle_of_batches_loses_and_doubles_nothing(
    cluster_settings: dict[str, str], tmp_path: Path
) -> None:
    rng = random.Random(SEED)  # noqa: S311 - not a secret
    deeds = crowd(SEED, people=PEOPLE, deeds=EVENTS)
    broker = Broker(cluster_settings)
    async with (
        open_books(cluster_settings["FLIPLINE_DATABASE_URL"]) as books,
        Receiver() as crm,
        Flipline(cluster_settings, ["scoring", "handoff"], tmp_path) as flipline,
        Process("scoring", cluster_settings, tmp_path) as second,
    ):
        await second.ready()
        workers = [flipline.processes["scoring"], second]
        await flipline.activate(MODEL, MATRIX)
        await flipline.crm.post("/v1/webhooks", {"url": crm.url(), "models": [MODEL]})

        share = EVENTS // KILLS
        for start in range(0, EVENTS, share):
            # A worker without a partition has no batch in which it could be killed.
            await broker.shared_by(2, "scoring")
            async with flowing(deeds[start : start + share], cluster_settings, behind=start) as flow:
                moment = start + rng.randrange(1, share // 2)
                await eventually(books.applied, lambda applied, moment=moment: applied >= moment)
                victim = rng.choice(workers)
                await freeze_in_a_batch(victim, flow, books, rng)
                assert start < await books.applied() < start + share, "work was under way"
                victim.kill()
                victim.start()
                await victim.ready()

        lead_ids = await assert_as_if_undisturbed(deeds, flipline, books)
        await eventually(books.undelivered, lambda waiting: waiting == 0)
        assert lead_ids_in(received.json for received in crm.received) == dict.fromkeys(lead_ids, 1)
        exit_code, printed = await run("replay", "--check", settings=cluster_settings)
        assert exit_code == 0, printed
        assert [await worker.stop() for worker in workers] == [0, 0]
