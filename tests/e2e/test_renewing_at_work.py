"""Tables are renewed again and again while two workers work: nothing is lost, no lead comes twice."""

from pathlib import Path

import pytest

from tests.e2e.books import open_books
from tests.e2e.broker import Broker
from tests.e2e.crowd import MATRIX, MODEL, crowd
from tests.e2e.flipline import Flipline
from tests.e2e.flow import flowing
from tests.e2e.outcome import assert_as_if_undisturbed, lead_ids_in
from tests.e2e.processes import Process, run
from tests.support.patience import eventually
from tests.support.receiver import Receiver

EVENTS = 3_000
RENEWALS = 2


@pytest.mark.kafka
@pytest.mark.postgres
async def test_renewals_beside_two_scoring_workers_lose_and_double_nothing(
    cluster_settings: dict[str, str], tmp_path: Path
) -> None:
    deeds = crowd(21_000, people=100, deeds=EVENTS)
    broker = Broker(cluster_settings)
    async with (
        open_books(cluster_settings["FLIPLINE_DATABASE_URL"]) as books,
        Receiver() as crm,
        Flipline(cluster_settings, ["scoring", "handoff"], tmp_path) as flipline,
        Process("scoring", cluster_settings, tmp_path) as second,
    ):
        await second.ready()
        await flipline.activate(MODEL, MATRIX)
        await flipline.crm.post("/v1/webhooks", {"url": crm.url(), "models": [MODEL]})
        share = EVENTS // RENEWALS
        for start in range(0, EVENTS, share):
            await broker.shared_by(2, "scoring")
            epochs = await books.epochs()
            async with flowing(deeds[start : start + share], cluster_settings, behind=start):
                await eventually(books.applied, lambda applied, moment=start + 100: applied >= moment)
                exit_code, printed = await run("renew", "--yes", "--force", settings=cluster_settings)
                assert (exit_code, "The tables are renewed." in printed) == (0, True), printed
            assert all(epoch > epochs.get(number, 0) for number, epoch in (await books.epochs()).items())
        lead_ids = await assert_as_if_undisturbed(deeds, flipline, books)
        await eventually(books.undelivered, lambda waiting: waiting == 0)
        assert lead_ids_in(received.json for received in crm.received) == dict.fromkeys(lead_ids, 1)
        exit_code, printed = await run("replay", "--check", settings=cluster_settings)
        assert (exit_code, "Nothing differs" in printed) == (0, True), printed
