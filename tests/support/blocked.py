"""Whether a task waits for another transaction: seen in PostgreSQL, or on SQLite by its request to write."""

import asyncio
from typing import Any
from unittest.mock import patch

import sqlalchemy as sa

from shared.database.connections import Work
from shared.database.engine import Database
from tests.support.patience import eventually
from tests.support.tables import values

_WAITING = sa.text("""
    select count(*) from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'
""")


async def until_it_waits(database: Database, task: asyncio.Task[Any]) -> None:
    """Return once the task waits for a transaction that the caller has open; fail if the task ends instead.

    On SQLite the task need not have a transaction yet: it has asked for the writer, which the caller has.
    """
    requested = False
    unit, open_unit = database.unit, database.open_unit

    def asking(work: Work[Any]) -> Any:
        nonlocal requested
        requested = True
        return unit(work)

    def asking_to_open() -> Any:
        nonlocal requested
        requested = True
        return open_unit()

    async def waits() -> bool:
        assert not task.done(), f"it waits for nobody: {task}"
        if database.dialect == "sqlite":
            return requested
        # In one transaction PostgreSQL would show the same moment again and again.
        (waiting,) = await values(database, _WAITING)
        return bool(waiting)

    with patch.object(database, "unit", asking), patch.object(database, "open_unit", asking_to_open):
        await eventually(waits)
