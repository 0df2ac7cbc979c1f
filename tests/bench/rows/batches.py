"""Row 2: batches of 100, HTTP -> Kafka with acks=all, beside aiokafka sending the same records."""

import asyncio
import base64
from typing import Any

from shared.events import INTERACTIONS
from shared.process.settings import Settings
from tests.bench.arena import Arena, Wrong
from tests.bench.meter import Meter
from tests.bench.servers import flipline, helper
from tests.bench.table import Row, paired
from tests.bench.topics import end_of, make_topics
from tests.bench.workload import post, segment_batches

CONNECTIONS = 16
BODIES = 200
SIZE = 100
WARM_UP_SECONDS = 1.0
FLOOR_PREFIX = "floor_"
OURS_PREFIX = "batches_"


def measure(arena: Arena, bootstrap: str) -> Row:
    """Measure it; raises Wrong when an event that was answered 200 is not on the topic.

    The floor sends the same groups, as many at once as ours has requests. Its rate with full batches is in
    the details: a server that answers each request once its own events are durable cannot fill its batches.
    """
    arena.print_step("row 2: batches of 100, HTTP -> Kafka, and send_batch of the same records")
    asyncio.run(make_topics(bootstrap, prefix=FLOOR_PREFIX))
    requests = [
        base64.b64encode(post("/v1/batch", batch)).decode() for batch in segment_batches(BODIES, SIZE)
    ]
    partitions = str(Settings.model_fields["kafka_partitions"].default)
    floor_topic = FLOOR_PREFIX + INTERACTIONS
    pairs: list[tuple[float, float]] = []
    full: list[float] = []
    rounds: list[dict[str, Any]] = []
    with (
        flipline(
            arena, "ingest", name="row2-ingest", log=f"kafka://{bootstrap}", kafka_topic_prefix=OURS_PREFIX
        ) as server,
        helper(arena, "load", cores=arena.cores.load) as load,
        helper(
            arena, "floors.produce", bootstrap, floor_topic, partitions, cores=arena.cores.server
        ) as floor,
    ):
        load.ask({"ours": {"port": server.port, "requests": requests}})
        floor.ask({"groups": BODIES, "size": SIZE})
        ours_meter, floor_meter = Meter(server.process.pid), Meter(floor.pid)
        accepted = sent = 0
        for pair in range(-1, arena.pairs):
            seconds = arena.seconds if pair >= 0 else WARM_UP_SECONDS
            with ours_meter:
                ours = load.ask({"target": "ours", "connections": CONNECTIONS, "seconds": seconds})
                ours["answered"] *= SIZE
                ours_meter.count(ours["answered"])
            with floor_meter:
                like = floor.ask({"groups": "as_they_come", "senders": CONNECTIONS, "seconds": seconds})
                floor_meter.count(like["answered"])
            best = floor.ask({"groups": "full", "senders": 2, "seconds": seconds})
            accepted += ours["answered"]
            sent += like["answered"] + best["answered"]
            if pair >= 0:
                rates = [result["answered"] / result["seconds"] for result in (ours, like, best)]
                pairs.append((rates[0], rates[1]))
                full.append(rates[2])
                rounds.append(ours)
                arena.print_step(f"  pair {pair + 1}: {rates[0]:,.0f} of {rates[1]:,.0f} events/s")
    _check(bootstrap, OURS_PREFIX + INTERACTIONS, accepted)
    _check(bootstrap, floor_topic, sent)
    return paired(
        2, "batches of 100, HTTP -> Kafka acks=all", "events/s", ">= 0.6", pairs, at_least=0.6,
        cpu=(ours_meter.microseconds, floor_meter.microseconds),
        connections=CONNECTIONS, floor_of_full_batches=full, rounds=rounds,
    )  # fmt: skip


def _check(bootstrap: str, topic: str, expected: int) -> None:
    kept = asyncio.run(end_of(bootstrap, topic))
    if kept != expected:
        raise Wrong(f"{expected:,} events were taken and {kept:,} are on {topic}")
