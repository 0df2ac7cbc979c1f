"""Who waits for another: seen in PostgreSQL, or on SQLite at the door of the one writer."""

import asyncio
from typing import Any
from unittest.mock import patch

import sqlalchemy as sa

from shared.database.engine import Database
from tests.patience import eventually

_WAITING = sa.text("""
    select count(*) from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'
""")


async def until_it_waits(database: Database, task: asyncio.Task[Any]) -> None:
    """Return once the task waits for a transaction that the caller has open; fail if the task ends instead.

    On SQLite the task may not have begun yet: it is seen to ask for the writer, which the caller has.
    """
    asked = False
    unit = database.unit

    def asking() -> Any:
        nonlocal asked
        asked = True
        return unit()

    async def waits() -> bool:
        assert not task.done(), f"it waits for nobody: {task}"
        if database.dialect == "sqlite":
            return asked
        # In one transaction PostgreSQL would show the same moment again and again.
        async with database.reading() as connection:
            return bool((await connection.execute(_WAITING)).scalar_one())

    with patch.object(database, "unit", asking):
        await eventually(waits)
