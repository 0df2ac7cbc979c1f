"""How far a follower is behind the log, looked up now and then and shown as metrics."""

import asyncio

from shared.log.port import Consumer
from shared.telemetry import LAG, OLDEST_UNREAD_SECONDS

LOOK_EVERY_SECONDS = 5.0


class Progress:
    """Looks at the backlog of one consumer at most every few seconds."""

    def __init__(self, topic: str, group: str, consumer: Consumer) -> None:
        self._topic = topic
        self._group = group
        self._consumer = consumer
        self._looked_at = float("-inf")

    async def look(self) -> bool:
        """Return whether a look was taken just now and nothing was left to read."""
        now = asyncio.get_running_loop().time()
        if now - self._looked_at < LOOK_EVERY_SECONDS:
            return False
        self._looked_at = now
        backlog = await self._consumer.backlog()
        records = sum(one.records for one in backlog.values())
        LAG.labels(self._group).set(records)
        OLDEST_UNREAD_SECONDS.labels(self._group).set(
            max((one.oldest_seconds for one in backlog.values()), default=0.0)
        )
        return records == 0
