"""From the topic `dead_letters` to its table; no message is parked, since each letter would make another."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC
from typing import Final

from sqlalchemy import Connection

from shared.database.dead_letters import mark, write
from shared.errors import Poison
from shared.events import DEAD_LETTERS, INGEST, DeadLetter, DeadLetterReplayed, decode
from shared.following.follower import Summary
from shared.following.parking import dead_letter
from shared.log.port import Message
from shared.names import ID_PATTERN
from shared.process.clock import Clock

GROUP: Final = DEAD_LETTERS
"""The consumer group of the projection, and the `refused_by` of letters about unreadable letters."""

REFUSERS: Final = (INGEST, "scoring", "handoff", "handoff.models", GROUP)
"""The values of `refused_by` in this version: ingest and the consumer groups."""

# The fields are parts of index keys, which PostgreSQL limits to 2,704 bytes. Lists filter by names.
NAME_PATTERN: Final = r"^[a-z][a-z0-9_.-]{0,63}$"


class DeadLetterProjection:
    """Applies the messages of the topic.

    A message that is not a dead letter, or that no database can store, is stored as a letter that describes
    the message. This letter is not appended to the log: it would come back here for ever.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def apply(self, connection: Connection, messages: Sequence[Message]) -> Summary:
        """Store new letters and mark those that were replayed as part of the caller's transaction."""
        letters: list[DeadLetter] = []
        replays: list[DeadLetterReplayed] = []
        unreadable = 0
        for message in messages:
            try:
                event = _read(message)
            except Exception as error:  # noqa: BLE001 - a letter about it would fail alike, for ever
                unreadable += 1
                event = dead_letter(message, error, refused_by=GROUP, at=self._clock.now())
            if isinstance(event, DeadLetter):
                letters.append(event)
            else:
                replays.append(event)
        written = write(connection, letters)
        mark(connection, replays)
        return {"letters": written, "replayed": len(replays), "unreadable": unreadable}


def _read(message: Message) -> DeadLetter | DeadLetterReplayed:
    """Read a message of the topic; raises Poison for what the table cannot store."""
    event = decode(message.value)
    if not isinstance(event, DeadLetter | DeadLetterReplayed):
        raise Poison("unexpected_event", f"{type(event).__name__} does not belong on this topic.")
    for fault in _faults(event):
        raise Poison("letter_invalid", fault)
    return event


def _faults(event: DeadLetter | DeadLetterReplayed) -> Iterator[str]:
    if isinstance(event, DeadLetterReplayed):
        checked = [("letter", ID_PATTERN, event.letter)]
        at = event.replayed_at
    else:
        checked = [
            ("id", ID_PATTERN, event.id),
            ("code", NAME_PATTERN, event.code),
            ("refused_by", NAME_PATTERN, event.refused_by),
        ]
        at = event.refused_at
    for field, pattern, value in checked:
        if re.fullmatch(pattern.strip("^$"), value) is None:
            yield f"{field} does not match {pattern}."
    if at.tzinfo is None:
        yield "An instant must have a time zone."
        return
    try:
        at.astimezone(UTC)
    except OverflowError:
        yield "An instant must be in the years 1 to 9999 in UTC."
