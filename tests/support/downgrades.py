"""Databases taken back to older revisions, in which counts are JSON again.

Since revision 0009 counts have the numbers of keys and values instead of their texts, and a downgrade refuses
if there are counts. These tests find the texts in the ledger and in the versions.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import command

from services.scoring.core.counting.counts import ADJUSTMENTS, Counts, number_of
from services.scoring.core.counting.tally import Tally
from services.scoring.matrix.reading import stored_matrix
from services.scoring.store import ledger
from services.scoring.store.counts import read
from services.scoring.store.tables import counts, identities, older_counts, versions
from shared.database.engine import Database
from shared.database.migrations import alembic_config
from tests.support.tables import changed

JSON_COUNTS = sa.table("counts", *(sa.column(name) for name in ("identity_id", "counts", "revision")))
"""the table before revision 0009"""

Json = dict[str, dict[int, dict[str, int]]]


async def downgraded(url: str, revision: str) -> None:
    await asyncio.to_thread(command.downgrade, alembic_config(url), revision)


async def taken_back(url: str, revision: str) -> None:
    """Take a database of the newest revision back, with what it counted."""
    database = Database(url)
    kept = await database.read(counts_as_json)
    if kept:
        await changed(database, sa.delete(counts))
        await changed(database, sa.delete(older_counts))
        await downgraded(url, "0008")
        await changed(database, sa.insert(JSON_COUNTS).values(kept))
    await database.close()
    await downgraded(url, revision)


def counts_as_json(connection: sa.Connection) -> list[dict[str, Any]]:
    """Return the rows of the counts as they were before, by identity."""
    known = connection.execute(sa.select(identities.c.id)).scalars().all()
    texts = _texts(connection, known)
    return [
        {
            "identity_id": identity_id,
            "counts": json.dumps(_as_json(stored.counts, texts)),
            "revision": revision,
        }
        for identity_id, (stored, revision) in sorted(read(connection, known).items())
    ]


def _texts(connection: sa.Connection, known: Sequence[str]) -> Mapping[int, str]:
    """Return what the numbers stand for in the counts of these identities."""
    rows = connection.execute(sa.select(versions.c.model, versions.c.matrix))
    tally = Tally([stored_matrix(model, json.loads(matrix)) for model, matrix in rows])
    posted = ledger.read(connection, known).values()
    counted = (
        text
        for done in posted
        for interaction in done
        for match in tally.matches(interaction)
        for text in match
    )
    return {number_of(text): text for text in (*tally.keys, *counted)}


def _as_json(counted: Counts, texts: Mapping[int, str]) -> Json:
    found: Json = {}
    for key, by, day, times in counted.entries.tolist():
        found.setdefault(texts[key], {}).setdefault(day, {})[texts[by] if by else ""] = times
    for (day, text), times in counted.by_hand.items():
        found.setdefault(ADJUSTMENTS, {}).setdefault(day, {})[text] = times
    return found
