"""Workers are kept running, and ended when the process ends."""

import asyncio
from contextlib import suppress

import pytest
from prometheus_client import REGISTRY

from shared.errors import Unavailable
from shared.process import pulse, supervisor
from shared.process.pulse import Pulse
from shared.process.supervisor import Bell, Supervisor
from tests.support.patience import PATIENCE_SECONDS, patience


async def until(condition: asyncio.Event) -> None:
    async with patience():
        await condition.wait()


async def test_a_worker_that_fails_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "FIRST_RESTART_SECONDS", 0.01)
    runs: list[int] = []
    again = asyncio.Event()

    async def worker(pulse: Pulse) -> None:
        runs.append(1)
        if len(runs) == 1:
            raise Unavailable("away", "The database is away.")
        pulse.moved()
        again.set()
        await asyncio.Event().wait()

    async with Supervisor({"scoring": worker}) as supervised:
        await until(again)
        await supervised.check()
    assert len(runs) == 2


async def test_a_worker_is_restarted_when_a_future_it_awaits_is_cancelled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As aiokafka does with its own futures when a broker ends; the worker itself was not asked to end."""
    monkeypatch.setattr(supervisor, "FIRST_RESTART_SECONDS", 0.0)
    runs: list[int] = []
    again = asyncio.Event()

    async def worker(_pulse: Pulse) -> None:
        runs.append(1)
        if len(runs) == 1:
            of_a_library: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            of_a_library.cancel()
            await of_a_library
        again.set()
        await asyncio.Event().wait()

    async with Supervisor({"scoring": worker}):
        await until(again)
    assert len(runs) == 2


async def test_a_repeatedly_failing_worker_is_not_ready_between_two_failures(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(supervisor, "FIRST_RESTART_SECONDS", 0.0)
    monkeypatch.setattr(pulse, "PASSING_SECONDS", 0.0)
    runs: list[int] = []
    third_time = asyncio.Event()

    async def worker(_pulse: Pulse) -> None:
        runs.append(1)
        if len(runs) == 3:
            third_time.set()
            await asyncio.Event().wait()
        raise Unavailable("away", "The database is away.")

    async with Supervisor({"scoring": worker}) as supervised:
        await until(third_time)
        with pytest.raises(Unavailable, match=r"scoring has waited for \d+ s: away: The database is away\."):
            await supervised.check()
    failures = REGISTRY.get_sample_value("flipline_worker_failures_total", {"worker": "scoring"})
    assert failures
    assert failures >= 2


async def test_a_worker_that_swallows_a_cancellation_is_cancelled_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(supervisor, "CANCEL_AGAIN_SECONDS", 0.01)
    started = asyncio.Event()

    async def stubborn(_pulse: Pulse) -> None:
        started.set()
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await asyncio.Event().wait()

    async with patience(), Supervisor({"stubborn": stubborn}):
        await until(started)


async def test_a_stuck_worker_is_cancelled_and_restarted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As the client of a killed broker did: it waited for an answer that never came."""
    monkeypatch.setattr(supervisor, "FIRST_RESTART_SECONDS", 0.0)
    monkeypatch.setattr(supervisor, "LOOK_SECONDS", 0.01)
    monkeypatch.setattr(supervisor, "STUCK_SECONDS", 0.02)
    ended: list[int] = []
    again = asyncio.Event()

    async def worker(_pulse: Pulse) -> None:
        if ended:
            again.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(1)

    async with Supervisor({"scoring": worker}):
        await until(again)


async def test_a_ring_before_the_wait_is_not_lost() -> None:
    bell = Bell()
    bell.ring()
    async with patience():
        await bell.wait(2 * PATIENCE_SECONDS)


async def test_a_cancellation_that_comes_with_the_ring_is_not_lost() -> None:
    bell = Bell()

    async def worker() -> None:
        while True:
            await bell.wait(2 * PATIENCE_SECONDS)

    task = asyncio.create_task(worker())
    await asyncio.sleep(0)
    bell.ring()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        async with patience():
            await task
