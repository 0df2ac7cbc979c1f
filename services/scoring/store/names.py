"""The names seen so far on their table, bounded for each kind: senders can make up as many as they like."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import sqlalchemy as sa

from services.scoring.core.names import KINDS, Kind, Name
from services.scoring.model.seen import Seen, gathered
from services.scoring.tables import identities, seen_names
from shared.database import bulk

LIMIT: Final = 10_000
"""So many rows of a kind are kept, those that came first; two workers at once may add a batch more."""


_ROWS_OF_KIND: Final = sa.select(seen_names.c.kind, sa.func.count()).group_by(seen_names.c.kind)


class Recorder:
    """Records names, in a process that need not be told twice of one that the table has.

    A process takes a name for stored when a transaction has met it in the table. A name that the transaction
    adds itself is not, for the transaction may be rolled back: the next one that brings the name meets it. So
    nothing has to happen after a commit, and no failure can lose a name.
    """

    def __init__(self) -> None:
        self._stored: set[Name] = set()
        self._full: set[Kind] = set()

    def record(self, connection: sa.Connection, names: Collection[Name]) -> None:
        """Add those of the names that the table has not, as far as there is room; once in a transaction.

        It waits for whoever is adding the same name at this moment. So it comes last in a transaction, when
        that has all the locks it needs, and adds in an order that all writers share.
        """
        unknown = [one for one in names if one not in self._stored and one.kind not in self._full]
        if not unknown:
            return
        room = _room(connection)
        self._full.update(_full(room))
        wanted = list(_first_of_each(sorted(unknown), room))
        added = bulk.insert_new(connection, seen_names, "name", [one._asdict() for one in wanted])
        self._stored.update(one for one in wanted if one.name not in added)


def _room(connection: sa.Connection) -> dict[Kind, int]:
    room = dict.fromkeys(KINDS, LIMIT)
    for kind, rows in connection.execute(_ROWS_OF_KIND):
        room[kind] -= rows
    return room


def _full(room: Mapping[Kind, int]) -> set[Kind]:
    return {kind for kind, left in room.items() if left <= 0}


def full_kinds(connection: sa.Connection) -> set[Kind]:
    """Return the kinds of which no more names are kept."""
    return _full(_room(connection))


def _first_of_each(names: Collection[Name], room: dict[Kind, int]) -> Iterator[Name]:
    for one in names:
        if room[one.kind] > 0:
            room[one.kind] -= 1
            yield one


class SeenRows(NamedTuple):
    """All that has been seen, as it stands on the tables.

    Gathering many names takes a while, so it is left to a thread.
    """

    rows: Sequence[tuple[str, str, str]]
    kinds: Sequence[str]

    def gathered(self) -> Seen:
        """Return it as a matrix is held against it."""
        kept = Counter(kind for kind, _, _ in self.rows)
        cut = {kind for kind, number in kept.items() if number >= LIMIT}
        return gathered(self.rows, kinds=self.kinds, cut=cut)


def seen(connection: sa.Connection, traits: Collection[str] = ()) -> SeenRows:
    """Return all that has been seen, and which of some traits are kinds of identity that came."""
    columns = (seen_names.c.kind, seen_names.c.name, seen_names.c.form)
    rows = [(kind, name, form) for kind, name, form in connection.execute(sa.select(*columns))]
    unknown = set(traits) - {name for kind, name, _ in rows if kind == "trait"} if traits else set[str]()
    kinds: Sequence[str] = ()
    if unknown:
        # Without any it reads the whole table, so it is asked only for names that most likely are wrong.
        came = sa.select(identities.c.kind).where(identities.c.kind.in_(unknown)).distinct()
        kinds = connection.execute(came).scalars().all()
    return SeenRows(rows, kinds)
