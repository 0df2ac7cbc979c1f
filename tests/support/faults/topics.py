"""Topics of Kafka that are deleted behind Flipline's back."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import for_code

from tests.support.patience import eventually


async def topics(bootstrap: str) -> set[str]:
    """Return the names of all topics."""
    async with _admin(bootstrap) as admin:
        return set(await admin.list_topics())


async def delete_topic(bootstrap: str, name: str) -> None:
    """Delete a topic with all that it holds, and return once no broker knows of it."""
    async with _admin(bootstrap) as admin:
        answer: Any = await admin.delete_topics([name])
    for topic, code in answer.topic_error_codes:
        if code:
            raise for_code(code)(f"topic {topic}")
    await eventually(lambda: topics(bootstrap), lambda known: name not in known)


@asynccontextmanager
async def _admin(bootstrap: str) -> AsyncGenerator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await admin.start()
        yield admin
    finally:
        await admin.close()
