"""How far a follower is behind the log, looked up now and then and shown as metrics."""

import asyncio
from collections.abc import Mapping

from shared.log.port import Backlog, Consumer, Partition
from shared.process.telemetry import LAG, LOG_END, OLDEST_UNREAD_SECONDS, POSITION

LOOK_EVERY_SECONDS = 5.0


class Progress:
    """Checks the backlog of one consumer at most every few seconds."""

    def __init__(self, group: str, consumer: Consumer) -> None:
        self._group = group
        self._consumer = consumer
        self._looked_at = float("-inf")
        self._shown: set[Partition] = set()

    async def look(self) -> bool:
        """Return whether the backlog was checked just now and was empty."""
        now = asyncio.get_running_loop().time()
        if now - self._looked_at < LOOK_EVERY_SECONDS:
            return False
        self._looked_at = now
        backlog = await self._consumer.backlog()
        self._show(backlog)
        records = sum(partition_backlog.records for partition_backlog in backlog.values())
        LAG.labels(self._group).set(records)
        OLDEST_UNREAD_SECONDS.labels(self._group).set(
            max((partition_backlog.oldest_seconds for partition_backlog in backlog.values()), default=0.0)
        )
        return records == 0

    def _show(self, backlog: Mapping[Partition, Backlog]) -> None:
        for partition, partition_backlog in backlog.items():
            POSITION.labels(*self._labels(partition)).set(partition_backlog.position)
            LOG_END.labels(*self._labels(partition)).set(partition_backlog.end)
        for partition in self._shown - backlog.keys():
            # Another worker has the partition now and shows its position.
            POSITION.remove(*self._labels(partition))
            LOG_END.remove(*self._labels(partition))
        self._shown = set(backlog)

    def _labels(self, partition: Partition) -> tuple[str, str, str]:
        return self._group, partition.topic, str(partition.number)
