"""The same log gives the same tables as long as the fold has the same number."""

import json
from hashlib import blake2b

import sqlalchemy as sa

from services.scoring.core.fold import NUMBER
from services.scoring.store.tables import counts, identities, ledger, links, scores, traits
from shared.database.engine import Database
from tests.integration.scoring.many_profiles import LIMITS, MATRIX, activate_matrix, batches, columns
from tests.support.downgrades import counts_as_json
from tests.support.tables import rows
from tests.worlds.scoring import ScoringWorld

DIGESTS = {2: "262190fe6a5d97ae"}
HOW_TO_GO_ON = (
    "This code makes other tables of the same log. Was NUMBER of services/scoring/core/fold.py ever "
    "released? Then raise it, and put the new digest beside the new number; else put it beside this number."
)


async def test_the_fold_number_changes_when_the_same_log_gives_other_tables(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    world = ScoringWorld(database, LIMITS)
    await activate_matrix(world, MATRIX)
    for batch in batches(columns(7, people=12, deeds=200), 7):
        await world.consume(*batch)
    digest = blake2b(digest_size=8)
    for table in (ledger, identities, links, traits, counts, scores):
        for row in await (told_of_counts(database) if table is counts else told_of(database, table)):
            digest.update(row.encode())
    await database.close()
    assert DIGESTS.get(NUMBER) == digest.hexdigest(), HOW_TO_GO_ON


async def told_of(database: Database, table: sa.Table) -> list[str]:
    """Return the rows of a table, without columns that depend on batches."""
    columns = [column for column in table.c if column.name != "revision"]
    query = sa.select(*columns).order_by(*table.primary_key)
    found = await rows(database, query)
    return [json.dumps([_told(value) for value in row], sort_keys=True) for row in found]


async def told_of_counts(database: Database) -> list[str]:
    """Return the counts as JSON, as they were when they got a number; 0009 brings them to what they are."""
    found = await database.read(counts_as_json)
    return [json.dumps([row["identity_id"], _told(row["counts"])], sort_keys=True) for row in found]


def _told(value: object) -> object:
    text = str(value)
    return json.loads(text) if text.startswith("{") else text
