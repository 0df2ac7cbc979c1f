"""A worker of the hand-off is killed or frozen during attempts: only leases of the dead are taken over."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.handoff.store.tables import deliveries
from services.handoff.webhooks.bulkhead import FIRST_WIDTH
from shared.database.engine import Database
from shared.process.clock import SystemClock
from tests.e2e.flipline import KEYS, Door
from tests.e2e.flipline import settings as settings_of
from tests.e2e.processes import Process
from tests.support.patience import eventually
from tests.support.receiver import Receiver, Reply
from tests.support.tables import changed, rows, values

HANGS, WORKS = Reply(hang=True), Reply(200)
Leases = dict[str, tuple[str, str]]


@pytest.fixture(params=["up", "handoff", pytest.param("on PostgreSQL", marks=pytest.mark.postgres)])
def deployment(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, dict[str, str], str]:
    """A command, its settings and the URL of its database; attempts take as long as they may."""
    more = {"data_dir": str(tmp_path / "data"), "webhook_timeout_seconds": "30"}
    if request.param == "on PostgreSQL":
        url = request.getfixturevalue("postgres_url")
        return "handoff", settings_of(**more, database_url=url), url
    url = f"sqlite:///{tmp_path / 'data' / 'state.sqlite'}"
    return request.param, settings_of(**more), url


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    database = Database(url)
    try:
        yield database
    finally:
        await database.close()


async def leases(database: Database) -> Leases:
    """Return the leases: for each delivery its message and the worker."""
    query = sa.select(deliveries.c.id, deliveries.c.message_id, deliveries.c.leased_by)
    leased = await rows(database, query.where(deliveries.c.leased_by.is_not(None)))
    return {row.id: (row.message_id, row.leased_by) for row in leased}


def workers(held: Leases) -> set[str]:
    return {worker for _, worker in held.values()}


async def undelivered(database: Database) -> set[str]:
    query = sa.select(deliveries.c.id).where(deliveries.c.status != "delivered")
    return set(await values(database, query))


async def prolong(database: Database) -> None:
    """Let all leases last for years, so that nothing becomes due by time, however slow the machine is."""
    ends = sa.literal(SystemClock().now().replace(year=2999), deliveries.c.due_at.type)
    await changed(
        database, sa.update(deliveries).where(deliveries.c.leased_by.is_not(None)).values(due_at=ends)
    )


async def hand_over(worker: Process, receiver: Receiver, count: int) -> None:
    """Make `count` deliveries for an endpoint that the worker has to send."""
    async with Door(worker.url, KEYS["crm"]) as crm:
        webhook = await crm.post("/v1/webhooks", {"url": receiver.url()})
        for _ in range(count):
            await crm.post(f"/v1/webhooks/{webhook['id']}/test")


async def test_a_restarted_worker_resends_deliveries_of_a_killed_worker_before_their_leases_end(
    deployment: tuple[str, dict[str, str], str], tmp_path: Path
) -> None:
    command, settings, url = deployment
    async with Receiver(HANGS) as receiver, Process(command, settings, tmp_path) as worker:
        await worker.ready()
        await hand_over(worker, receiver, FIRST_WIDTH)
        await receiver.wait_for(FIRST_WIDTH)
        async with opened(url) as database:
            await eventually(lambda: leases(database))
            worker.kill()
            receiver.answers(WORKS)
            held = await leases(database)
            await prolong(database)

            worker.start()
            await worker.ready()
            await eventually(lambda: undelivered(database), lambda left: left == set())

        times = Counter(received.id for received in receiver.received)
        assert all(times[message_id] >= 2 for message_id, _ in held.values())
        assert len(list((tmp_path / "data").glob("*-handoff-*.lock"))) == ("sqlite" in url)
        assert await worker.stop() == 0
        assert list((tmp_path / "data").glob("*-handoff-*.lock")) == []


@pytest.mark.postgres
async def test_only_leases_of_dead_workers_are_taken_over(postgres_url: str, tmp_path: Path) -> None:
    settings = settings_of(
        data_dir=str(tmp_path / "data"), database_url=postgres_url, webhook_timeout_seconds="30"
    )

    def process() -> Process:
        return Process("handoff", settings, tmp_path)

    async with (
        opened(postgres_url) as database,
        Receiver(HANGS) as receiver,
        process() as frozen,
        process() as killed,
        process() as living,
    ):
        for worker in (frozen, killed, living):
            await worker.ready()
        await hand_over(frozen, receiver, 3 * FIRST_WIDTH)

        async def prolonged() -> Leases:
            await prolong(database)
            return await leases(database)

        # Prolonged leases stay: the results of these attempts do not count any more.
        await eventually(prolonged, lambda held: len(workers(held)) == 3)
        frozen.freeze()
        killed.kill()
        held = await prolonged()
        left = await eventually(lambda: leases(database), lambda now: len(workers(now)) == 2)

        # The worker that found the dead worker kept its own leases and those of the frozen worker.
        kept = {delivery_id: lease for delivery_id, lease in held.items() if lease[1] in workers(left)}
        assert kept.items() <= left.items()
        receiver.answers(WORKS)
        async with process() as late:
            await late.ready()
            await eventually(lambda: undelivered(database), lambda left: left == kept.keys())
            assert await leases(database) == kept, "one that starts heeds them too"
