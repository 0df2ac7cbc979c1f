"""A process claims the deliveries that it stores in the same transaction, and loses none by that."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from services.handoff.sending import worker
from services.handoff.sending.wake import Due
from services.handoff.store.tables import deliveries
from services.handoff.webhooks.bulkhead import MAX_WIDTH
from shared.database.engine import Database
from shared.database.outbox import outbox
from tests.support.clock import FrozenClock
from tests.support.leads import qualified
from tests.support.patience import PATIENCE_SECONDS, eventually
from tests.support.receiver import Receiver
from tests.support.tables import rows, values
from tests.worlds.handoff import HandoffWorld, run_handoff


async def test_a_new_delivery_is_claimed_in_the_transaction_that_stores_it(
    tmp_path: Path, database: Database, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    claims: list[int] = []
    claim, still = worker.claim, FrozenClock.now

    def moving(clock: FrozenClock) -> datetime:
        """Move the clock on with each call, as real time does."""
        clock.advance(milliseconds=1)
        return still(clock)

    def counted(connection: sa.Connection, **how: Any) -> Any:
        claimed = claim(connection, **how)
        claims.extend([len(claimed.deliveries)] * bool(claimed.deliveries))
        return claimed

    async with run_handoff(tmp_path, database) as world:
        webhook = await world.subscribe(receiver.url())
        monkeypatch.setattr(FrozenClock, "now", moving)
        # From now on the worker does not look for deliveries, and only the end of its attempts wakes it.
        monkeypatch.setattr(Due, "take", lambda _: False)
        monkeypatch.setattr(worker, "LOOK_AGAIN_SECONDS", 10 * PATIENCE_SECONDS)
        monkeypatch.setattr(worker, "claim", counted)
        for number in range(3):
            await world.append(qualified(number))
            await receiver.wait_for(number + 1)
            await world.wait_for_deliveries(webhook, "delivered", number + 1)
    assert claims == [1, 1, 1], "one claim for each lead, in the transaction that stores it"


async def test_a_failed_claim_loses_no_lead_and_parks_nothing(
    world: HandoffWorld, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook = await world.subscribe(receiver.url())
    claim, fails = worker.claim, True

    def failing(connection: sa.Connection, **how: Any) -> Any:
        if fails:
            raise ValueError("a row that cannot be read")
        return claim(connection, **how)

    monkeypatch.setattr(worker, "claim", failing)
    await world.append(qualified(1), qualified(2))
    await eventually(lambda: world.deliveries(webhook, status="pending"), lambda found: len(found) == 2)
    assert await rows(world.database, sa.select(outbox)) == [], "nothing is parked"
    fails = False
    await world.wait_for_deliveries(webhook, "delivered", 2)
    assert len(receiver.received) == 2


async def test_a_delivery_beyond_the_bulkhead_is_sent_as_soon_as_the_bulkhead_has_room(
    tmp_path: Path, database: Database, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No bell rings for the delivery, so the worker has to remember that more are due."""
    count = 3 * MAX_WIDTH
    async with run_handoff(tmp_path, database) as world:
        await world.subscribe(receiver.url())
        monkeypatch.setattr(worker, "LOOK_AGAIN_SECONDS", 10 * PATIENCE_SECONDS)
        await world.append(*(qualified(number) for number in range(count)))
        await receiver.wait_for(count)
        left = sa.select(deliveries.c.id).where(deliveries.c.status == "pending")
        await eventually(lambda: values(database, left), lambda ids: not ids)
    assert len({received.id for received in receiver.received}) == len(receiver.received) == count
