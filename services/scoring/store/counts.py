"""The counts on their table: one row for each identity, guarded by a revision."""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from services.scoring.core.counting import Held
from services.scoring.core.days import decode_counts, encode_counts
from services.scoring.tables import counts
from shared.database import bulk
from shared.errors import Unavailable


def read(connection: sa.Connection, identity_ids: Sequence[str]) -> dict[str, Held]:
    """Return the counts of the identities that have any."""
    rows = connection.execute(
        sa.select(counts).where(bulk.any_of(connection, counts.c.identity_id, identity_ids))
    )
    return {identity_id: Held(decode_counts(text), revision) for identity_id, text, revision in rows}


def write(connection: sa.Connection, changed: Mapping[str, Held]) -> None:
    """Write counts back; raises Unavailable when somebody else changed one since it was read."""
    rows = [
        {"identity_id": identity_id, "counts": encode_counts(held.counts), "revision": held.revision + 1}
        for identity_id, held in sorted(changed.items())
    ]
    if bulk.upsert(connection, counts, rows, revision="revision") < len(rows):
        raise Unavailable("counts_race", "Another worker has just changed the same counts.")
