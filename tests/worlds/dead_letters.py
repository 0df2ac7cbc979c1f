"""A running ingest with its table of dead letters, used by HTTP with a write key and a key of ops."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import sqlalchemy as sa
from fastapi import FastAPI

from services.hosting.process import host
from services.ingest.compose import compose
from shared.database.engine import Database
from shared.database.positions import positions
from shared.events import DEAD_LETTERS, INTERACTIONS, DeadLetter, DeadLetterReplayed, Event, decode, encode
from shared.identity import Forms
from shared.log.embedded import EmbeddedLog
from shared.log.kafka import KafkaLog
from shared.log.port import Message, Record
from tests.support.builders import NOON
from tests.support.clock import FrozenClock
from tests.support.keys import KEYS
from tests.support.patience import a_moment, patience
from tests.support.tables import rows

PATH = "/v1/dead-letters"


def letter(id: str = "dead_1", **fields: Any) -> DeadLetter:
    given = {
        "code": "unhandled", "message": "KeyError", "payload": "{}", "refused_at": NOON,
        "refused_by": "scoring", "source": "interactions/0/7",
    }  # fmt: skip
    return DeadLetter(id=id, **given | fields)


@dataclass
class DeadLettersWorld:
    """The application over a log and a database, and what a test asks of it."""

    app: FastAPI
    clock: FrozenClock
    log: EmbeddedLog | KafkaLog
    database: Database
    ops: httpx.AsyncClient
    tracker: httpx.AsyncClient

    async def append(self, *events: DeadLetter | DeadLetterReplayed) -> None:
        """Append to the topic and wait until the table has it."""
        await self.log.append(
            [
                Record(
                    DEAD_LETTERS,
                    event.letter if isinstance(event, DeadLetterReplayed) else event.id,
                    encode(event),
                )
                for event in events
            ]
        )
        await self.wait_for_table()

    async def wait_for_table(self) -> None:
        """Wait until the table has all that the topic has."""
        ends: dict[int, int] = {}
        for message in await self.messages(DEAD_LETTERS):
            ends[message.partition.number] = message.offset + 1
        query = sa.select(positions.c.partition, positions.c.next_offset).where(
            positions.c.consumer == "dead_letters"
        )
        async with patience():
            while True:
                at = {row.partition: row.next_offset for row in await rows(self.database, query)}
                if all(at.get(partition, 0) >= end for partition, end in ends.items()):
                    return
                await a_moment()

    async def messages(self, topic: str) -> list[Message]:
        """The messages on a topic."""
        return [message async for batch in self.log.replay(topic) for message in batch]

    async def events(self, topic: str = INTERACTIONS) -> list[Event]:
        """The events on a topic."""
        return [decode(message.value) for message in await self.messages(topic)]

    async def open_ids(self, **filters: str) -> list[str]:
        """The ids of the open letters, the latest first."""
        answer = await self.ops.get(PATH, params=filters)
        assert answer.status_code == 200, answer.text
        return [item["id"] for item in answer.json()["items"]]

    async def replay(self, **order: Any) -> dict[str, Any]:
        answer = await self.ops.post(f"{PATH}/replay", json=order)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def send_refused(
        self, path: str, body: Any, headers: dict[str, str] | None = None
    ) -> Sequence[str]:
        """Send what ingest refuses; return the ids of the letters that are open then."""
        await self.tracker.post(path, json=body, headers=headers or {})
        await self.wait_for_table()
        return await self.open_ids()


@asynccontextmanager
async def run_dead_letters(
    log: EmbeddedLog | KafkaLog, database: Database
) -> AsyncIterator[DeadLettersWorld]:
    """Run ingest, with its workers, for as long as the context is open."""
    clock = FrozenClock()
    app = host([compose(log=log, database=database, clock=clock, keys=KEYS, forms=Forms())])

    def client(key: str) -> httpx.AsyncClient:
        headers = {"authorization": f"Bearer {key}"}
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://flipline", headers=headers
        )

    async with (
        app.router.lifespan_context(app), client(KEYS.ops[0]) as ops, client(KEYS.write[0]) as tracker
    ):  # fmt: skip
        yield DeadLettersWorld(app, clock, log, database, ops, tracker)
