"""Leases of dead workers are taken over; leases of living workers are not, even if they look dead."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from services.handoff import compose as composing
from services.handoff.sending import takeover
from services.handoff.sending.liveness import prove
from services.handoff.store.tables import deliveries
from shared.database.engine import Database
from shared.errors import Unavailable
from tests.support.hostile import hostile
from tests.support.leads import qualified
from tests.support.patience import PATIENCE_SECONDS, eventually
from tests.support.receiver import Receiver, Reply
from tests.support.tables import changed, rows
from tests.worlds.handoff import HandoffWorld, run_handoff

HANGS, WORKS = Reply(hang=True), Reply(200)

_SESSIONS = """
    select pg_terminate_backend(pid) from pg_locks
    where locktype = 'advisory'
        and database = (select oid from pg_database where datname = current_database())
"""


def lock_files(directory: Path) -> list[Path]:
    return list(directory.glob("state.sqlite-handoff-*.lock"))


async def take_proofs_away(directory: Path, database: Database) -> None:
    """Remove all proofs of life, as a restart of the server or a user in the data directory would."""
    if database.dialect == "sqlite":
        for path in lock_files(directory):
            path.unlink()
        return
    await changed(database, sa.text(_SESSIONS))


async def leases(database: Database) -> list[Any]:
    query = sa.select(deliveries.c.id, deliveries.c.due_at, deliveries.c.leased_by)
    return sorted(map(tuple, await rows(database, query.where(deliveries.c.leased_by.is_not(None)))))


async def lease_to(worker: str, world: HandoffWorld, webhook: dict[str, Any]) -> None:
    """Lease the deliveries of a webhook for a long time to the worker with this name."""
    ends = sa.literal(world.clock.now().replace(year=2999), deliveries.c.due_at.type)
    leased = (
        sa.update(deliveries)
        .where(deliveries.c.webhook_id == webhook["id"])
        .values(status="pending", leased_by=worker, due_at=ends)
    )
    await changed(world.database, leased)


@pytest.fixture
async def endpoint(tmp_path: Path, database: Database) -> AsyncIterator[Receiver]:
    """An endpoint with one delivery that has failed once, leased to a dead worker."""
    async with Receiver(Reply(500), WORKS) as receiver:
        async with run_handoff(tmp_path, database) as world:
            webhook = await world.subscribe(receiver.url())
            await world.append(qualified())
            await world.wait_for_attempts(webhook, 1)
            await lease_to("dead-worker", world, webhook)
        yield receiver


async def test_a_starting_worker_takes_over_the_lease_of_a_dead_worker_at_once(
    tmp_path: Path, database: Database, endpoint: Receiver
) -> None:
    async with run_handoff(tmp_path, database):
        first, second = await endpoint.wait_for(2)
        assert first.id == second.id
        await eventually(lambda: leases(database), lambda held: held == [])


@pytest.mark.parametrize("name", ["../../elsewhere", "", "a/b", "x" * 5_000, "*", "\u2028"])
async def test_a_lease_of_a_dead_worker_with_any_name_is_taken_over(
    tmp_path: Path, database: Database, endpoint: Receiver, name: str
) -> None:
    await changed(database, sa.update(deliveries).values(leased_by=name))

    async with run_handoff(tmp_path, database):
        await endpoint.wait_for(2)


async def test_leases_of_a_living_worker_are_not_taken_over(
    tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(takeover, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(takeover, "CHECK_SECONDS", 0.01)
    async with Receiver(HANGS) as receiver, run_handoff(tmp_path, database) as holder:
        await holder.subscribe(receiver.url(), models=["marathon"])
        await holder.append(*(qualified(number) for number in range(5)))
        await receiver.wait_for(5)
        [(_, _, worker), *_] = held = await leases(database)

        async with Receiver() as healthy, run_handoff(tmp_path, database) as another:
            webhook = await another.subscribe(healthy.url(), models=["other"])
            await another.append(qualified(9, model="other"))
            await another.wait_for_deliveries(webhook, "delivered")
            for times in range(2, 5):
                # The check that takes over the lease of the dead worker has left those of the living worker.
                await lease_to("dead-worker", another, webhook)
                await healthy.wait_for(times)
            await another.wait_for_deliveries(webhook, "delivered")
            assert await leases(database) == held
            assert {row[2] for row in held} == {worker}
    assert len(receiver.received) == 5


async def test_a_worker_regains_a_lost_proof_of_life_without_a_second_attempt(
    tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(takeover, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(takeover, "CHECK_SECONDS", 0.01)
    async with Receiver(HANGS) as receiver, run_handoff(tmp_path, database) as world:
        await world.subscribe(receiver.url())
        await world.append(qualified())
        await receiver.wait_for(1)
        [(_, _, worker)] = await leases(database)

        for _ in range(3):
            await take_proofs_away(tmp_path, database)

            async def is_dead() -> bool:
                async with prove(database, "onlooker") as proof, proof.dead({worker}) as dead:
                    return worker in dead

            await eventually(is_dead, lambda dead: not dead)

        await eventually(lambda: world.api.get("/readyz"), lambda answer: answer.status_code == 200)
        assert len(receiver.received) == 1


async def test_a_zombie_worker_does_not_change_a_delivery_that_another_worker_completed(
    tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker loses its proof unnoticed, and its attempt fails after that of another worker succeeded."""
    monkeypatch.setattr(takeover, "CHECK_SECONDS", 2 * PATIENCE_SECONDS)
    may_fail, came, broken_off = asyncio.Event(), 0, asyncio.Event()

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal came
        await reader.readuntil(b"\r\n\r\n")
        came += 1
        if came == 1:
            await may_fail.wait()
            writer.write(b"HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n")
            await writer.drain()
            broken_off.set()
        else:
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")

    async with hostile(behave) as address, run_handoff(tmp_path, database) as zombie:
        webhook = await zombie.subscribe(f"http://{address}/")
        await zombie.append(qualified(1))
        await eventually(lambda: came == 1)
        await take_proofs_away(tmp_path, database)

        async with run_handoff(tmp_path, database) as successor:
            [delivered] = await successor.wait_for_deliveries(webhook, "delivered")
        may_fail.set()
        await broken_off.wait()

        # Once the zombie delivers again, it has recorded its earlier attempts.
        await zombie.append(qualified(2))
        both = await zombie.wait_for_deliveries(webhook, "delivered", 2)
        assert both[1] == delivered
        assert [attempt["status"] for attempt in delivered["attempts"]] == [200]
        assert (await zombie.get(f"/v1/webhooks/{webhook['id']}"))["status"] == "active"


