"""Row 9: a backlog of webhooks to one endpoint, beside the same bodies posted by a bare client.

The aim is the processor time of the process for a webhook, claims, signatures and records included.
"""

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any, TypeAlias

from uvicorn.loops.auto import auto_loop_factory

from tests.bench.arena import Arena, Wrong
from tests.bench.databases import value
from tests.bench.inbox import Inbox
from tests.bench.meter import Meter
from tests.bench.open_loop import OpenLoop
from tests.bench.rows.latency import ALLOW, MATRIX
from tests.bench.servers import CRM_KEY, OPS_KEY, Server, flipline
from tests.bench.table import Row
from tests.bench.workload import post

WEBHOOKS = 10_000
IN_A_REQUEST = 100
RATE = 10
LIMIT_SECONDS = 300.0
AIM_MS = 1.5
HELD = "select count(*) from deliveries where status = 'held'"

Held: TypeAlias = Callable[[], Awaitable[int]]
"""how many webhooks are held"""


def measure_embedded(arena: Arena) -> Row:
    """Measure `flipline up`."""
    count = arena.sized(WEBHOOKS)
    arena.print_step(f"row 9: a backlog of {count:,} webhooks, embedded")
    with flipline(arena, "up", name="row9-up", pinned=False, webhook_allow=ALLOW) as server:
        held = _held_in_file(server.data_dir / "state.sqlite")
        return _row("embedded", count, _run(arena, server, server, server, held, count))


def measure_production(arena: Arena, bootstrap: str, url: str) -> Row:
    """Measure a worker of the hand-off on PostgreSQL."""
    count = arena.sized(WEBHOOKS)
    arena.print_step(f"row 9: a backlog of {count:,} webhooks, PostgreSQL")
    settings: dict[str, Any] = {
        "log": f"kafka://{bootstrap}",
        "kafka_topic_prefix": "drain_",
        "database_url": url,
    }
    with (
        flipline(arena, "ingest", name="row9-ingest", **settings) as ingest,
        flipline(arena, "scoring", name="row9-scoring", **settings) as scoring,
        flipline(arena, "handoff", name="row9-handoff", webhook_allow=ALLOW, **settings) as handoff,
    ):
        return _row(
            "PostgreSQL", count, _run(arena, ingest, scoring, handoff, lambda: value(url, HELD), count)
        )


def _row(where: str, count: int, details: dict[str, Any]) -> Row:
    each = details["cpu_ms_each"]
    return Row(
        9, f"a backlog of {count:,} webhooks, {where}", "webhooks/s", f"<= {AIM_MS} ms of cpu each",
        details["a_second"], met=each <= AIM_MS, remarks=(f"{each:.2f} ms of processor time each",),
        details=details,
    )  # fmt: skip


def _run(
    arena: Arena, ingest: Server, scoring: Server, handoff: Server, held: Held, count: int
) -> dict[str, Any]:
    with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        return runner.run(_measured(arena, ingest, scoring, handoff, held, count))


async def _measured(
    arena: Arena, ingest: Server, scoring: Server, handoff: Server, held: Held, count: int
) -> dict[str, Any]:
    """Hold the webhooks of `count` leads, then replay them all; raises Wrong unless each comes once."""
    async with Inbox() as inbox:
        await asyncio.to_thread(scoring.call, "PUT", "/v1/models/latency/draft", OPS_KEY, MATRIX)
        await asyncio.to_thread(
            scoring.call, "POST", "/v1/models/latency/activate", OPS_KEY, {"handoff": "all"}
        )
        hook = await asyncio.to_thread(handoff.call, "POST", "/v1/webhooks", CRM_KEY, {"url": inbox.url})
        path = f"/v1/webhooks/{hook['id']}"
        await asyncio.to_thread(handoff.call, "PATCH", path, CRM_KEY, {"status": "disabled"})
        events = [
            {"type": "form_submit", "identities": {"anonymous_id": f"latency-drain-{n}"}}
            for n in range(count)
        ]
        requests = [post("/v1/events", events[n : n + IN_A_REQUEST]) for n in range(0, count, IN_A_REQUEST)]
        await OpenLoop(ingest.port, requests, rate=RATE).run()
        await _until_held(held, count)
        await asyncio.to_thread(handoff.call, "PATCH", path, CRM_KEY, {"status": "active"})
        with Meter(handoff.process.pid) as meter:
            began = time.perf_counter()
            replayed = await asyncio.to_thread(
                handoff.call, "POST", f"{path}/replay", CRM_KEY, {}, seconds=LIMIT_SECONDS
            )
            came = await inbox.wait_for(count, seconds=LIMIT_SECONDS)
            took = time.perf_counter() - began
            meter.count(count)
    twice = sum(len(at) > 1 for at in inbox.arrivals.values())
    if not came or twice or replayed["replayed"] != count:
        raise Wrong(f"of {count:,} webhooks {len(inbox.arrivals):,} came, {twice:,} of them more than once")
    details = {"webhooks": count, "a_second": count / took, "cpu_ms_each": meter.microseconds / 1_000}
    arena.print_step(f"  {details['a_second']:,.0f} a second, {details['cpu_ms_each']:.2f} ms each")
    return details


async def _until_held(held: Held, count: int) -> None:
    deadline = time.monotonic() + LIMIT_SECONDS
    while (found := await held()) < count:
        if time.monotonic() > deadline:
            raise Wrong(f"{found:,} of {count:,} webhooks are held after {LIMIT_SECONDS:.0f} s")
        await asyncio.sleep(0.2)


def _held_in_file(file: Path) -> Held:
    async def held() -> int:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as state:
            (found,) = state.execute(HELD).fetchone()
        return int(found)

    return held
