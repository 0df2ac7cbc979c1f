"""Which due deliveries are claimed if the bulkhead has too little room for all of them."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from services.handoff.store.claims import claim
from services.handoff.store.tables import deliveries, webhooks
from services.handoff.webhooks.bulkhead import FAILING_WIDTH, FIRST_WIDTH, MAX_WIDTH, TOTAL, Bulkhead
from shared.database.bulk import insert_new
from shared.database.engine import Database
from tests.support.builders import NOON
from tests.support.tables import values

LEASE = NOON + timedelta(minutes=1)
SECRETS = [["whsec_QUJD", None]]


async def store_deliveries(
    database: Database, webhook_id: str, count: int, *, since: timedelta, status: str = "pending"
) -> None:
    """Store `count` deliveries for an endpoint, due since a time `since` before noon."""
    webhook = {"id": webhook_id, "url": "", "status": "active", "secrets": SECRETS, "created_at": NOON}
    rows = [_row(webhook_id, number, since) | {"status": status} for number in range(count)]

    def both(connection: sa.Connection) -> None:
        connection.execute(sa.insert(webhooks).values(webhook))
        insert_new(connection, deliveries, "id", rows)

    await database.unit(both)


def _row(webhook_id: str, number: int, since: timedelta) -> dict[str, Any]:
    return {
        "id": f"{webhook_id}-{number:04}",
        "webhook_id": webhook_id,
        "message_id": f"message-{number}",
        "type": "lead.qualified",
        "lead_id": None,
        "body": b"{}",
        "status": "pending",
        "failures": 0,
        "due_at": NOON - since + timedelta(milliseconds=number),
        "error": None,
        "created_at": NOON,
    }


async def claimed(database: Database, bulkhead: Bulkhead) -> list[str]:
    """Claim as many deliveries as there is room for, and return their endpoints."""
    return await database.unit(lambda connection: _claimed(connection, bulkhead))


def _claimed(connection: sa.Connection, bulkhead: Bulkhead) -> list[str]:
    found = claim(
        connection,
        now=NOON,
        lease=LEASE,
        worker="worker",
        limit=bulkhead.free,
        full=bulkhead.full,
        choose=bulkhead.choose,
    )
    return [delivery.webhook_id for delivery in found.deliveries]


async def steps_of_a_claim(database: Database) -> int:
    """Return how many hundreds of steps SQLite takes for a claim."""
    steps: list[int] = []

    def counted(connection: sa.Connection) -> None:
        driver: Any = connection.connection.driver_connection
        driver.set_progress_handler(lambda: steps.append(1), 100)
        _claimed(connection, Bulkhead())
        driver.set_progress_handler(None, 0)

    await database.unit(counted)
    return len(steps)


async def test_backlogs_of_failing_endpoints_do_not_delay_a_healthy_endpoint(database: Database) -> None:
    bulkhead = Bulkhead()
    for number in range(TOTAL // MAX_WIDTH):
        await store_deliveries(database, f"failing-{number}", 2 * MAX_WIDTH, since=timedelta(hours=2))
        bulkhead.enter(f"failing-{number}")
        bulkhead.leave(f"failing-{number}", taken=False)
    await store_deliveries(database, "healthy", FIRST_WIDTH, since=timedelta(seconds=1))

    counts = Counter(await claimed(database, bulkhead))

    assert counts.pop("healthy") == FIRST_WIDTH
    assert set(counts.values()) == {FAILING_WIDTH}


async def test_a_claim_spreads_evenly_over_all_endpoints(database: Database) -> None:
    for number in range(40):
        await store_deliveries(database, f"endpoint-{number:02}", 20, since=timedelta(minutes=40 - number))

    counts = Counter(await claimed(database, Bulkhead()))

    assert len(counts) == 40
    assert sum(counts.values()) == TOTAL
    assert set(counts.values()) <= {TOTAL // 40, TOTAL // 40 + 1}


async def test_a_claim_takes_the_longest_due_deliveries_of_an_endpoint_first(database: Database) -> None:
    await store_deliveries(database, "endpoint", 2 * FIRST_WIDTH, since=timedelta(minutes=1))
    assert len(await claimed(database, Bulkhead())) == FIRST_WIDTH

    due = sa.select(deliveries.c.id).where(deliveries.c.due_at < NOON)
    left = await values(database, due)
    assert set(left) == {f"endpoint-{number:04}" for number in range(FIRST_WIDTH, 2 * FIRST_WIDTH)}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("status", ["delivered", "held", "pending"])
async def test_the_cost_of_a_claim_does_not_depend_on_the_number_of_stored_deliveries(
    database: Database, status: str
) -> None:
    """SQLite reads only the deliveries that it returns, without statistics and beside many rows."""
    few = TOTAL // MAX_WIDTH
    for number in range(few):
        await store_deliveries(database, f"endpoint-{number}", 2 * MAX_WIDTH, since=timedelta(hours=1))
    alone = await steps_of_a_claim(database)
    await store_deliveries(database, "another", 5_000, since=timedelta(hours=-1), status=status)
    assert await steps_of_a_claim(database) < 1.5 * alone
