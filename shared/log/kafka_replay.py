"""Read a Kafka topic from its beginning to its present end, outside of any group."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from shared.errors import Unavailable
from shared.log.kafka_producer import unavailable
from shared.log.port import Message, Partition

SLICE_SECONDS = 0.2
# When no record has come for this long, the broker counts as down.
MAX_SILENCE_SECONDS = 30.0


async def replay(bootstrap: str, topic: str, kafka_name: str) -> AsyncGenerator[Sequence[Message]]:
    """Read all that a topic has now; raises Unavailable when Kafka is down."""
    inner = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        isolation_level="read_committed",
    )
    try:
        await inner.start()
        # Subscribing to a missing topic would create it.
        if kafka_name not in await inner.topics():
            return
        inner.subscribe([kafka_name])
        async with asyncio.timeout(MAX_SILENCE_SECONDS):
            while not inner.assignment():
                await inner.getmany(timeout_ms=int(SLICE_SECONDS * 1000))
        partitions = sorted(inner.assignment())
        ends = await inner.end_offsets(partitions)
        await inner.seek_to_beginning()
        loop = asyncio.get_running_loop()
        heard_at = loop.time()
        while True:
            behind = {
                partition for partition in partitions if await inner.position(partition) < ends[partition]
            }
            if not behind:
                return
            inner.pause(*(set(partitions) - behind))
            fetched = await inner.getmany(timeout_ms=int(SLICE_SECONDS * 1000))
            if fetched:
                yield [
                    Message(Partition(topic, partition.partition), record.offset, record.value or b"")
                    for partition, records in fetched.items()
                    for record in records
                    if record.offset < ends[partition]
                ]
                heard_at = loop.time()
            elif loop.time() - heard_at > MAX_SILENCE_SECONDS:
                raise Unavailable("log_unavailable", f"Kafka at {bootstrap} has stopped sending records.")
    except (KafkaError, OSError, TimeoutError) as error:
        raise unavailable(f"Reading Kafka at {bootstrap} failed", error) from error
    finally:
        with suppress(KafkaError, OSError, TimeoutError):
            async with asyncio.timeout(5):
                await inner.stop()
