"""Rounds in which all sides take in the same events, one after another and each round in another order."""

import asyncio
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tests.bench import ground as grounds
from tests.bench.arena import Arena
from tests.bench.backends import broker_pid
from tests.bench.databases import server_pid
from tests.bench.ground import FLIP_NUMBER, NEWCOMERS, Ground, present, records
from tests.bench.peers import ours
from tests.bench.peers.application import Application
from tests.bench.peers.course import Servers
from tests.bench.peers.outcome import check_scores, leads_only_theirs
from tests.bench.peers.plan import Plan
from tests.bench.peers.side import Result
from tests.bench.topics import produce
from tests.bench.workload import interactions

OURS, ROCKSDB, WITH_POSTGRES = "ours", "a", "b"
SIDES = (OURS, ROCKSDB, WITH_POSTGRES)


@dataclass(frozen=True)
class Round:
    """The result of each side, and how many leads a peer has that ours has not."""

    results: Mapping[str, Result]
    leads_more: Mapping[str, int]
    load: float
    """of the whole machine at the start, with whatever else ran on it"""

    def as_json(self) -> dict[str, Any]:
        """Return the round as the file of results has it."""
        sides = {name: result.as_json() for name, result in self.results.items()}
        return {"load": self.load, "leads_more": dict(self.leads_more), "sides": sides}


def order(number: int) -> tuple[str, ...]:
    """Return the sides in the order in which a round runs them."""
    first = number % len(SIDES)
    return SIDES[first:] + SIDES[:first]


def measure(
    arena: Arena, plan: Plan, class_path: str, bootstrap: str, cluster: str, *, rounds: int
) -> Iterator[Round]:
    """Yield the rounds; raises Wrong when the results of the sides differ."""
    found = grounds.found(arena, bootstrap, cluster)
    ground = replace(found, measured=plan.measured + plan.more)
    arena.print_step(f"  putting {ground.measured:,} events of today on the topic ...")
    asyncio.run(produce(bootstrap, records(present(plan.measured)), arena.print_count))
    more = interactions(plan.more, prefix="more", days_ago=(0,), newcomers=NEWCOMERS)
    asyncio.run(produce(bootstrap, records(more), arena.print_count))
    servers = Servers(broker_pid(arena), asyncio.run(server_pid(cluster)))
    for number in range(rounds):
        load, _, _ = os.getloadavg()
        results: dict[str, Result] = {}
        for side in order(number):
            arena.print_step(f"round {number + 1}: {side} ...")
            results[side] = _run(arena, plan, class_path, ground, servers, side, number)
            arena.print_step(f"  {_in_words(results[side])}")
        yield Round(results, _compared(results), load)


def _run(
    arena: Arena, plan: Plan, class_path: str, ground: Ground, servers: Servers, side: str, number: int
) -> Result:
    if side == OURS:
        return ours.run(arena, ground, plan, servers, number=number)
    cluster = ground.url if side == WITH_POSTGRES else None
    return Application(arena, class_path, ground.bootstrap, f"peer-{side}-{number}", cluster).run(
        plan, servers
    )


def _in_words(result: Result) -> str:
    return ", then ".join(
        f"{stretch.rate:,.0f} events/s and {stretch.total:,.0f} us" for stretch in result.stretches.values()
    )


def _compared(results: Mapping[str, Result]) -> dict[str, int]:
    """Return how many leads each peer has that ours has not; raises Wrong when anything else differs."""
    our_outcome = results[OURS].outcome
    more: dict[str, int] = {}
    for side in (ROCKSDB, WITH_POSTGRES):
        theirs = results[side].outcome
        check_scores(our_outcome.scores, theirs.scores, between=f"ours and ({side})")
        more[side] = leads_only_theirs(our_outcome, theirs, FLIP_NUMBER, peer=f"({side})")
    return more
