"""Workers that count as dead and go on: the epoch of a claim keeps them out, whatever they try."""

import random
from pathlib import Path

import pytest

from tests.e2e.books import open_books
from tests.e2e.broker import Broker
from tests.e2e.crowd import MATRIX, MODEL, crowd
from tests.e2e.flipline import KEYS, Door, Flipline
from tests.e2e.flow import flowing
from tests.e2e.mishaps import freeze_in_a_batch
from tests.e2e.outcome import assert_as_if_undisturbed, handed_over
from tests.e2e.processes import Process, run
from tests.support.patience import eventually

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]


async def test_a_zombie_worker_writes_nothing_and_then_works_again(
    cluster_settings: dict[str, str], tmp_path: Path
) -> None:
    rng = random.Random(41)  # noqa: S311 - not a secret
    deeds = crowd(41, people=100, deeds=4_000)
    early, late = deeds[:2_500], deeds[2_500:]
    broker = Broker(cluster_settings)
    async with (
        open_books(cluster_settings["FLIPLINE_DATABASE_URL"]) as books,
        Flipline(cluster_settings, ["scoring", "handoff"], tmp_path) as flipline,
        Process("scoring", cluster_settings, tmp_path) as zombie,
        Door(zombie.url, KEYS["ops"]) as of_zombie,
    ):
        await zombie.ready()
        await broker.shared_by(2, "scoring")
        await flipline.activate(MODEL, MATRIX)

        async with flowing(early, cluster_settings) as flow:
            await eventually(books.applied, lambda applied: applied > 500)
            await freeze_in_a_batch(zombie, flow, books, rng)
            assert await books.applied() < len(early), "work was under way"
        await handed_over(broker, books)
        written, epochs = await books.written(), await books.epochs()

        zombie.thaw()
        await broker.shared_by(2, "scoring")
        await eventually(books.epochs, lambda now: all(now[n] > epochs[n] for n in epochs))
        assert await of_zombie.metric("flipline_messages_total", group="scoring", outcome="fenced") > 0
        assert await books.written() == written

        before = await of_zombie.metric("flipline_messages_total", group="scoring", outcome="applied")
        async with flowing(late, cluster_settings, behind=len(early)):
            pass
        after = await of_zombie.metric("flipline_messages_total", group="scoring", outcome="applied")
        assert after > before, "the zombie is a worker again"
        await assert_as_if_undisturbed(deeds, flipline, books)
        exit_code, printed = await run("replay", "--check", settings=cluster_settings)
        assert exit_code == 0, printed


async def test_workers_that_freeze_and_return_while_another_worker_works_change_nothing(
    cluster_settings: dict[str, str], tmp_path: Path
) -> None:
    rng = random.Random(43)  # noqa: S311 - not a secret
    deeds = crowd(43, people=150, deeds=6_000)
    share = len(deeds) // 4
    broker = Broker(cluster_settings)
    async with (
        open_books(cluster_settings["FLIPLINE_DATABASE_URL"]) as books,
        Flipline(cluster_settings, ["scoring", "handoff"], tmp_path) as flipline,
        Process("scoring", cluster_settings, tmp_path) as second,
    ):
        await second.ready()
        workers = [flipline.processes["scoring"], second]
        await broker.shared_by(2, "scoring")
        await flipline.activate(MODEL, MATRIX)

        for start in range(0, len(deeds), share):
            worker = rng.choice(workers)
            async with flowing(deeds[start : start + share], cluster_settings, behind=start) as flow:
                await eventually(books.applied, lambda applied, start=start: applied > start + 100)
                await freeze_in_a_batch(worker, flow, books, rng)
                frozen_at = await books.applied()
                left = start + share - frozen_at
                assert left > 0, "work was under way"
                await broker.shared_by(1, "scoring")
                half_of_it = frozen_at + left // 2
                await eventually(books.applied, lambda applied, half=half_of_it: applied >= half)
                # It wakes while the other worker works, with a batch that the other has applied already.
                await flow.stand_still()
                worker.thaw()
                flow.go_on()
            await broker.shared_by(2, "scoring")
        await assert_as_if_undisturbed(deeds, flipline, books)
        exit_code, printed = await run("replay", "--check", settings=cluster_settings)
        assert exit_code == 0, printed
        assert [await worker.stop() for worker in workers] == [0, 0]
