"""The floor of row 2: aiokafka's `send_batch` of records that are ready to send.

`python -m tests.bench.floors.produce BOOTSTRAP TOPIC PARTITIONS` takes orders on stdin, a JSON line a round.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import cycle
from typing import Any

import msgspec
from aiokafka import AIOKafkaProducer
from uvicorn.loops.auto import auto_loop_factory

from services.ingest.formats.segment import read_calls
from services.ingest.reading.accepted import Accepted
from services.ingest.reading.sending import Sending
from shared.events import encode
from shared.identity import Forms
from shared.ids import new_id
from shared.log.kafka_producer import MAX_BATCH_BYTES
from shared.log.port import partition_of
from tests.bench.workload import segment_batches

# The size of one batch of a partition when enough records are always ready to send.
FULL = 2_000

Group = list[tuple[int, list[tuple[bytes, bytes]]]]
"""partition -> key and value of its records"""


def records_of(groups: int, size: int, partitions: int) -> Iterator[Group]:
    """Yield the records that ours writes for the same bodies: the same keys, values and partitions."""
    forms = Forms()
    for body in segment_batches(groups, size):
        by_partition: dict[int, list[tuple[bytes, bytes]]] = {}
        for outcome in read_calls(msgspec.json.encode(body), Sending(datetime.now(UTC), new_id, forms)):
            assert isinstance(outcome, Accepted)
            key = outcome.event.identities[0].id
            record = key.encode(), encode(outcome.event)
            by_partition.setdefault(partition_of(key, partitions), []).append(record)
        yield sorted(by_partition.items())


def merged(groups: Sequence[Group]) -> list[Group]:
    """Return all the records in batches as full as they should be, each a group of its own."""
    by_partition: dict[int, list[tuple[bytes, bytes]]] = {}
    for group in groups:
        for partition, records in group:
            by_partition.setdefault(partition, []).extend(records)
    return [
        [(partition, records[start : start + FULL]) for partition, records in sorted(by_partition.items())]
        for start in range(0, max(map(len, by_partition.values())), FULL)
    ]


async def send(producer: AIOKafkaProducer, topic: str, group: Group) -> int:
    """Send a group, all partitions at once, and return how many records it had."""
    sent: list[asyncio.Future[Any]] = []
    count = 0
    for partition, records in group:
        batch = producer.create_batch()
        for key, value in records:
            assert batch.append(timestamp=None, key=key, value=value) is not None
        sent.append(await producer.send_batch(batch, topic, partition=partition))
        count += len(records)
    for future in sent:
        await future
    return count


async def run(
    producer: AIOKafkaProducer, topic: str, groups: Sequence[Group], *, senders: int, seconds: float
) -> dict[str, Any]:
    """Send for `seconds`, with `senders` groups at once, and return how many records were sent."""
    started = time.perf_counter()
    turn = cycle(groups)

    async def sender() -> int:
        count = 0
        while time.perf_counter() - started < seconds:
            count += await send(producer, topic, next(turn))
        return count

    counts = await asyncio.gather(*(sender() for _ in range(senders)))
    return {"answered": sum(counts), "seconds": time.perf_counter() - started}


async def main(bootstrap: str, topic: str, partitions: int) -> None:
    """Take orders until stdin is closed."""
    setup = json.loads(sys.stdin.readline())
    as_they_come = list(records_of(setup["groups"], setup["size"], partitions))
    groups = {"as_they_come": as_they_come, "full": merged(as_they_come)}
    async with AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        acks="all",
        enable_idempotence=True,
        max_batch_size=MAX_BATCH_BYTES,
        max_request_size=MAX_BATCH_BYTES,
    ) as producer:
        print("{}", flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            order = json.loads(line)
            answer = await run(
                producer, topic, groups[order["groups"]], senders=order["senders"], seconds=order["seconds"]
            )
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        runner.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
