"""Row 7: pricing all profiles anew after a change of points, beside reading their counts."""

import asyncio
from typing import Any

from tests.bench.activating import activated
from tests.bench.arena import Arena, Wrong
from tests.bench.databases import copy, drop
from tests.bench.ground import FLIP_NUMBER, activate_matrix
from tests.bench.population import settle_in, wrongly_priced
from tests.bench.servers import OPS_KEY, flipline, helper
from tests.bench.table import Row
from tests.bench.workload import matrix

PROFILES = 1_000_000
LIMIT_SECONDS = 480.0

_DATABASE = "repricing"
# Nobody here has so many counts that some are older.
_COUNTS = "select identity_id, entries, by_hand, revision from counts"


def measure(arena: Arena, url: str) -> Row:
    """Measure it; raises Wrong when a profile has another score than its history is worth."""
    profiles = arena.sized(PROFILES)
    arena.tell(
        f"row 7: pricing {profiles:,} profiles anew after a change of points, and reading their counts"
    )
    own = asyncio.run(copy(url, _DATABASE, "template1"))
    with flipline(arena, "scoring", name="row7-found", database_url=own) as found:
        activate_matrix(found, FLIP_NUMBER)
    before, after = matrix(flip_number=FLIP_NUMBER), _repriced()
    population = asyncio.run(settle_in(own, profiles, before, after))
    arena.tell(f"  {population}")
    with helper(arena, "floors.read", own, cores=arena.cores.server) as reader:
        read = reader.ask({"query": _COUNTS})
    # On the same log, which is the one that the positions in the database are about.
    with flipline(arena, "scoring", name="row7-scoring", data_dir=found.data_dir, database_url=own) as server:
        server.call("PUT", "/v1/models/bench/draft", OPS_KEY, after)
        took = asyncio.run(activated(arena, server, own, limit=LIMIT_SECONDS))
    wrong = asyncio.run(wrongly_priced(own))
    if wrong:
        raise Wrong(f"{wrong:,} of {profiles:,} profiles have another score than they are worth")
    asyncio.run(drop(url, _DATABASE))
    floor = read["rows"] / read["seconds"]
    ours = profiles / took.seconds
    return Row(
        7,
        f"re-pricing {profiles:,} profiles",
        "profiles/s",
        "1 M profiles in seconds",
        ours,
        floor,
        (ours / floor,),
        remarks=(
            f"{took.seconds:,.1f} s, scoring paused for {took.phases['change']:,.1f} s",
            f"peak {took.peak_mebibytes:,.0f} MiB",
        ),
        details={
            "seconds": took.seconds,
            "phases": took.phases,
            "cpu_us_per_profile": took.cpu_seconds / profiles * 1e6,
            "peak_mebibytes": took.peak_mebibytes,
            "floor_seconds": read["seconds"],
            "population": population,
        },
    )


def _repriced() -> dict[str, Any]:
    """Return the matrix with other points for most of its rules, and the same conditions."""
    changed = matrix(flip_number=FLIP_NUMBER)
    for rule in changed["rules"]:
        rule["points"] += 1 if rule["points"] > 0 else -1
    return changed
