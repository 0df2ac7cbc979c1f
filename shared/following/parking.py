"""A message that cannot be handled, described as a dead letter."""

from datetime import datetime

from sqlalchemy.exc import DBAPIError

from shared.errors import Poison
from shared.events import DeadLetter
from shared.ids import derived_id
from shared.log.port import Message
from shared.payload import payload_of
from shared.reasons import safe_reason


def dead_letter(message: Message, error: Exception, *, refused_by: str, at: datetime) -> DeadLetter:
    """Describe a message that cannot be handled; the same message gives the same id.

    For a foreign error the letter's message has its type and its position in the code, never its text.
    """
    partition = message.partition
    source = f"{partition.topic}/{partition.number}/{message.offset}"
    return DeadLetter(
        id=derived_id("dead", refused_by, source),
        code=_code(error),
        message=error.message if isinstance(error, Poison) else safe_reason(error),
        **payload_of(message.value)._asdict(),
        refused_at=at,
        refused_by=refused_by,
        source=source,
    )


def _code(error: Exception) -> str:
    if isinstance(error, Poison):
        return error.code
    return "data_refused" if isinstance(error, DBAPIError) else "unhandled"
