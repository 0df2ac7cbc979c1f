"""Keeps the background workers of a process running, and knows which of them are healthy."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Self

import structlog

from shared.errors import Unavailable
from shared.process.pulse import Pulse
from shared.process.telemetry import WORKER_FAILURES
from shared.reasons import safe_reason

logger = structlog.get_logger(__name__)

Worker = Callable[[Pulse], Awaitable[None]]

FIRST_RESTART_SECONDS = 0.5
LAST_RESTART_SECONDS = 30.0
WELL_AFTER_SECONDS = 60.0
CANCEL_AGAIN_SECONDS = 2.0
# A worker that waits for a fault to pass reports that. A worker that reports nothing for this long waits
# for something that never comes, as Kafka's client did when a broker was killed. Readiness complains before
# that.
STUCK_SECONDS = 90.0
LOOK_SECONDS = 1.0


class Bell:
    """Wakes a worker at once when there is work; without a ring the worker looks after a while by itself."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        """Wake the worker: there is work."""
        self._event.set()

    async def wait(self, timeout_seconds: float) -> None:
        """Return at the next ring, or at once when it rang since the last wait, or after the timeout."""
        # Not wait_for: in Python 3.11 it loses a cancellation that comes together with the ring.
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_seconds):
                await self._event.wait()
        self._event.clear()


class Supervisor:
    """Runs workers until the context ends.

    A worker that raises or is stuck is started again, later each time.
    """

    def __init__(self, workers: Mapping[str, Worker]) -> None:
        self._workers = workers
        self._pulses = {name: Pulse() for name in workers}
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._tasks = [
            asyncio.create_task(self._keep_running(name, worker), name=name)
            for name, worker in self._workers.items()
        ]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await _end(self._tasks)

    async def check(self) -> None:
        """Raise Unavailable when a worker waits or is stuck, and say which and why."""
        complaints = {name: pulse.complaint() for name, pulse in self._pulses.items()}
        found = [f"{name} {complaint}" for name, complaint in complaints.items() if complaint]
        if found:
            raise Unavailable("worker_waits", "; ".join(found))

    async def _keep_running(self, name: str, worker: Worker) -> None:
        loop = asyncio.get_running_loop()
        delay = FIRST_RESTART_SECONDS
        while True:
            started = loop.time()
            try:
                await self._watched(worker, self._pulses[name])
                raise RuntimeError("a worker returned that should run for ever")
            except (Exception, asyncio.CancelledError) as error:
                # A library may have cancelled a future that the worker waited for: that must not end the
                # process.
                if isinstance(error, asyncio.CancelledError) and _is_cancelled():
                    raise
                if loop.time() - started > WELL_AFTER_SECONDS:
                    delay = FIRST_RESTART_SECONDS
                self._pulses[name].waits(error)
                WORKER_FAILURES.labels(name).inc()
                logger.warning(
                    "worker.failed",
                    worker=name,
                    error=safe_reason(error),
                    restart_in_seconds=round(delay, 1),
                    exc_info=not isinstance(error, Unavailable),
                )
            # Jitter, so that workers that failed together do not come back together.
            await asyncio.sleep(delay * random.uniform(0.8, 1.2))  # noqa: S311 - not a secret
            delay = min(delay * 2, LAST_RESTART_SECONDS)

    async def _watched(self, worker: Worker, pulse: Pulse) -> None:
        """Run the worker once; raises what the worker raises, or Unavailable after cancelling a stuck one."""
        pulse.progressed()
        task = asyncio.ensure_future(worker(pulse))
        try:
            while not task.done():
                await asyncio.wait([task], timeout=LOOK_SECONDS)
                silent = pulse.silent_seconds
                if silent >= STUCK_SECONDS and not task.done():
                    raise Unavailable(
                        "worker_stuck", f"the worker reported nothing for {silent:.0f} s and was restarted"
                    )
        finally:
            await _end([task])
        task.result()


async def _end(tasks: Collection[asyncio.Future[None]]) -> None:
    """Cancel the tasks and wait until all have ended, even when the caller is cancelled meanwhile."""
    cancelled: asyncio.CancelledError | None = None
    while pending := [task for task in tasks if not task.done()]:
        # Repeated until it takes effect: libraries below a worker may swallow a cancellation.
        for task in pending:
            task.cancel()
        try:
            await asyncio.wait(pending, timeout=CANCEL_AGAIN_SECONDS)
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled


def _is_cancelled() -> bool:
    """Return whether the current task was asked to end."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
