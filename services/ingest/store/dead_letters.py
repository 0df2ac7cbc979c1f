"""Dead letters as rows: listed, found, and those to replay."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from shared.database.bulk import any_of
from shared.database.dead_letters import dead_letters, is_open
from shared.database.engine import Database
from shared.errors import NotFound
from shared.events import DeadLetter, decode
from shared.following.dead_letters import REFUSERS
from shared.values import check_known

_ORDER: Final = (dead_letters.c.refused_at, dead_letters.c.id)
_ANY: Final = sa.select(dead_letters.c.id).limit(1)
_SUMMARY: Final = ("id", "code", "message", "refused_at", "refused_by", "source", "replayed_at")


@dataclass(frozen=True)
class LetterFilter:
    """Filters for dead letters; a letter has to pass all that are set.

    The period is `since` <= refused_at < `until`.
    """

    refused_by: str | None = None
    code: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    replayed: bool = False

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """Return the conditions on the table."""
        columns = dead_letters.c
        conditions: list[sa.ColumnElement[bool]] = [~is_open if self.replayed else is_open]
        if self.refused_by is not None:
            conditions.append(columns.refused_by == self.refused_by)
        if self.code is not None:
            conditions.append(columns.code == self.code)
        if self.since is not None:
            conditions.append(columns.refused_at >= self.since)
        if self.until is not None:
            conditions.append(columns.refused_at < self.until)
        return conditions


class LetterKey(NamedTuple):
    """A letter's position in the order of time."""

    refused_at: datetime
    id: str


class Stored(NamedTuple):
    """A letter, and when it was replayed: None while it is open."""

    letter: DeadLetter
    replayed_at: datetime | None


async def check_migrated(database: Database) -> None:
    """Raise Unavailable when the table is missing."""
    await database.read(lambda connection: connection.execute(_ANY).close())


def check_group(connection: sa.Connection, field: str, group: str | None) -> None:
    """Raise Refused, naming the field, for a group that does not refuse messages and never has."""
    if group is None or group in REFUSERS:
        return
    named = sa.select(dead_letters.c.refused_by).where(dead_letters.c.refused_by == group).limit(1)
    if connection.execute(named).one_or_none() is None:
        check_known("group_unknown", {field: group}, REFUSERS)


def page(
    connection: sa.Connection, letter_filter: LetterFilter, before: LetterKey | None, limit: int
) -> list[dict[str, Any]]:
    """Return letters without their payload, the latest refused first, before the position `before`."""
    query = sa.select(*(dead_letters.c[name] for name in _SUMMARY)).where(*letter_filter.conditions())
    if before is not None:
        query = query.where(sa.tuple_(*_ORDER) < _bound(before))
    rows = connection.execute(query.order_by(*(column.desc() for column in _ORDER)).limit(limit))
    return [dict(row) for row in rows.mappings()]


def find(connection: sa.Connection, letter_id: str) -> Stored:
    """Return a letter; raises NotFound."""
    found = find_all(connection, [letter_id])
    if not found:
        raise NotFound("dead_letter_unknown", f"There is no dead letter {letter_id}.")
    return found[letter_id]


def find_all(connection: sa.Connection, letter_ids: Sequence[str]) -> dict[str, Stored]:
    """Return the letters with these ids that exist, by id."""
    query = sa.select(dead_letters.c.id, dead_letters.c.letter, dead_letters.c.replayed_at)
    rows = connection.execute(query.where(any_of(connection, dead_letters.c.id, letter_ids)))
    return {letter_id: Stored(_letter(value), replayed_at) for letter_id, value, replayed_at in rows}


def latest(connection: sa.Connection, letter_filter: LetterFilter) -> LetterKey | None:
    """Return the position of the letter that was refused last, None when there is no letter."""
    rows = page(connection, letter_filter, None, 1)
    return LetterKey(rows[0]["refused_at"], rows[0]["id"]) if rows else None


def between(
    connection: sa.Connection,
    letter_filter: LetterFilter,
    after: LetterKey | None,
    last: LetterKey,
    limit: int,
) -> list[DeadLetter]:
    """Return letters after one position and up to another, the earliest refused first."""
    query = sa.select(dead_letters.c.letter).where(*letter_filter.conditions(), *_within(after, last))
    rows = connection.execute(query.order_by(*_ORDER).limit(limit))
    return [_letter(value) for value in rows.scalars()]


def count_between(
    connection: sa.Connection, letter_filter: LetterFilter, after: LetterKey, last: LetterKey
) -> int:
    """Return the number of letters after one position and up to another."""
    query = sa.select(sa.func.count()).select_from(dead_letters)
    counted = query.where(*letter_filter.conditions(), *_within(after, last))
    return connection.execute(counted).scalar_one()


def _within(after: LetterKey | None, last: LetterKey) -> list[sa.ColumnElement[bool]]:
    up_to_last = sa.tuple_(*_ORDER) <= _bound(last)
    return [up_to_last] if after is None else [up_to_last, sa.tuple_(*_ORDER) > _bound(after)]


def _bound(key: LetterKey) -> sa.Tuple:
    columns = dead_letters.c
    return sa.tuple_(sa.literal(key.refused_at, columns.refused_at.type), sa.literal(key.id, columns.id.type))


def _letter(value: bytes) -> DeadLetter:
    letter = decode(value)
    if not isinstance(letter, DeadLetter):
        raise TypeError(f"the column `letter` has a {type(letter).__name__}")
    return letter
