"""The names seen so far on their table, bounded for each kind: senders can invent any number of names."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import sqlalchemy as sa

from services.scoring.core.profiles.names import KINDS, Kind, Name
from services.scoring.matrix.seen_names import SeenNames, gathered
from services.scoring.store.tables import identities, seen_names
from shared.database import bulk

LIMIT: Final = 10_000
"""How many rows of a kind are stored, the first that came; two workers at once may add a batch more."""


_ROWS_OF_KIND: Final = sa.select(seen_names.c.kind, sa.func.count()).group_by(seen_names.c.kind)


class Recorder:
    """Records names, and remembers in this process which names the table has.

    A process regards a name as stored when a transaction has read it from the table. A name that the
    transaction adds itself does not count, because the transaction may be rolled back: the next transaction
    with that name reads it. So nothing has to happen after a commit, and no failure can lose a name.
    """

    def __init__(self) -> None:
        self._stored: set[Name] = set()
        self._full: set[Kind] = set()

    def record(self, connection: sa.Connection, names: Collection[Name]) -> None:
        """Add the names that the table lacks, as far as there is room; call it once per transaction.

        It waits for a transaction that is adding the same name. So it comes last in a transaction, when all
        other locks are taken, and adds names in an order that all writers share.
        """
        unknown = [name for name in names if name not in self._stored and name.kind not in self._full]
        if not unknown:
            return
        room = _room(connection)
        self._full.update(_full(room))
        new = list(_first_of_each(sorted(unknown), room))
        added = bulk.insert_new(connection, seen_names, "name", [name._asdict() for name in new])
        self._stored.update(name for name in new if name.name not in added)


def _room(connection: sa.Connection) -> dict[Kind, int]:
    room = dict.fromkeys(KINDS, LIMIT)
    for kind, rows in connection.execute(_ROWS_OF_KIND):
        room[kind] -= rows
    return room


def _full(room: Mapping[Kind, int]) -> set[Kind]:
    return {kind for kind, left in room.items() if left <= 0}


def full_kinds(connection: sa.Connection) -> set[Kind]:
    """Return the kinds for which no more names are stored."""
    return _full(_room(connection))


def _first_of_each(names: Collection[Name], room: dict[Kind, int]) -> Iterator[Name]:
    for name in names:
        if room[name.kind] > 0:
            room[name.kind] -= 1
            yield name


class SeenRows(NamedTuple):
    """All that has been seen, as rows of the tables.

    Gathering many names takes a while, so the caller leaves it to a thread.
    """

    rows: Sequence[tuple[str, str, str]]
    kinds: Sequence[str]

    def gathered(self) -> SeenNames:
        """Return the rows in the form in which a matrix is compared with them."""
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
        # Without any match this reads the whole table, so it is asked only for names that are probably wrong.
        came = sa.select(identities.c.kind).where(identities.c.kind.in_(unknown)).distinct()
        kinds = connection.execute(came).scalars().all()
    return SeenRows(rows, kinds)