async def test_a_stopped_worker_leaves_no_leases_and_no_lock_file(tmp_path: Path, database: Database) -> None:
    async with Receiver(HANGS) as receiver:
        async with run_handoff(tmp_path, database) as world:
            await world.subscribe(receiver.url())
            await world.append(*(qualified(number) for number in range(5)))
            await receiver.wait_for(5)
            assert len(await leases(database)) == 5
            assert len(lock_files(tmp_path)) == (database.dialect == "sqlite")

        assert await leases(database) == []
        assert lock_files(tmp_path) == []


async def test_only_lock_files_of_dead_workers_are_removed(tmp_path: Path, sqlite_url: str) -> None:
    database = Database(sqlite_url)
    left = [tmp_path / f"state.sqlite-handoff-{n}.lock" for n in range(3)]
    others = [tmp_path / name for name in ("state.sqlite-handoff-.txt", "other.sqlite-handoff-1.lock")]
    for path in [*left, *others]:
        path.touch()

    async with prove(database, "living") as living, run_handoff(tmp_path, database):
        await eventually(lambda: not any(path.exists() for path in left))
        await living.check()
        assert all(path.exists() for path in others)
        assert [path.stat().st_mode & 0o777 for path in lock_files(tmp_path)] == [0o600, 0o600]
    await database.close()


async def test_a_worker_without_a_proof_of_life_delivers_with_leases_that_expire(
    tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> Any:
        raise Unavailable("proof_refused", "No proof today.")

    monkeypatch.setattr(composing, "prove", refused)
    async with Receiver(HANGS, WORKS) as receiver, run_handoff(tmp_path, database) as world:
        webhook = await world.subscribe(receiver.url())
        await world.append(qualified(1))
        await receiver.wait_for(1)
        assert await leases(database) == []
        await world.append(qualified(2))
        await world.wait_for_deliveries(webhook, "delivered")
        await eventually(
            lambda: world.api.get("/readyz"), lambda answer: "handoff.leases has waited" in answer.text
        )

        world.clock.advance(hours=1)
        await world.wait_for_deliveries(webhook, "delivered", 2)
