"""A process reports at once what it waits for, when it is ready, and when that changes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import pytest

from services.hosting import announcing
from services.hosting.announcing import announce
from shared.errors import Unavailable
from shared.process import readiness
from shared.process.readiness import Readiness
from tests.support.patience import eventually, patience


class Notices:
    """Collects notices, so that tests can wait for them."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[dict[str, str]] = asyncio.Queue()

    def ready(self) -> None:
        self.queue.put_nowait({})

    def not_ready(self, missing: Mapping[str, str]) -> None:
        self.queue.put_nowait(dict(missing))

    async def next(self) -> dict[str, str]:
        async with patience():
            return await self.queue.get()


class Part:
    """A part of the process that is ready until a test sets a reason why not."""

    def __init__(self, why: str | None = None) -> None:
        self.why = why
        self.checked = 0
        self.blocked: asyncio.Event | None = None

    async def check(self) -> None:
        self.checked += 1
        if self.blocked:
            await self.blocked.wait()
        if self.why:
            raise Unavailable("away", self.why)

    async def checked_again(self) -> None:
        """Wait until a check that began after this call has ended."""
        expected = self.checked + 2
        await eventually(lambda: self.checked >= expected)


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FIRST_LOOK_SECONDS", "LAST_LOOK_SECONDS", "LOOK_WHEN_READY_SECONDS"):
        monkeypatch.setattr(announcing, name, 0.001)


@asynccontextmanager
async def announced(**checks: Callable[[], Awaitable[None]]) -> AsyncIterator[Notices]:
    notices = Notices()
    task = asyncio.create_task(announce(Readiness(checks), notices))
    try:
        yield notices
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_readiness_is_announced_once() -> None:
    log = Part()
    async with announced(log=log.check) as notices:
        assert await notices.next() == {}
        await log.checked_again()
        assert notices.queue.empty()


async def test_missing_parts_are_announced_at_once_and_on_every_change() -> None:
    log, database = Part("Kafka is away."), Part()
    async with announced(log=log.check, database=database.check) as notices:
        assert await notices.next() == {"log": "Kafka is away."}
        database.why = "PostgreSQL is away."
        assert await notices.next() == {"log": "Kafka is away.", "database": "PostgreSQL is away."}
        log.why = None
        assert await notices.next() == {"database": "PostgreSQL is away."}
        database.why = None
        assert await notices.next() == {}
        log.why = "Kafka is away again."
        assert await notices.next() == {"log": "Kafka is away again."}


async def test_a_changed_duration_is_not_announced() -> None:
    log = Part("away for 1 s")
    async with announced(log=log.check) as notices:
        assert await notices.next() == {"log": "away for 1 s"}
        for seconds in range(2, 20):
            log.why = f"away for {seconds} s"
            await log.checked_again()
        assert notices.queue.empty()


async def test_a_slow_check_is_announced_without_being_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "PATIENCE_SECONDS", 0.001)
    log, database = Part(), Part("PostgreSQL is away.")
    log.blocked = asyncio.Event()
    async with announced(log=log.check, database=database.check) as notices:
        silent = "gives no answer within 0.001 s"
        missing = await notices.next()
        while missing["database"] == silent:
            missing = await notices.next()
        assert missing == {"log": silent, "database": "PostgreSQL is away."}
        assert log.checked == 1
        log.blocked.set()
        assert await notices.next() == {"database": "PostgreSQL is away."}


async def test_a_check_that_raises_is_announced_as_missing() -> None:
    async def broken() -> None:
        raise ValueError("ana@example.com")

    async with announced(log=broken) as notices:
        missing = await notices.next()
        assert "ValueError" in missing["log"]
        assert "ana@" not in missing["log"]


async def test_a_broken_terminal_does_not_end_announcing() -> None:
    class BrokenTerminal(Notices):
        def not_ready(self, missing: Mapping[str, str]) -> None:
            super().not_ready(missing)
            raise BrokenPipeError

    log, notices = Part("Kafka is away."), BrokenTerminal()
    task = asyncio.create_task(announce(Readiness({"log": log.check}), notices))
    assert await notices.next() == {"log": "Kafka is away."}
    log.why = None
    assert await notices.next() == {}
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
