"""The positions of the groups on the log: shown, and moved back to its beginning after a restore."""

from rich.console import Console
from rich.table import Table

from shared.database.engine import Database
from shared.database.positions import all_positions, read_again


async def show_positions(database: Database, console: Console) -> None:
    """Print where each group stands and to which log its offsets belong."""
    table = Table("group", "topic", "partition", "next offset", "log")
    async with database.reading() as connection:
        for row in await all_positions(connection):
            table.add_row(
                row.consumer, row.topic, str(row.partition), f"{row.next_offset:,}", row.log_id or "-"
            )
    console.print(table)


async def reread(database: Database, console: Console, topic: str | None) -> None:
    """Let every group read the log, or one topic, from its beginning."""
    async with database.unit() as connection:
        moved = await read_again(connection, topic)
    console.print(
        f"{moved} positions are at the beginning of the log. The services read it again at once, or when "
        "they start; what they had applied before changes nothing."
    )
