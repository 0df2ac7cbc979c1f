"""The counts on their tables: each identity has a row with a revision, and a few also have a large row."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from services.scoring.core.counting.counts import NOT_STORED, Counts, StoredCounts, difference, total
from services.scoring.core.counting.entries import ENTRY
from services.scoring.core.revised import Revised
from services.scoring.store.large_rows import LargeRow, LargeRows, marked
from services.scoring.store.tables import counts, older_counts
from shared.database import bulk, quick
from shared.errors import Unavailable

# With more entries than this, the entries of an identity's row are moved to its second row.
MOST_RECENT: Final = 256

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(list[tuple[int, str, int]]).decode
# Its rows are found by the hash of their content, so one serves all databases of a process.
_large_rows = LargeRows()


BOTH: Final = counts.outerjoin(older_counts, older_counts.c.identity_id == counts.c.identity_id)
"""the rows of all identities that have counts"""


def columns(on_postgresql: bool) -> Sequence[sa.ColumnElement[Any]]:
    """Return the columns of an identity's two rows that a `Reading` reads."""
    is_cached = bulk.among(on_postgresql, older_counts.c.mark, "cached")
    older = sa.case((is_cached, sa.null()), else_=older_counts.c.entries)
    return counts.c.entries, counts.c.by_hand, counts.c.revision, older_counts.c.mark, older


class Reading:
    """One read of counts, which fetches no large row that the process has cached."""

    def __init__(self) -> None:
        self._cached = _large_rows.by_mark()
        self.parameters: Mapping[str, Any] = {"cached": list(self._cached)}
        """the parameters that `columns` needs at execution"""

    def counts_in(
        self,
        identity_id: str,
        entries: bytes | None,
        by_hand: str | None,
        revision: int | None,
        mark: str | None,
        older: bytes | None,
    ) -> Revised[StoredCounts] | None:
        """Return the counts in the `columns` of an identity; None for an outer join that found no row."""
        if entries is None or revision is None:
            return None
        recent = _counted_in(entries, by_hand)
        if mark is None:
            return Revised(StoredCounts(recent), revision)
        row = self._cached[mark] if older is None else LargeRow(mark, bytes(older))
        _large_rows.keep(identity_id, row)
        return Revised(StoredCounts(recent, Counts(row.entries)), revision)


def counted_in(entries: bytes, by_hand: str | None, older: bytes | None) -> Counts:
    """Return the counts of an identity from its row in `counts` and its entries in `older_counts`, if any."""
    recent = _counted_in(entries, by_hand)
    return recent if older is None else total([recent, Counts(bytes(older))])


def _counted_in(entries: bytes, by_hand: str | None) -> Counts:
    if by_hand is None:
        return Counts(bytes(entries))
    return Counts(bytes(entries), {(day, text): times for day, text, times in _decode(by_hand)})


def read(connection: sa.Connection, identity_ids: Sequence[str]) -> dict[str, Revised[StoredCounts]]:
    """Return the counts of the identities that have any."""
    reading = Reading()
    rows = quick.rows(connection, _of_identities(connection), {"ids": identity_ids, **reading.parameters})
    return {
        identity_id: stored
        for identity_id, *row in rows
        if (stored := reading.counts_in(identity_id, *row)) is not None
    }


@bulk.built_once
def _of_identities(on_postgresql: bool) -> sa.Select[*tuple[Any, ...]]:
    query = sa.select(counts.c.identity_id, *columns(on_postgresql)).select_from(BOTH)
    return query.where(bulk.among(on_postgresql, counts.c.identity_id, "ids"))


def revisions(connection: sa.Connection, identity_ids: Sequence[str]) -> dict[str, int]:
    """Return the revisions of the counts of the identities that have any."""
    return dict(quick.rows(connection, _revisions(connection), {"ids": identity_ids}))


@bulk.built_once
def _revisions(on_postgresql: bool) -> sa.Select[str, int]:
    of_these = bulk.among(on_postgresql, counts.c.identity_id, "ids")
    return sa.select(counts.c.identity_id, counts.c.revision).where(of_these)


def write(connection: sa.Connection, changed: Mapping[str, Revised[StoredCounts]]) -> None:
    """Write counts back; raises Unavailable when another transaction changed a row since it was read."""
    rows: list[dict[str, Any]] = []
    older: dict[str, LargeRow] = {}
    for identity_id, (stored, revision) in sorted(changed.items()):
        recent = stored.recent
        if len(recent.packed) > MOST_RECENT * ENTRY.itemsize:
            older[identity_id] = marked(total([stored.older, Counts(recent.packed)]).packed)
            recent = Counts(by_hand=recent.by_hand)
        rows.append(_row(identity_id, recent, revision + 1))
    # The writer that has raised the revision of an identity also writes its second row.
    if bulk.upsert(connection, counts, rows, revision="revision") < len(rows):
        raise Unavailable("counts_race", "Another worker has just changed the same counts.")
    large = [{"identity_id": identity_id, **row._asdict()} for identity_id, row in older.items()]
    bulk.upsert(connection, older_counts, large)
    for identity_id, row in older.items():
        _large_rows.keep(identity_id, row)


def _row(identity_id: str, recent: Counts, revision: int) -> dict[str, Any]:
    given = [(day, text, times) for (day, text), times in recent.by_hand.items()]
    return {
        "identity_id": identity_id,
        "entries": recent.packed,
        "by_hand": _encode(given).decode() if given else None,
        "revision": revision,
    }


def write_changed(
    connection: sa.Connection, before: Mapping[str, Revised[StoredCounts]], after: Mapping[str, Counts]
) -> None:
    """Write the counts that differ from those that were read; raises Unavailable as `write` does."""
    changed: dict[str, Revised[StoredCounts]] = {}
    for identity_id, counted in after.items():
        stored, revision = before.get(identity_id, NOT_STORED)
        if counted != stored.counts:
            recent = difference(counted, stored.older)
            changed[identity_id] = Revised(StoredCounts(recent, stored.older), revision)
    write(connection, changed)
