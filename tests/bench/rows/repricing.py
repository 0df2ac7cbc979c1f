"""Rows 7 and 12: a change of points for all profiles, activated beside live scoring, and previewed before.

Beside them is the least that does the same: read the counts and price them by hand, and for the activation
write the same score rows with their indexes.
"""

import asyncio
import time
from collections.abc import Iterator
from statistics import median
from typing import Any

from tests.bench.activating import Activated
from tests.bench.arena import Arena, Wrong
from tests.bench.databases import copy, drop
from tests.bench.ground import FLIP_NUMBER, activate_matrix
from tests.bench.live import RATE, Live
from tests.bench.meter import Meter
from tests.bench.population import settle_in, worth, wrongly_priced
from tests.bench.servers import OPS_KEY, Helper, Server, flipline, helper
from tests.bench.table import Row
from tests.bench.workload import matrix, repriced

PROFILES = 1_000_000
LIMIT_SECONDS = 480.0
PREVIEWS = 3
ACTIVATION_AIM, PREVIEW_AIM = 0.5, 0.6

_DATABASE = "repricing"


def measure(arena: Arena, url: str) -> Iterator[Row]:
    """Measure both; raises Wrong when a profile's score is not that of its history."""
    profiles = arena.sized(PROFILES)
    arena.print_step(f"rows 7 and 12: pricing {profiles:,} profiles anew, activated and previewed")
    own = asyncio.run(copy(url, _DATABASE, "template1"))
    with flipline(arena, "scoring", name="row7-found", database_url=own) as found:
        activate_matrix(found, FLIP_NUMBER)
    before, after = matrix(flip_number=FLIP_NUMBER), repriced(FLIP_NUMBER)
    population = asyncio.run(settle_in(own, profiles, before, after))
    arena.print_step(f"  {population}")
    # On the same log, since the positions in the database belong to it.
    with (
        helper(arena, "floors.pricing", own, cores=arena.cores.server) as floor,
        flipline(arena, "scoring", name="row7-scoring", data_dir=found.data_dir, database_url=own) as server,
    ):
        server.call("PUT", "/v1/models/bench/draft", OPS_KEY, after)
        yield _previewed(arena, server, floor, profiles)
        bare = floor.ask({"write": True})
        took, live = asyncio.run(_activated_live(arena, server, own, profiles))
    _check(own, profiles, bare["sum"])
    asyncio.run(drop(url, _DATABASE))
    yield _activation(profiles, took, live, bare["seconds"], population)


def _previewed(arena: Arena, server: Server, floor: Helper, profiles: int) -> Row:
    pairs: list[tuple[float, float]] = []
    used: list[float] = []
    for pair in range(PREVIEWS):
        with Meter(server.process.pid) as meter:
            started = time.perf_counter()
            found = server.call("POST", "/v1/models/bench/draft/preview", OPS_KEY, {}, seconds=LIMIT_SECONDS)
            seconds = time.perf_counter() - started
            meter.count(profiles)
        if found["profiles"] != profiles:
            raise Wrong(f"a preview of {profiles:,} profiles counts {found['profiles']:,}")
        bare = floor.ask({"write": False})
        pairs.append((profiles / seconds, profiles / bare["seconds"]))
        used.append(meter.microseconds)
        arena.print_step(f"  preview {pair + 1}: {seconds:.1f} s, by hand {bare['seconds']:.1f} s")
    ratios = [ours / bare for ours, bare in pairs]
    ours, bare = (median(side) for side in zip(*pairs, strict=True))
    met = median(ratios) >= PREVIEW_AIM
    return Row(
        12, f"preview of other points for {profiles:,} profiles", "profiles/s", f">= {PREVIEW_AIM}",
        ours, bare, ratios, met=met, remarks=(f"{profiles / ours:,.1f} s",),
        details={"pairs": pairs, "cpu_us_per_profile": used},
    )  # fmt: skip


async def _activated_live(arena: Arena, server: Server, url: str, people: int) -> tuple[Activated, Live]:
    async with Live(server.data_dir / "log.sqlite", url, people) as live:
        return await live.beside(arena, server, limit=LIMIT_SECONDS), live


def _check(url: str, profiles: int, by_hand: float) -> None:
    if wrong := asyncio.run(wrongly_priced(url)):
        raise Wrong(f"{wrong:,} of {profiles:,} profiles have another score than they are worth")
    if abs(by_hand - asyncio.run(worth(url))) > 1:
        raise Wrong("by hand everybody together is priced other than they are worth")


def _activation(
    profiles: int, took: Activated, live: Live, bare_seconds: float, population: dict[str, Any]
) -> Row:
    ours, bare = profiles / took.seconds, profiles / bare_seconds
    return Row(
        7, f"activation of other points for {profiles:,} profiles", "profiles/s", f">= {ACTIVATION_AIM}",
        ours, bare, (ours / bare,), met=ours / bare >= ACTIVATION_AIM,
        remarks=(
            f"{took.seconds:,.1f} s, live scoring stood still for {live.stood_still:,.2f} s at most",
            f"peak {took.peak_mebibytes:,.0f} MiB",
            f"and was {live.most_behind / RATE:,.1f} s behind at most",
        ),
        details={
            "seconds": took.seconds,
            "phases": took.phases,
            "cpu_us_per_profile": took.cpu_seconds / profiles * 1e6,
            "peak_mebibytes": took.peak_mebibytes,
            "floor_seconds": bare_seconds,
            "live_events": live.appended,
            "stood_still_seconds": live.stood_still,
            "population": population,
        },
    )  # fmt: skip
