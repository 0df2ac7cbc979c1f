"""A log as a test looks at it, and as another worker of a group claims it."""

from shared.database.engine import Database
from shared.database.positions import Claims
from shared.log.port import Log, Message, Partition


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
