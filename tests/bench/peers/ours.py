"""Our side: a scoring worker on a copy of a database that has taken in the filling."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping

import asyncpg

from shared.identity import Identity, by_strength
from tests.bench.arena import Arena
from tests.bench.ground import Ground, round_on
from tests.bench.meter import peak_mebibytes
from tests.bench.peers.course import Servers, read_at
from tests.bench.peers.outcome import Outcome
from tests.bench.peers.plan import Plan
from tests.bench.peers.side import Result
from tests.bench.servers import flipline
from tests.bench.watching import postgres_positions
from tests.support.postgres import plain

_IDENTITIES = "select profile_id, kind, value from identities"
_SCORES = "select profile_id, score from scores"
_LEADS = "select profile_id from cycles where lead_id is not null"


def run(arena: Arena, ground: Ground, plan: Plan, servers: Servers, *, number: int) -> Result:
    """Take in all events and return the result; raises Wrong when events are lost or doubled."""
    with round_on(ground, f"ours_{number}") as url:
        with flipline(
            arena, "scoring", name=f"peers-{number}", log=f"kafka://{ground.bootstrap}", database_url=url
        ) as server:
            worker = server.process.pid
            readings = read_at(
                plan.marks, postgres_positions(url), lambda: servers.spent_beside(worker), server.check
            )
            peak = peak_mebibytes(worker)
        return Result(plan.measure(readings), peak, asyncio.run(_outcome(url)))


def names_of(identities: Iterable[tuple[str, str, str]]) -> Mapping[str, str]:
    """Return the strongest identity of each profile, from rows of profile id, kind and value."""
    known: defaultdict[str, list[Identity]] = defaultdict(list)
    for profile_id, kind, value in identities:
        known[profile_id].append(Identity(kind, value))
    return {profile_id: ":".join(by_strength(of_profile)[0]) for profile_id, of_profile in known.items()}


async def _outcome(url: str) -> Outcome:
    connection = await asyncpg.connect(plain(url))
    try:
        names = names_of([(row[0], row[1], row[2]) for row in await connection.fetch(_IDENTITIES)])
        scores = {names[profile_id]: score for profile_id, score in await connection.fetch(_SCORES)}
        return Outcome(
            scores, frozenset(names[profile_id] for (profile_id,) in await connection.fetch(_LEADS))
        )
    finally:
        await connection.close()
