"""Row 11: the processor time of a flip that comes alone, from the posted event to the delivered webhook.

At 25 a second every stage wakes for one event. Beside it a bare server that stores the same event in one
transaction and posts the same webhook, at the same rate.
"""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from statistics import median
from typing import Any

from uvicorn.loops.auto import auto_loop_factory

from deploy.localserver import free_port
from tests.bench.arena import Arena, Wrong
from tests.bench.inbox import Inbox
from tests.bench.meter import cpu_seconds
from tests.bench.open_loop import OpenLoop
from tests.bench.rows.latency import ALLOW, flipped, subscribed
from tests.bench.servers import Server, flipline, started, wait_for_port
from tests.bench.table import Row
from tests.bench.workload import post

RATE = 25
EVENTS = 100
WARM_UP = 50
PAIRS = 3
AIM_MS, AIM_TIMES = 5.0, 2.0
# For the recording of the attempt, which comes after the webhook.
AFTER_SECONDS = 0.5


def measure_embedded(arena: Arena) -> Row:
    """Measure `flipline up`."""
    arena.print_step("row 11: a lone flip, embedded")
    with flipline(arena, "up", name="row11-up", pinned=False, webhook_allow=ALLOW) as server:
        return _row("embedded", _run(arena, [server, server, server]))


def measure_production(arena: Arena, bootstrap: str, url: str) -> Row:
    """Measure three processes on Kafka and PostgreSQL, without the broker's and the database's time."""
    arena.print_step("row 11: a lone flip, Kafka and PostgreSQL")
    settings: dict[str, Any] = {
        "log": f"kafka://{bootstrap}",
        "kafka_topic_prefix": "lone_",
        "database_url": url,
    }
    with ExitStack() as stack:
        servers = [
            stack.enter_context(
                flipline(arena, name, name=f"row11-{name}", pinned=False, webhook_allow=ALLOW, **settings)
            )
            for name in ("ingest", "scoring", "handoff")
        ]
        return _row("Kafka + PostgreSQL", _run(arena, servers))


def _row(where: str, details: dict[str, Any]) -> Row:
    ours, floor = (median(pair[side] for pair in details["pairs_ms"]) for side in (0, 1))
    return Row(
        11, f"a lone flip, {RATE} per second, {where}", "ms of cpu", f"<= {AIM_MS:g} ms and {AIM_TIMES:g} x",
        f"{ours:.1f}", floor, [floor / ours for ours, floor in details["pairs_ms"]],
        met=ours <= AIM_MS and ours <= AIM_TIMES * floor, details=details,
        remarks=(f"{ours / floor:.1f} times its floor of {floor:.1f} ms",),
    )  # fmt: skip


def _run(arena: Arena, servers: Sequence[Server]) -> dict[str, Any]:
    with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        return runner.run(_measured(arena, *servers))


async def _measured(arena: Arena, ingest: Server, scoring: Server, handoff: Server) -> dict[str, Any]:
    pids = {server.process.pid for server in (ingest, scoring, handoff)}
    directory = arena.subdirectory("lone")
    pairs: list[tuple[float, float]] = []
    async with Inbox() as inbox:
        await subscribed(inbox, scoring, handoff)
        await flipped(inbox, ingest, "warm", WARM_UP, RATE)
        (directory / "body").write_bytes(inbox.body)
        port = free_port()
        arguments = (str(port), str(directory / "floor.sqlite"), inbox.url, str(directory / "body"))
        with started(arena, "floors.flip", *arguments, cores=frozenset()) as floor:
            await asyncio.to_thread(wait_for_port, port)
            await _floor(inbox, port, WARM_UP)
            for pair in range(PAIRS):
                before = _used(pids)
                await flipped(inbox, ingest, f"pair{'abc'[pair]}", EVENTS, RATE)
                await asyncio.sleep(AFTER_SECONDS)
                between = _used({floor})
                ours = _used(pids) - before
                await _floor(inbox, port, EVENTS)
                await asyncio.sleep(AFTER_SECONDS)
                pairs.append((ours / EVENTS * 1_000, (_used({floor}) - between) / EVENTS * 1_000))
                arena.print_step(f"  pair {pair + 1}: {pairs[-1][0]:.1f} ms, floor {pairs[-1][1]:.1f} ms")
    return {"rate": RATE, "events": EVENTS, "pairs_ms": pairs}


def _used(pids: set[int]) -> float:
    return sum(map(cpu_seconds, pids))


async def _floor(inbox: Inbox, port: int, count: int) -> None:
    inbox.messages = 0
    requests = [
        post("/v1/events", {"type": "form_submit", "identities": {"anonymous_id": f"latency-floor-{number}"}})
        for number in range(count)
    ]
    await OpenLoop(port, requests, rate=RATE).run()
    await asyncio.sleep(AFTER_SECONDS)
    if inbox.messages != count:
        raise Wrong(f"of {count} webhooks of the floor {inbox.messages} came")
