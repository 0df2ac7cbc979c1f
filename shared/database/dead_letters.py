"""The table of dead letters: the projection of the topic `dead_letters`.

Every statement may be repeated: a letter and its mark may lie on the log more than once.
"""

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from shared.database.bulk import upsert
from shared.database.schema import Instant, Key, metadata
from shared.events import DeadLetter, DeadLetterReplayed, encode

dead_letters: Final = sa.Table(
    "dead_letters",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("code", Key, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("refused_at", Instant, nullable=False),
    sa.Column("refused_by", Key, nullable=False, comment="ingest, or the consumer group that parked it"),
    sa.Column("source", sa.Text, comment="the path it came in by, or topic/partition/offset"),
    sa.Column("letter", sa.LargeBinary, nullable=False, comment="the event as it stands on the log"),
    sa.Column("replayed_at", Instant, comment="null: open"),
)
is_open: Final = dead_letters.c.replayed_at.is_(None)


def _index(name: str, columns: list[str], where: sa.ColumnElement[bool]) -> None:
    sa.Index(name, *(dead_letters.c[name_] for name_ in columns), postgresql_where=where, sqlite_where=where)


# Finds the few letters that a group parked among millions that ingest refused, in order of time.
_index("ix_dead_letters_open_by_group", ["refused_by", "refused_at", "id", "code"], is_open)
_index("ix_dead_letters_open", ["refused_at", "id"], is_open)
_index("ix_dead_letters_replayed", ["refused_at", "id"], ~is_open)

# A message is a sentence; a longer text quotes something.
MAX_TEXT_LENGTH: Final = 4_096


class OpenLetters(NamedTuple):
    """How many open dead letters have one origin and one reason."""

    refused_by: str
    code: str
    letters: int


def write(connection: sa.Connection, letters: Iterable[DeadLetter]) -> int:
    """Store the letters and return how many rows were written.

    A letter with a known id replaces the row only when it was refused later: the same message was refused
    again, so the letter is open again.
    """
    latest: dict[str, DeadLetter] = {}
    for letter in letters:
        previous = latest.get(letter.id)
        if previous is None or previous.refused_at < letter.refused_at:
            latest[letter.id] = letter
    rows = [_row(latest[letter_id]) for letter_id in sorted(latest)]
    return upsert(connection, dead_letters, rows, newer_by=["refused_at"])


def _row(letter: DeadLetter) -> dict[str, Any]:
    return {
        "id": letter.id,
        "code": letter.code,
        "message": _storable(letter.message),
        "refused_at": letter.refused_at,
        "refused_by": letter.refused_by,
        "source": None if letter.source is None else _storable(letter.source),
        "letter": encode(letter),
        "replayed_at": None,
    }


def _storable(text: str) -> str:
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")[:MAX_TEXT_LENGTH]


def mark(connection: sa.Connection, replays: Iterable[DeadLetterReplayed]) -> None:
    """Mark open letters as replayed, each at the first replay after its refusal."""
    # In order of ids, so two workers that mark the same letters wait for each other and do not deadlock.
    marks = sorted({(replay.letter, replay.replayed_at) for replay in replays})
    if not marks:
        return
    marked = (
        sa.update(dead_letters)
        .where(
            dead_letters.c.id == sa.bindparam("letter_id"),
            dead_letters.c.refused_at <= sa.bindparam("at", type_=Instant),
            is_open,
        )
        .values(replayed_at=sa.bindparam("at", type_=Instant))
    )
    connection.execute(marked, [{"letter_id": letter, "at": at} for letter, at in marks])


def count_open_by_group(connection: sa.Connection) -> dict[str, int]:
    """Return how many letters are open, by `refused_by`."""
    query = sa.select(dead_letters.c.refused_by, sa.func.count().label("letters")).where(is_open)
    rows = connection.execute(query.group_by(dead_letters.c.refused_by))
    return {row.refused_by: row.letters for row in rows}


def count_open(connection: sa.Connection) -> list[OpenLetters]:
    """Return how many letters are open, by origin and reason, in the order of these two."""
    by = (dead_letters.c.refused_by, dead_letters.c.code)
    query = sa.select(*by, sa.func.count()).where(is_open).group_by(*by).order_by(*by)
    return [OpenLetters(*row) for row in connection.execute(query)]
