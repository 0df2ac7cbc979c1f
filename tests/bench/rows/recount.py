"""Row 8: counting one new condition over the whole ledger while scoring goes on, beside reading it."""

import asyncio
from typing import Any

from services.scoring.core.counting.counts import number_of
from services.scoring.matrix.reading import stored_matrix
from tests.bench.activating import Activated
from tests.bench.arena import Arena, Wrong
from tests.bench.databases import copy, drop, value
from tests.bench.ground import FLIP_NUMBER, activate_matrix
from tests.bench.live import RATE, Live
from tests.bench.past import write_ledger
from tests.bench.population import settle_in
from tests.bench.servers import OPS_KEY, Server, flipline, helper
from tests.bench.table import Row
from tests.bench.workload import matrix

INTERACTIONS = 5_000_000
PEOPLE = 200_000
LIMIT_SECONDS = 480.0
AIM = 0.3

_DATABASE = "recount"
_LEDGER = "select * from ledger"
_NEW = {
    "id": "reads_page_1x",
    "when": {"type": "visit", "where": {"path": {"starts_with": "/pricing/1"}}},
    "points": 2,
    "limit": {"times": 2, "per": "day"},
}
_MATCHING = """
select count(*) from ledger where type = 'visit' and starts_with(properties::jsonb ->> 'path', '/pricing/1')
"""
# An entry of 24 bytes begins with the number of the key and ends with how often, less than 2 ** 24 here.
_COUNTED = """
select coalesce(sum(
    get_byte(entries, at + 20) + (get_byte(entries, at + 21) << 8) + (get_byte(entries, at + 22) << 16)
), 0)::bigint
from (select entries from counts union all select entries from older_counts) as rows,
generate_series(0, length(entries) - 24, 24) as at
where substr(entries, at + 1, 8) = decode('{key}', 'hex')
"""


def measure(arena: Arena, url: str) -> Row:
    """Measure it; raises Wrong when the new counts are not those of the ledger, live events included."""
    rows, people = arena.sized(INTERACTIONS), arena.sized(PEOPLE)
    arena.print_step(f"row 8: counting a new condition over {rows:,} interactions, and reading them")
    own = asyncio.run(copy(url, _DATABASE, "template1"))
    with flipline(arena, "scoring", name="row8-found", database_url=own) as found:
        activate_matrix(found, FLIP_NUMBER)
    before = matrix(flip_number=FLIP_NUMBER)
    population = asyncio.run(settle_in(own, people, before, before))
    arena.print_step(f"  {population}")
    asyncio.run(write_ledger(own, rows))
    arena.print_step("  the ledger is written")
    with helper(arena, "floors.read", own, cores=arena.cores.server) as reader:
        read = reader.ask({"query": _LEDGER})
    # On the same log, since the positions in the database belong to it.
    with flipline(arena, "scoring", name="row8-scoring", data_dir=found.data_dir, database_url=own) as server:
        server.call("PUT", "/v1/models/bench/draft", OPS_KEY, before | {"rules": [*before["rules"], _NEW]})
        took, live = asyncio.run(_activated_live(arena, server, own, people))
    matches = _check(own)
    asyncio.run(drop(url, _DATABASE))
    counting = took.phases["counting"]
    ours, floor = rows / counting, read["rows"] / read["seconds"]
    return Row(
        8,
        f"recount of one condition over {rows:,} interactions",
        "interactions/s",
        f">= {AIM}",
        ours,
        floor,
        (ours / floor,),
        met=ours / floor >= AIM,
        remarks=(
            f"{counting:,.1f} s, {took.seconds:,.1f} s with pricing",
            f"peak {took.peak_mebibytes:,.0f} MiB",
            f"live scoring at most {live.most_behind / RATE:,.1f} s behind",
        ),
        details={
            "seconds": took.seconds,
            "phases": took.phases,
            "cpu_us_per_interaction": took.cpu_seconds / rows * 1e6,
            "peak_mebibytes": took.peak_mebibytes,
            "floor_seconds": read["seconds"],
            "matches": matches,
            "live_events": live.appended,
            "live_events_behind_at_most": live.most_behind,
            "population": population,
        },
    )


async def _activated_live(arena: Arena, server: Server, url: str, people: int) -> tuple[Activated, Live]:
    """Activate the draft while more visits come, and wait until they are taken in."""
    async with Live(server.data_dir / "log.sqlite", url, people) as live:
        return await live.beside(arena, server, limit=LIMIT_SECONDS), live


def _check(url: str) -> int:
    new: Any = stored_matrix("bench", {"flip_number": 1, "rules": [_NEW]}).rules[0]
    key = number_of(new.count_key).to_bytes(8, "little").hex()
    counted = asyncio.run(value(url, _COUNTED.format(key=key)))
    matching = asyncio.run(value(url, _MATCHING))
    if counted != matching:
        raise Wrong(
            f"{matching:,} interactions in the ledger meet the new condition and {counted:,} are counted"
        )
    return matching
