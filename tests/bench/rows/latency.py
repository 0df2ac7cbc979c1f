"""Row 4: from the 200 of an event to the arrival of the webhook that it causes, at 100 and 200 flips/s."""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from uvicorn.loops.auto import auto_loop_factory

from tests.bench.arena import Arena, Wrong
from tests.bench.inbox import Inbox
from tests.bench.load import percentile
from tests.bench.open_loop import OpenLoop
from tests.bench.servers import CRM_KEY, OPS_KEY, Server, flipline
from tests.bench.table import Row
from tests.bench.workload import post

AIMED_RATE, FASTER_RATE = 100, 200
EVENTS = 2_000
WARM_UP = 200
ARRIVAL_LIMIT = 30.0
MATRIX: dict[str, Any] = {
    "flip_number": 25,
    "rules": [{"id": "asks_for_offer", "when": {"type": "form_submit"}, "points": 25}],
}
ALLOW = "127.0.0.1"


def measure_embedded(arena: Arena) -> Row:
    """Measure `flipline up`."""
    arena.print_step("row 4: accepted -> webhook received, embedded")
    with flipline(arena, "up", name="row4-up", pinned=False, webhook_allow=ALLOW) as server:
        return _row("embedded", 60, _run(arena, server, server, server))


def measure_production(arena: Arena, bootstrap: str, url: str) -> Row:
    """Measure three processes on Kafka and PostgreSQL."""
    arena.print_step("row 4: accepted -> webhook received, Kafka and PostgreSQL")
    settings: dict[str, Any] = {
        "log": f"kafka://{bootstrap}",
        "kafka_topic_prefix": "latency_",
        "database_url": url,
    }
    with ExitStack() as stack:
        ingest, scoring, handoff = (
            stack.enter_context(
                flipline(arena, name, name=f"row4-{name}", pinned=False, webhook_allow=ALLOW, **settings)
            )
            for name in ("ingest", "scoring", "handoff")
        )
        return _row("Kafka + PostgreSQL", 130, _run(arena, ingest, scoring, handoff))


def _row(where: str, aim_ms: float, details: dict[str, Any]) -> Row:
    aimed, faster = details["from_200_ms"], details["faster"]["from_200_ms"]
    return Row(
        4, f"accepted -> webhook received, {AIMED_RATE} flips/s, {where}", "ms", f"p99 <= {aim_ms:g} ms",
        f"p50 {aimed['p50']:.0f} · p95 {aimed['p95']:.0f} · p99 {aimed['p99']:.0f} · max {aimed['max']:.0f}",
        met=aimed["p99"] <= aim_ms, details=details,
        remarks=(f"at {FASTER_RATE}/s p50 {faster['p50']:.0f} · p99 {faster['p99']:.0f}",),
    )  # fmt: skip


def _run(arena: Arena, ingest: Server, scoring: Server, handoff: Server) -> dict[str, Any]:
    with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        return runner.run(_measured(arena, ingest, scoring, handoff))


async def _measured(arena: Arena, ingest: Server, scoring: Server, handoff: Server) -> dict[str, Any]:
    """Let each event flip a person of its own; raises Wrong unless each makes exactly one webhook."""
    async with Inbox() as inbox:
        await subscribed(inbox, scoring, handoff)
        await flipped(inbox, ingest, "warm", WARM_UP, AIMED_RATE)
        details = await _spreads(inbox, ingest, "real", AIMED_RATE)
        details["faster"] = await _spreads(inbox, ingest, "faster", FASTER_RATE)
    arena.print_step(f"  {details['from_200_ms']}")
    return details


async def subscribed(inbox: Inbox, scoring: Server, handoff: Server) -> None:
    """Activate a matrix by which each event flips a person, and subscribe the inbox to the leads."""
    await asyncio.to_thread(scoring.call, "PUT", "/v1/models/latency/draft", OPS_KEY, MATRIX)
    await asyncio.to_thread(scoring.call, "POST", "/v1/models/latency/activate", OPS_KEY, {"handoff": "all"})
    await asyncio.to_thread(handoff.call, "POST", "/v1/webhooks", CRM_KEY, {"url": inbox.url})


async def _spreads(inbox: Inbox, ingest: Server, run: str, rate: float) -> dict[str, Any]:
    times = await flipped(inbox, ingest, run, EVENTS, rate)
    arrivals = inbox.arrivals
    from_200 = [arrivals[number][0] - answered for number, (_, answered) in enumerate(times)]
    from_due = [arrivals[number][0] - due for number, (due, _) in enumerate(times)]
    to_200 = [answered - due for due, answered in times]
    return {
        "rate": rate, "events": EVENTS, "from_200_ms": _spread(from_200), "from_send_ms": _spread(from_due),
        "to_200_ms": _spread(to_200),
    }  # fmt: skip


async def flipped(
    inbox: Inbox, ingest: Server, run: str, count: int, rate: float
) -> list[tuple[float, float]]:
    """Post `count` events at a rate and wait for their webhooks; the inbox then has no other arrivals.

    Returns for each event when it was due and when it was answered; raises Wrong unless each makes a webhook.
    """
    inbox.arrivals.clear()
    requests = [
        post("/v1/events", {"type": "form_submit", "identities": {"anonymous_id": f"latency-{run}-{number}"}})
        for number in range(count)
    ]
    times = await OpenLoop(ingest.port, requests, rate=rate).run()
    if not await inbox.wait_for(count, seconds=ARRIVAL_LIMIT):
        raise Wrong(f"{len(inbox.arrivals):,} of {count:,} webhooks came within {ARRIVAL_LIMIT:.0f} s")
    if twice := sum(len(at) > 1 for at in inbox.arrivals.values()):
        raise Wrong(f"of {count:,} webhooks {twice:,} came more than once")
    return times


def _spread(seconds: Sequence[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    spread = {f"p{percent}": percentile(ordered, percent) * 1000 for percent in (50, 95, 99)}
    return {name: round(value, 1) for name, value in (spread | {"max": ordered[-1] * 1000}).items()}
