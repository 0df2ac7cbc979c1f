"""Leads from before the sorted lists get their sort keys, and a damaged lead does not stop the others."""

import json

import sqlalchemy as sa

from services.handoff.payload.sorting import last_name_key
from services.handoff.store.tables import leads
from shared.database.engine import Database
from shared.database.migrations import migrate
from tests.support.builders import NOON
from tests.support.downgrades import downgraded
from tests.support.tables import rows

DATA = [
    {"score": 25.125, "person": {"last_name": "Zúñiga"}},
    {"score": 26, "person": {"last_name": "[not provided]"}},
    {"score": 27.0, "person": {"last_name": "ß" * 300}},
]
DAMAGED = [{}, [], {"score": None, "person": None}, {"score": 1.0}]


async def test_the_migration_fills_the_sort_keys_of_old_and_damaged_leads(database_url: str) -> None:
    await downgraded(database_url, "0003")
    database = Database(database_url)
    # More than one page of the migration.
    old = [*DATA, *DAMAGED, *({"score": float(n), "person": {"last_name": f"n{n}"}} for n in range(1_100))]
    insert = sa.text(
        "insert into leads (id, profile_id, model, status, qualified_at, data) "
        "values (:id, 'p', 'm', 'open', :at, :data)"
    ).bindparams(sa.bindparam("at", type_=leads.c.qualified_at.type))
    of_old = [{"id": f"{n:05}", "at": NOON, "data": json.dumps(data)} for n, data in enumerate(old)]
    await database.unit(lambda connection: connection.execute(insert, of_old))
    await migrate(database_url)
    keys = await rows(database, sa.select(leads.c.score, leads.c.last_name).order_by(leads.c.id))
    await database.close()
    sortable = len(DATA) + len(DAMAGED)
    unknown = last_name_key({"person": {"last_name": "[not provided]"}})
    assert [tuple(key) for key in keys[: len(DATA)]] == [
        (data["score"], last_name_key(data)) for data in DATA
    ]
    assert [tuple(key) for key in keys[len(DATA) : sortable]] == [(0.0, unknown)] * len(DAMAGED)
    assert [tuple(key) for key in keys[sortable:]] == [(float(n), f"n{n}") for n in range(1_100)]
