"""Given: a world in which time stands still until a test moves it, and a log that can be looked at."""

from datetime import datetime, timedelta

from shared.database.engine import Database
from shared.database.positions import Claims
from shared.log.port import Log, Message, Partition
from tests.support.builders import NOON


class FrozenClock:
    """A clock that a test sets."""

    def __init__(self, at: datetime = NOON) -> None:
        self._at = at

    def now(self) -> datetime:
        return self._at

    def advance(self, **by: float) -> None:
        self._at += timedelta(**by)


async def messages_on(log: Log, topic: str) -> list[Message]:
    """Return all that a topic has now."""
    return [message async for batch in log.replay(topic) for message in batch]


async def claim_away(database: Database, group: str, partition: Partition) -> None:
    """Claim a partition as another worker of the group would."""
    claims = Claims(database, group)
    position = await claims.stored(partition)
    assert position, "somebody has claimed it before"
    assert position.log_id
    await claims.claim(partition, position.log_id)
