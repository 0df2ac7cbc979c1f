"""The positions of the groups on the log, and the way back to its beginning."""

import asyncio
from collections.abc import Awaitable, Callable

from rich.console import Console
from rich.table import Table

from shared.database.engine import Database
from shared.database.migrations import require_newest
from shared.database.positions import all_positions, read_again
from shared.process.settings import Settings


def run(settings: Settings, work: Callable[[Database, Console], Awaitable[None]]) -> None:
    """Do the work on the database of the settings, if that has the schema of this version."""

    async def opened() -> None:
        database = Database(settings.effective_database_url)
        try:
            await require_newest(database)
            await work(database, Console())
        finally:
            await database.close()

    asyncio.run(opened())


async def show_positions(database: Database, console: Console) -> None:
    """Print a table of all positions."""
    table = Table("group", "topic", "partition", "next offset", "log")
    for row in await database.read(all_positions):
        offset = f"{row.next_offset:,}"
        table.add_row(row.consumer, row.topic, str(row.partition), offset, row.log_id or "-")
    console.print(table)


async def move_back(database: Database, console: Console, topic: str | None) -> None:
    """Move the positions of a topic, or of all, to the beginning of the log."""
    moved = await database.unit(lambda connection: read_again(connection, topic))
    console.print(
        f"{moved} positions are at the beginning of the log. The services read it again at once, or when "
        "they start. Events that they have applied before change nothing."
    )
