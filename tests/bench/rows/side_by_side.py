"""Row 5: two workers side by side on the events that row 3 gives to one worker.

Each round has topics of its own, which are filled once the workers have shared out the partitions: no
rebalance falls into what is measured.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import ExitStack
from threading import Thread
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient

from shared.log.port import Record
from tests.bench.arena import Arena, Wrong
from tests.bench.databases import execute
from tests.bench.ground import LIMIT_SECONDS, Ground, present, records, round_on
from tests.bench.servers import flipline
from tests.bench.table import Row, paired
from tests.bench.topics import make_topics, produce
from tests.bench.watching import Pace, watch_postgres

PAIRS = 2
JOIN_LIMIT = 60.0


def measure(arena: Arena, ground: Ground) -> Row:
    """Measure it; raises Wrong when the workers together lose an event or count one twice."""
    arena.print_step("row 5: two workers side by side, and one alone")
    events = list(records(present(ground.measured)))
    pairs: list[tuple[float, float]] = []
    rounds: list[dict[str, Any]] = []
    for pair in range(PAIRS):
        paces = {workers: _pace(arena, ground, events, workers, f"{workers}_{pair}") for workers in (2, 1)}
        pairs.append((paces[2].rate, paces[1].rate))
        rounds += [
            {
                "workers": workers,
                "events": pace.events,
                "seconds": pace.seconds,
                "cpu_us_per_event": pace.cpu_microseconds,
                "peak_mebibytes": pace.peak_mebibytes,
            }
            for workers, pace in paces.items()
        ]
        arena.print_step(f"  pair {pair + 1}: {paces[2].rate:,.0f} beside {paces[1].rate:,.0f} events/s")
    peak = max(measured["peak_mebibytes"] for measured in rounds if measured["workers"] == 2)
    return paired(
        5,
        "Kafka -> fold -> PostgreSQL, two workers, beside one",
        "events/s",
        f"measured alone; broker and database share {len(arena.cores.all)} cores with them",
        pairs,
        at_least=None,
        cpu=None,
        remarks=(f"peak {peak:,.0f} MiB each",),
        rounds=rounds,
    )


def _pace(arena: Arena, ground: Ground, events: Sequence[Record], workers: int, name: str) -> Pace:
    prefix = f"row5_{name}_"
    asyncio.run(make_topics(ground.bootstrap, prefix=prefix))
    with round_on(ground, f"beside_{name}") as url, ExitStack() as stack:
        # The topics are the round's own, so the workers start at their beginning.
        asyncio.run(execute(url, "delete from positions"))
        servers = [
            stack.enter_context(
                flipline(
                    arena,
                    "scoring",
                    name=f"row5-{name}-{number}",
                    cores=cores,
                    log=f"kafka://{ground.bootstrap}",
                    kafka_topic_prefix=prefix,
                    database_url=url,
                )
            )
            for number, cores in enumerate((arena.cores.server, arena.cores.load)[:workers])
        ]
        asyncio.run(_joined(ground.bootstrap, f"{prefix}scoring", workers))
        renamed = [record._replace(topic=prefix + record.topic) for record in events]
        filling = Thread(target=lambda: asyncio.run(produce(ground.bootstrap, renamed, lambda _: None)))
        filling.start()
        try:
            pids = [server.process.pid for server in servers]
            return watch_postgres(url, ground.measured, pids, limit=LIMIT_SECONDS)
        finally:
            filling.join()


async def _joined(bootstrap: str, group: str, members: int) -> None:
    """Wait until the group has shared out its partitions among `members` members."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        deadline = time.monotonic() + JOIN_LIMIT
        while time.monotonic() < deadline:
            answers: list[Any] = await admin.describe_consumer_groups([group])
            for answer in answers:
                for _, _, state, _, _, joined, *_ in answer.groups:
                    if state == "Stable" and len(joined) == members:
                        return
            await asyncio.sleep(0.1)
    finally:
        await admin.close()
    raise Wrong(f"{members} workers have not joined {group} after {JOIN_LIMIT:.0f} s")
