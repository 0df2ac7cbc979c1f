"""An activation and its progress: how long each phase takes, and how much is done."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import asyncpg

from tests.bench.arena import Arena, Wrong
from tests.bench.meter import cpu_seconds, peak_mebibytes
from tests.bench.servers import OPS_KEY, Server
from tests.support.postgres import plain

LOOK_SECONDS = 0.05
REPORT_SECONDS = 15.0

_COURSE = "select phase, done, total from preparations"


@dataclass
class Activated:
    """The cost of an activation; `phases` are seconds by the name of the phase.

    In the last, `change`, live scoring waits.
    """

    seconds: float
    cpu_seconds: float
    peak_mebibytes: float
    phases: dict[str, float] = field(default_factory=dict[str, float])


async def activated(
    arena: Arena, server: Server, url: str, *, limit: float, look: Callable[[], Awaitable[None]] | None = None
) -> Activated:
    """Activate the draft; raises Wrong with the progress so far when it is not done in time.

    `look` is called again and again during the activation.
    """
    connection = await asyncpg.connect(plain(url))
    pid = server.process.pid
    used, started = cpu_seconds(pid), time.perf_counter()
    phases: dict[str, float] = {"change": 0.0}
    course, reported_at, seen_at = "it has not begun", started, started
    call = asyncio.create_task(
        asyncio.to_thread(
            server.call, "POST", "/v1/models/bench/activate", OPS_KEY, {"handoff": "none"}, seconds=limit
        )
    )
    try:
        while not call.done():
            await asyncio.sleep(LOOK_SECONDS)
            row = await connection.fetchrow(_COURSE)
            if look is not None:
                await look()
            now = time.perf_counter()
            phase = "change"
            if row is not None:
                phase = row["phase"] if row["phase"] != "ready" else "change"
                course = f"{row['phase']}, {row['done']:,} of {row['total']:,}"
            phases[phase] = phases.get(phase, 0.0) + now - seen_at
            seen_at = now
            if now - reported_at > REPORT_SECONDS:
                reported_at = now
                arena.print_step(f"  {course} after {now - started:.0f} s")
        try:
            await call
        except Wrong as error:
            raise Wrong(f"{error} ({course})") from error
        seconds = time.perf_counter() - started
    finally:
        await connection.close()
    return Activated(seconds, cpu_seconds(pid) - used, peak_mebibytes(pid), phases)
