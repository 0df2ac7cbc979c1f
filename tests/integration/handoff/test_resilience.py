"""The delivery worker among dead endpoints, deleted subscriptions, dying processes and other workers."""

from pathlib import Path
from typing import Any

from services.handoff.webhooks import bulkhead
from shared.database.engine import Database
from tests.support.leads import qualified
from tests.support.patience import eventually
from tests.support.receiver import Receiver, Reply
from tests.worlds.handoff import HandoffWorld, run_handoff

WORKS, HANGS = Reply(200), Reply(hang=True)


async def test_dead_endpoints_do_not_delay_a_healthy_endpoint(
    world: HandoffWorld, receiver: Receiver
) -> None:
    async with Receiver(HANGS) as dead:
        for path in ("/a", "/b", "/c"):
            await world.subscribe(dead.url(path))
        await world.append(*(qualified(number) for number in range(100)))
        await dead.wait_for(3 * bulkhead.FIRST_WIDTH)

        await world.subscribe(receiver.url())
        await world.append(*(qualified(number) for number in range(100, 130)))

        await receiver.wait_for(30)
        assert len(dead.received) == 3 * bulkhead.FIRST_WIDTH


async def test_a_worker_full_of_stuck_attempts_still_records_and_claims(
    tmp_path: Path, database: Database, receiver: Receiver
) -> None:
    async with Receiver(HANGS) as dead, run_handoff(tmp_path, database, timeout_seconds=1) as world:
        endpoints = [
            await world.subscribe(dead.url(f"/{number}"))
            for number in range(bulkhead.TOTAL // bulkhead.FIRST_WIDTH)
        ]
        await world.append(*(qualified(number) for number in range(bulkhead.FIRST_WIDTH)))
        for endpoint in endpoints:
            await eventually(
                lambda endpoint=endpoint: world.deliveries(endpoint),
                lambda rows: sum(len(row["attempts"]) for row in rows) >= bulkhead.FIRST_WIDTH,
            )

        healthy = await world.subscribe(receiver.url())
        await world.append(qualified(100))

        async def delivered() -> list[dict[str, Any]]:
            # All failed deliveries are due again, and the healthy one, too, if this machine was slow.
            world.clock.advance(hours=1)
            return await world.deliveries(healthy, status="delivered")

        assert len(await eventually(delivered)) == 1


async def test_deleting_a_webhook_during_attempts_affects_no_other_webhook(
    world: HandoffWorld, receiver: Receiver
) -> None:
    async with Receiver(HANGS) as slow:
        doomed = await world.subscribe(slow.url())
        await world.append(*(qualified(number) for number in range(20)))
        await slow.wait_for(bulkhead.FIRST_WIDTH)

        assert (await world.api.delete(f"/v1/webhooks/{doomed['id']}")).status_code == 204
        assert (await world.api.delete(f"/v1/webhooks/{doomed['id']}")).status_code == 204

    healthy = await world.subscribe(receiver.url())
    await world.append(qualified(20))
    await world.wait_for_deliveries(healthy, "delivered")
    assert (await world.api.get(f"/v1/webhooks/{doomed['id']}")).status_code == 404
    await eventually(lambda: world.api.get("/readyz"), lambda answer: answer.status_code == 200)


async def test_the_next_process_repeats_an_interrupted_attempt_with_the_same_message_id(
    tmp_path: Path, database: Database
) -> None:
    async with Receiver(HANGS, WORKS) as receiver:
        async with run_handoff(tmp_path, database) as first:
            webhook = await first.subscribe(receiver.url())
            await first.append(qualified())
            await receiver.wait_for(1)

        async with run_handoff(tmp_path, database) as second:
            [delivered] = await second.wait_for_deliveries(webhook, "delivered")

    assert [received.id for received in receiver.received] == [delivered["message_id"]] * 2


async def test_two_processes_share_the_work_and_send_nothing_twice(
    tmp_path: Path, database: Database, receiver: Receiver
) -> None:
    async with run_handoff(tmp_path, database) as first, run_handoff(tmp_path, database) as second:
        webhook = await first.subscribe(receiver.url())

        await second.append(*(qualified(number) for number in range(200)))

        await eventually(
            lambda: first.deliveries(webhook, status="delivered", limit=200), lambda rows: len(rows) == 200
        )
    ids = [received.id for received in receiver.received]
    assert (len(ids), len(set(ids))) == (200, 200)
