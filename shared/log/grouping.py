"""Group commit: records that arrive during a write go out together in the next write."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from shared.errors import Unavailable
from shared.log.port import Record

Write = Callable[[Sequence[Record]], Awaitable[None]]


class GroupCommit:
    """Turns many small appends into few writes, one at a time and in order of arrival.

    At most `max_waiting` records wait; further callers get an error and retry, since an endless queue only
    turns an overload into an outage.
    """

    def __init__(self, write: Write, *, max_group: int, max_waiting: int) -> None:
        self._write = write
        self._max_group = max_group
        self._max_waiting = max_waiting
        self._waiting: list[tuple[Sequence[Record], asyncio.Future[None]]] = []
        self._waiting_records = 0
        self._writer: asyncio.Task[None] | None = None

    async def append(self, records: Sequence[Record]) -> None:
        """Wait until the records are written; raises Unavailable when too many wait already."""
        if self._waiting_records + len(records) > self._max_waiting and self._waiting:
            raise Unavailable("log_overloaded", "Too many events are waiting to be written.", 2)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((records, done))
        self._waiting_records += len(records)
        if self._writer is None:
            self._writer = asyncio.create_task(self._drain())
        await done

    async def close(self) -> None:
        """Let the writes under way finish."""
        if self._writer is not None:
            await self._writer

    def _next_group(self) -> list[tuple[Sequence[Record], asyncio.Future[None]]]:
        size = count = 0
        for records, _ in self._waiting:
            if count and size + len(records) > self._max_group:
                break
            size += len(records)
            count += 1
        group, self._waiting = self._waiting[:count], self._waiting[count:]
        self._waiting_records -= size
        return group

    async def _drain(self) -> None:
        try:
            while self._waiting:
                group = self._next_group()
                error: Exception | None = None
                try:
                    await self._write([record for records, _ in group for record in records])
                except Exception as failure:  # noqa: BLE001 - handed to every caller of the group
                    error = failure
                except asyncio.CancelledError:
                    # A library's future or this task was cancelled: in both cases the callers would
                    # otherwise wait for ever.
                    error = Unavailable("log_unavailable", "The write was interrupted.")
                for _, done in group:
                    if done.cancelled():
                        continue
                    if error is None:
                        done.set_result(None)
                    else:
                        done.set_exception(error)
        finally:
            self._writer = None
