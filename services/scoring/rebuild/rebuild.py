"""The rebuild: the log is read from its beginning, and what live scoring has applied is applied again."""

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from services.scoring.core.profiles.normal_forms import Current
from services.scoring.live.consume import Scorer
from services.scoring.store.rebuild import evidence, snapshot
from shared.database.engine import Database
from shared.errors import Poison, Unavailable
from shared.events import (
    DEAD_LETTERS,
    INTERACTIONS,
    DeadLetter,
    Event,
    decode,
)
from shared.log.port import Log, Message, Partition
from shared.process.progress_bar import Progress

MAX_POSITIONS: Final = 3

# The position of corrections that have taken effect and are not on the log yet.
_OUTBOX: Final = Partition("outbox", 0)


@dataclass(frozen=True)
class FixedClock:
    """A clock that stands still: the whole rebuild is priced at one instant."""

    instant: datetime

    def now(self) -> datetime:
        """Return the instant."""
        return self.instant


@dataclass
class RebuildCounters:
    """What became of the messages on the log, in numbers; positions are topic/partition/offset."""

    applied: int = 0
    ahead: int = 0
    """messages that scoring had not read at the snapshot"""
    parked: int = 0
    """messages that scoring has parked"""
    without_identity: int = 0
    """messages that have no identity left"""
    failed: list[str] = field(default_factory=list[str])
    """messages that raised only in the rebuild: position and error"""
    missing: list[str] = field(default_factory=list[str])
    """partitions in which the log has less than scoring has read"""
    old_links: int = 0
    """links from before evidence was stored, for which the log has evidence"""
    too_many_names: list[str] = field(default_factory=list[str])
    """kinds of names that are not all stored, so the comparison leaves them out"""


class Rebuild:
    """Applies the log to an empty database, as far as the snapshot of the live tables has applied it."""

    def __init__(
        self,
        *,
        log: Log,
        copy: Database,
        rebuilt: Database,
        scorer: Scorer,
        current: Current,
        group: str,
    ) -> None:
        self._log = log
        self._copy = copy
        self._rebuilt = rebuilt
        self._scorer = scorer
        self._current = current
        self._group = group
        self._counters = RebuildCounters()

    async def run(self, progress: Progress) -> RebuildCounters:
        """Rebuild all of scoring; raises Unavailable when the log is away."""
        ends = await snapshot.positions_of(self._copy, self._group)
        parked = await self._parked()
        await snapshot.hand_on(self._copy, self._rebuilt, *snapshot.MATRICES)
        await self._rebuilt.unit(evidence.create_without_effect)
        reached: dict[Partition, int] = {}
        read = 0
        async with aclosing(self._log.replay(INTERACTIONS)) as batches:
            async for messages in batches:
                read += len(messages)
                reached |= {message.partition: message.offset + 1 for message in messages}
                await self._apply(await self._taken_in(messages, ends, parked))
                done = sum(min(reached.get(partition, 0), end) for partition, end in ends.items())
                progress.show("reading the log", done, sum(ends.values()), f"{read:,} messages")
        for partition, end in sorted(ends.items()):
            if reached.get(partition, 0) < end:
                self._counters.missing.append(f"{partition.topic}/{partition.number}")
        waiting = await snapshot.outgoing(self._copy, INTERACTIONS)
        await self._apply([Message(_OUTBOX, number, value) for number, value in enumerate(waiting)])
        return self._counters

    async def _parked(self) -> set[str]:
        """Return the positions of the messages that scoring has parked."""
        values = await snapshot.outgoing(self._copy, DEAD_LETTERS)
        positions = {position for value in values if (position := self._parked_at(value))}
        # Not collected first: the events that ingest refused may be more than memory holds.
        async with aclosing(self._log.replay(DEAD_LETTERS)) as batches:
            async for messages in batches:
                positions |= {
                    position for message in messages if (position := self._parked_at(message.value))
                }
        return positions

    def _parked_at(self, value: bytes) -> str | None:
        """Return the position of the message that a dead letter of this group is about."""
        letter = _event(value)
        return letter.source if isinstance(letter, DeadLetter) and letter.refused_by == self._group else None

    async def _taken_in(
        self, messages: Sequence[Message], ends: Mapping[Partition, int], parked: set[str]
    ) -> list[Message]:
        """Return the messages whose effects the snapshot has."""
        read = [message for message in messages if message.offset < ends.get(message.partition, 0)]
        ahead = [message for message in messages if message.offset >= ends.get(message.partition, 0)]
        handled = [message for message in read if _position(message) not in parked]
        early = await self._in_effect(ahead) if ahead else []
        self._counters.parked += len(read) - len(handled)
        self._counters.ahead += len(ahead) - len(early)
        return handled + early

    async def _in_effect(self, ahead: Sequence[Message]) -> list[Message]:
        """Return the corrections that have taken effect before they came back from the log."""
        events = [(message, _event(message.value)) for message in ahead]
        known = await self._copy.read(
            lambda connection: evidence.known_corrections(connection, [event for _, event in events])
        )
        return [message for message, event in events if event is not None and event.id in known]

    async def _apply(self, messages: Sequence[Message]) -> None:
        """Apply messages, and each alone if they raise together, as the live follower does."""
        if not messages:
            return

        def taken_in(connection: Connection) -> int:
            self._scorer.apply(connection, messages)
            return self._note_without_effect(connection, messages)

        try:
            without_identity = await self._rebuilt.unit(taken_in)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - any error is reported, and the rebuild goes on
            if len(messages) == 1:
                self._counters.failed.append(f"{_position(messages[0])}: {type(error).__name__}")
                return
            half = len(messages) // 2
            await self._apply(messages[:half])
            await self._apply(messages[half:])
        else:
            self._counters.applied += len(messages)
            self._counters.without_identity += without_identity

    def _note_without_effect(self, connection: Connection, messages: Sequence[Message]) -> int:
        """Store the events that have no identity left; return how many of them are new."""
        events = [event for message in messages if (event := _event(message.value)) is not None]
        ids = {event.id for event in events if not self._current.has_effect(event)}
        return evidence.note_without_effect(connection, ids)


def some(positions: Sequence[str]) -> str:
    """Return the first of the positions in readable form, and whether there are more."""
    return ", ".join(positions[:MAX_POSITIONS]) + (" ..." if len(positions) > MAX_POSITIONS else "")


def _event(value: bytes) -> Event | None:
    try:
        return decode(value)
    except Poison:
        return None


def _position(message: Message) -> str:
    return f"{message.partition.topic}/{message.partition.number}/{message.offset}"
