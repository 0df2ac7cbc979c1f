"""What operators see of the deliveries that are not made yet, and the cost of the queries."""

import itertools
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from prometheus_client.parser import text_string_to_metric_families

from services.handoff.sending import measure
from services.handoff.store import backlog, leases
from services.handoff.store.tables import deliveries, webhooks
from shared.database.bulk import insert_new
from shared.database.engine import Database
from tests.support.builders import NOON
from tests.support.leads import qualified
from tests.support.patience import eventually
from tests.support.receiver import Receiver, Reply
from tests.worlds.handoff import HandoffWorld, run_handoff

MANY = 60_000
GAUGES = ("flipline_deliveries_pending", "flipline_deliveries_held", "flipline_oldest_due_delivery_seconds")


async def shown(world: HandoffWorld) -> dict[str, tuple[float, ...]]:
    """Return pending, held and age of the oldest due, by webhook."""
    text = (await world.api.get("/metrics")).text
    samples = {
        (sample.name, sample.labels["webhook"]): sample.value
        for family in text_string_to_metric_families(text)
        if family.name in GAUGES
        for sample in family.samples
    }
    return {webhook: tuple(samples[gauge, webhook] for gauge in GAUGES) for _, webhook in samples}


async def test_the_backlog_metrics_are_shown_by_webhook(
    tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measure, "LOOK_AGAIN_SECONDS", 0.02)
    monkeypatch.setattr(measure, "REST_PER_SECOND_OF_LOOKING", 0)
    async with (
        Receiver(Reply(500)) as failing,
        Receiver(Reply(410)) as removed,
        Receiver(Reply(200)) as fine,
        run_handoff(tmp_path, database) as world,
    ):
        first, second, third = [
            await world.subscribe(receiver.url()) for receiver in (failing, removed, fine)
        ]
        await world.append(qualified(1), qualified(2))
        for webhook in (first, second):
            await world.wait_for_attempts(webhook, 1)
        await world.wait_for_deliveries(second, "held", 2)
        await world.wait_for_deliveries(third, "delivered", 2)

        expected = {first["id"]: (2.0, 0.0, 0.0), second["id"]: (0.0, 2.0, 0.0), third["id"]: (0.0, 0.0, 0.0)}
        await eventually(lambda: shown(world), lambda now: now == expected)

        # No worker takes what is due: an attempt that hangs uses up the endpoint's share of the bulkhead.
        failing.answers(Reply(hang=True))
        world.clock.advance(hours=1)
        await failing.wait_for(3)
        world.clock.advance(seconds=100)
        await eventually(lambda: shown(world), lambda now: now[first["id"]][2] >= 100)

        await world.api.delete(f"/v1/webhooks/{first['id']}")
        await eventually(lambda: shown(world), lambda now: set(now) == {second["id"], third["id"]})


@pytest.fixture
async def crowded(database: Database) -> Database:
    """Three endpoints with tens of thousands of deliveries each, mostly made long ago."""
    await database.unit(_crowd)
    if database.dialect == "postgresql":
        await database.read(_vacuum)
    return database


def _crowd(connection: sa.Connection) -> None:
    names = [f"webhook-{n}" for n in range(3)]
    for name in names:
        row = {
            "id": name,
            "url": "https://x.example/",
            "status": "active",
            "secrets": [],
            "created_at": NOON,
        }
        connection.execute(sa.insert(webhooks).values(row))
    statuses = itertools.cycle(["delivered"] * 7 + ["pending", "held", "pending"])
    for start in range(0, MANY, 10_000):
        rows = [
            _row(n, names[n % 3], status)
            for n, status in zip(range(start, start + 10_000), statuses, strict=False)
        ]
        insert_new(connection, deliveries, "id", rows)
    connection.execute(sa.text("analyze"))


def _row(n: int, webhook_id: str, status: str) -> dict[str, Any]:
    return {
        "id": f"delivery-{n:08}",
        "webhook_id": webhook_id,
        "message_id": f"message-{n}",
        "type": "lead.qualified",
        "lead_id": None,
        "body": b"{}" * 500,
        "status": status,
        "failures": 0,
        "due_at": NOON,
        "leased_by": f"worker-{n // 2 % 2}" if status == "pending" and n % 5_000 < 10 else None,
        "error": None,
        "created_at": NOON,
    }


def _vacuum(connection: sa.Connection) -> None:
    # As autovacuum does; after that an index alone can answer.
    outside = connection.execution_options(isolation_level="AUTOCOMMIT")
    outside.execute(sa.text("vacuum analyze deliveries"))


async def plan(database: Database, query: sa.ClauseElement) -> str:
    """Return the plan of the database for a query."""

    def explained(connection: sa.Connection) -> str:
        compiled = query.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
        explain = "explain " if database.dialect == "postgresql" else "explain query plan "
        rows = connection.exec_driver_sql(explain + str(compiled))
        return "\n".join(str(row[-1]) for row in rows)

    return await database.read(explained)


async def holders_are_listed_from_their_index_alone(crowded: Database) -> None:
    query_plan = await plan(crowded, leases._holders)
    assert "ix_deliveries_leased" in query_plan
    assert "Seq Scan" not in query_plan
    assert await crowded.read(leases.holders) == {"worker-0", "worker-1"}


async def the_backlog_is_counted_from_indexes_alone(crowded: Database) -> None:
    query_plan = await plan(crowded, backlog._backlogs)
    assert "ix_deliveries_due" in query_plan
    assert "ix_deliveries_held" in query_plan
    assert "Seq Scan on deliveries" not in query_plan
    assert "SCAN deliveries" not in query_plan
    found = await crowded.read(backlog.backlogs)
    assert [(endpoint.pending, endpoint.held, endpoint.due_at) for endpoint in found] == [
        (MANY / 15, MANY / 30, NOON)
    ] * 3


async def leases_are_given_back_by_their_index(crowded: Database) -> None:
    def given_back(connection: sa.Connection) -> tuple[int, set[str]]:
        return leases.release(connection, ["worker-1"], NOON), leases.holders(connection)

    query_plan = await plan(
        crowded, sa.select(deliveries.c.id).where(deliveries.c.leased_by.in_(["worker-1"]))
    )
    assert "ix_deliveries_leased" in query_plan
    number, left = await crowded.unit(given_back)
    assert number > 0
    assert left == {"worker-0"}


async def test_backlog_and_lease_queries_use_only_indexes_among_many_deliveries(crowded: Database) -> None:
    """In one test, since it takes seconds to make the deliveries."""
    await holders_are_listed_from_their_index_alone(crowded)
    await the_backlog_is_counted_from_indexes_alone(crowded)
    await leases_are_given_back_by_their_index(crowded)
