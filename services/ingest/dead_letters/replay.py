"""Replay: the content of dead letters goes back to the log, and the letters are marked there as replayed.

A crash between the two leaves letters open whose content is on the log already. That is harmless, as is a
second replay: readers recognise every event by its id.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final, NamedTuple

import structlog

from services.ingest.formats.dead_letter import records_of
from services.ingest.store import dead_letters as store
from services.ingest.store.dead_letters import LetterFilter, LetterKey
from shared.database.dead_letters import mark
from shared.database.engine import Database
from shared.errors import Refused, Unavailable
from shared.events import DEAD_LETTERS, DeadLetter, DeadLetterReplayed, encode
from shared.identity import Forms
from shared.ids import derived_id
from shared.log.port import Log, Record
from shared.process.clock import Clock

logger = structlog.get_logger(__name__)

MAX_LETTERS: Final = 1_000
"""How many letters one call replays at most."""
# A letter has up to a megabyte.
CHUNK: Final = 50


class RefusedAgain(NamedTuple):
    """A letter that stays open, and why."""

    id: str
    code: str
    message: str


class Rest(NamedTuple):
    """The letters that are left to replay: after one position, up to another.

    `last` is the latest letter at the beginning of the replay. A message that is parked again makes a new
    letter, so a replay of all letters without a bound would never end.
    """

    after: LetterKey
    last: LetterKey


@dataclass
class Replayed:
    """What became of the letters of one call."""

    replayed: int = 0
    already_replayed: int = 0
    refused: list[RefusedAgain] = field(default_factory=list[RefusedAgain])
    remaining: int = 0
    rest: Rest | None = None


class Replayer:
    """Replays letters in small groups; each group is durable before the next group is read."""

    def __init__(self, *, log: Log, database: Database, clock: Clock, forms: Forms) -> None:
        self._log = log
        self._database = database
        self._clock = clock
        self._forms = forms

    async def by_ids(self, letter_ids: Sequence[str], author: str) -> Replayed:
        """Replay the letters with these ids, each once; raises Unavailable when log or database are down."""
        result = Replayed()
        distinct = list(dict.fromkeys(letter_ids))
        for start in range(0, len(distinct), CHUNK):
            chunk = distinct[start : start + CHUNK]
            found = await self._database.read(partial(store.find_all, letter_ids=chunk))
            for letter_id in chunk:
                if letter_id not in found:
                    message = f"There is no dead letter {letter_id}."
                    result.refused.append(RefusedAgain(letter_id, "dead_letter_unknown", message))
            stored = [found[letter_id] for letter_id in chunk if letter_id in found]
            result.already_replayed += sum(letter.replayed_at is not None for letter in stored)
            await self._replay(
                [letter.letter for letter in stored if letter.replayed_at is None], author, result
            )
        return result

    async def matching(self, letter_filter: LetterFilter, rest: Rest | None, author: str) -> Replayed:
        """Replay up to MAX_LETTERS open letters, the earliest refused first, going on at `rest`.

        Raises Unavailable when the log or the database is down.
        """
        result = Replayed()
        letter_filter = replace(letter_filter, replayed=False)
        after = rest.after if rest else None
        last = (
            rest.last
            if rest
            else await self._database.read(partial(store.latest, letter_filter=letter_filter))
        )
        considered = 0
        while last and considered < MAX_LETTERS:
            size = min(CHUNK, MAX_LETTERS - considered)
            chunk = partial(store.between, letter_filter=letter_filter, after=after, last=last, limit=size)
            letters = await self._database.read(chunk)
            if not letters:
                return result
            await self._replay(letters, author, result)
            considered += len(letters)
            after = LetterKey(letters[-1].refused_at, letters[-1].id)
        if after and last:
            count_rest = partial(store.count_between, letter_filter=letter_filter, after=after, last=last)
            result.remaining = await self._database.read(count_rest)
            result.rest = Rest(after, last) if result.remaining else None
        return result

    async def _replay(self, letters: Sequence[DeadLetter], author: str, result: Replayed) -> None:
        records: list[Record] = []
        marks: list[DeadLetterReplayed] = []
        for letter in letters:
            try:
                records += records_of(letter, self._forms)
            except Refused as error:
                result.refused.append(RefusedAgain(letter.id, error.code, error.message))
                continue
            marks.append(self._mark(letter, author))
        await self._log.append(records)
        await self._log.append(
            [Record(DEAD_LETTERS, replay_mark.letter, encode(replay_mark)) for replay_mark in marks]
        )
        # For a caller that lists the letters next; the mark on the log would change the table a moment
        # later.
        with suppress(Unavailable):
            await self._database.unit(lambda connection: mark(connection, marks))
        result.replayed += len(marks)
        logger.info("dead_letters.replayed", letters=len(marks), records=len(records))

    def _mark(self, letter: DeadLetter, author: str) -> DeadLetterReplayed:
        # The clock of the process that refused the letter may be ahead of this clock.
        at = max(self._clock.now(), letter.refused_at)
        return DeadLetterReplayed(
            id=derived_id("evt", letter.id, letter.refused_at.isoformat(), "replayed"),
            letter=letter.id,
            replayed_at=at,
            author=author,
        )
