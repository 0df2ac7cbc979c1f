"""Faults of our own (a bug, a full disk) lose no delivery and stop no other deliveries."""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from services.handoff.sending import worker
from services.handoff.sending.send import Sender
from services.handoff.webhooks import bulkhead
from services.handoff.webhooks.delivery import OUR_FAULT, Prepared
from shared.database.engine import Database
from shared.errors import Unavailable
from tests.support.hostile import hostile
from tests.support.leads import qualified
from tests.support.patience import eventually
from tests.support.receiver import Receiver, Reply
from tests.support.tables import changed
from tests.worlds.handoff import HandoffWorld, run_handoff

MORE_THAN_THE_LANE = 3 * bulkhead.MAX_WIDTH


async def test_a_bug_while_sending_is_recorded_as_a_failed_attempt_and_frees_the_bulkhead(
    world: HandoffWorld, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = Sender.send
    broken = True

    async def breaking(sender: Sender, delivery: Prepared, at: Any) -> Any:
        if broken:
            raise RuntimeError("a bug")
        return await send(sender, delivery, at)

    monkeypatch.setattr(Sender, "send", breaking)
    webhook = await world.subscribe(receiver.url())
    await world.append(*(qualified(number) for number in range(MORE_THAN_THE_LANE)))

    failed = await eventually(
        lambda: world.deliveries(webhook, limit=MORE_THAN_THE_LANE),
        lambda rows: len(rows) == MORE_THAN_THE_LANE and all(row["attempts"] for row in rows),
    )
    assert {row["error"] for row in failed} == {OUR_FAULT}
    broken = False
    world.clock.advance(seconds=7)
    await eventually(
        lambda: world.deliveries(webhook, status="delivered", limit=MORE_THAN_THE_LANE),
        lambda rows: len(rows) == MORE_THAN_THE_LANE,
    )


async def test_an_attempt_that_cannot_be_recorded_blocks_no_other_delivery_and_is_repeated(
    world: HandoffWorld, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook = await world.subscribe(receiver.url())
    record, refused = worker.record, set[str]()

    def refusing(connection: Any, finished: Any) -> None:
        if any(attempt.delivery.message_id == "flip_3" for attempt in finished):
            refused.add("flip_3")
            raise ValueError("a row that cannot be written")
        record(connection, finished)

    monkeypatch.setattr(worker, "record", refusing)
    await world.append(*(qualified(number) for number in range(20)))

    rows = await eventually(
        lambda: world.deliveries(webhook, status="delivered"), lambda rows: len(rows) == 19 and bool(refused)
    )
    assert "flip_3" not in {row["message_id"] for row in rows}
    monkeypatch.setattr(worker, "record", record)
    world.clock.advance(hours=1)
    await world.wait_for_deliveries(webhook, "delivered", 20)


async def fill(database: Database) -> None:
    """Leave no room for the file to grow, as a full disk does."""

    def little_room(connection: sa.Connection) -> None:
        connection.exec_driver_sql("create table filler (bytes blob)")
        pages = connection.exec_driver_sql("pragma page_count").scalar_one()
        connection.exec_driver_sql(f"pragma max_page_count = {pages + 8}")

    await database.unit(little_room)
    more = sa.text("insert into filler values (zeroblob(:n))")
    # The last text that fits is smaller than the record of an attempt.
    for size in (4_096, 256):
        with suppress(OperationalError, Unavailable):
            while True:
                await changed(database, more.bindparams(n=size))


async def test_attempts_that_end_while_the_disk_is_full_are_recorded_later(
    tmp_path: Path, sqlite_url: str
) -> None:
    database, may_answer = Database(sqlite_url), asyncio.Event()
    received: list[bytes] = []

    async def late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append(await reader.readuntil(b"\r\n\r\n"))
        await may_answer.wait()
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 2_000)

    async def readiness() -> str:
        return (await world.api.get("/readyz")).text

    async with hostile(late) as address, run_handoff(tmp_path, database) as world:
        webhook = await world.subscribe(f"http://{address}/")
        await world.append(*(qualified(number) for number in range(bulkhead.FIRST_WIDTH)))
        await eventually(lambda: len(received) == bulkhead.FIRST_WIDTH)

        await fill(database)
        may_answer.set()
        await eventually(readiness, lambda text: "handoff.deliveries has waited" in text)

        await changed(database, sa.text("pragma max_page_count = 1000000"))
        world.clock.advance(hours=1)
        await world.wait_for_deliveries(webhook, "delivered", bulkhead.FIRST_WIDTH)
        assert len(received) == bulkhead.FIRST_WIDTH, "nothing was sent twice"
        await eventually(readiness, lambda text: '"ready"' in text)
    await database.close()


async def test_an_invalid_retry_after_header_does_not_break_an_attempt(
    world: HandoffWorld, receiver: Receiver
) -> None:
    for number, value in enumerate(
        ["9" * 5_000, "Mon, 99 Xxx 99999 99:99:99 +9999", "-0000", "\x80", "," * 1_000, "(" * 1_000]
    ):
        receiver.answers(Reply(503, {"retry-after": value}))
        webhook = await world.subscribe(receiver.url(f"/{number}"), models=[f"m{number}"])
        await world.append(qualified(number, model=f"m{number}"))
        failed = await world.wait_for_attempts(webhook, 1)
        assert failed["attempts"][0]["status"] == 503
