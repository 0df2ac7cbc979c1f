"""The counts on their table: one row for each identity, guarded by a revision."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from services.scoring.core.counts import NONE, Counts, Held
from services.scoring.tables import counts
from shared.database import bulk
from shared.errors import Unavailable

COLUMNS = (counts.c.entries, counts.c.by_hand, counts.c.revision)

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(list[tuple[int, str, int]]).decode


def held_in(entries: bytes | None, by_hand: str | None, revision: int | None) -> Held | None:
    """Return what a row has in its `COLUMNS`; None for the nulls of an outer join without a row."""
    if entries is None or revision is None:
        return None
    return Held(counted_in(entries, by_hand), revision)


def counted_in(entries: bytes, by_hand: str | None) -> Counts:
    """Return the counts that a row has in these two columns."""
    if by_hand is None:
        return Counts(bytes(entries))
    return Counts(bytes(entries), {(day, text): times for day, text, times in _decode(by_hand)})


def read(connection: sa.Connection, identity_ids: Sequence[str]) -> dict[str, Held]:
    """Return the counts of the identities that have any."""
    rows = connection.execute(_of_identities(connection), {"ids": identity_ids})
    return {identity_id: held for identity_id, *row in rows if (held := held_in(*row)) is not None}


@bulk.built_once
def _of_identities(on_postgresql: bool) -> sa.Select[*tuple[Any, ...]]:
    query = sa.select(counts.c.identity_id, *COLUMNS)
    return query.where(bulk.among(on_postgresql, counts.c.identity_id, "ids"))


def revisions(connection: sa.Connection, identity_ids: Sequence[str]) -> dict[str, int]:
    """Return the revisions of the counts of the identities that have any."""
    return dict(connection.execute(_revisions(connection), {"ids": identity_ids}).all())


@bulk.built_once
def _revisions(on_postgresql: bool) -> sa.Select[str, int]:
    of_these = bulk.among(on_postgresql, counts.c.identity_id, "ids")
    return sa.select(counts.c.identity_id, counts.c.revision).where(of_these)


def write(connection: sa.Connection, changed: Mapping[str, Held]) -> None:
    """Write counts back; raises Unavailable when somebody else changed one since it was read."""
    rows = [_row(identity_id, held) for identity_id, held in sorted(changed.items())]
    if bulk.upsert(connection, counts, rows, revision="revision") < len(rows):
        raise Unavailable("counts_race", "Another worker has just changed the same counts.")


def _row(identity_id: str, held: Held) -> dict[str, Any]:
    given = [(day, text, times) for (day, text), times in held.counts.by_hand.items()]
    return {
        "identity_id": identity_id,
        "entries": held.counts.packed,
        "by_hand": _encode(given).decode() if given else None,
        "revision": held.revision + 1,
    }


def write_changed(connection: sa.Connection, held: Mapping[str, Held], after: Mapping[str, Counts]) -> None:
    """Write those counts that are not as they were held; raises Unavailable as `write` does."""
    none = Held(NONE, 0)
    before = {identity_id: held.get(identity_id, none) for identity_id in after}
    write(
        connection,
        {
            identity_id: Held(counted, before[identity_id].revision)
            for identity_id, counted in after.items()
            if counted != before[identity_id].counts
        },
    )
