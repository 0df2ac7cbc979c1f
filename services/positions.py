"""`flipline positions`: where the groups stand on the log, and the way back to its beginning."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from services.asking import confirm
from services.options import DataDir
from services.start import settings_of
from shared.database.engine import Database
from shared.database.migrations import require_newest
from shared.database.positions import all_positions, read_again
from shared.errors import NotFound
from shared.events import TOPICS
from shared.telemetry import configure_logging

positions = typer.Typer(no_args_is_help=True, help="Where the groups stand on the log.")


@positions.command("list")
def show(data_dir: DataDir = None) -> None:
    """Show where each group stands, and to which log its offsets belong."""
    _run(data_dir, show_positions)


@positions.command()
def reread(
    topic: Annotated[str | None, typer.Option(help="One topic; all of them without it.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Let every group read the log from its beginning, after the log was replaced or restored.

    What was applied before changes nothing when it is read again: every event is known by its id.
    """
    if topic is not None and topic not in TOPICS:
        raise NotFound("topic_unknown", f"There is no topic {topic}; there are {', '.join(TOPICS)}.")
    if not yes:
        confirm("Is the log that Flipline runs on now the right one?")
    _run(data_dir, lambda database, console: move_back(database, console, topic))


def _run(data_dir: Path | None, work: Callable[[Database, Console], Awaitable[None]]) -> None:
    settings = settings_of(None, data_dir)
    configure_logging("error")

    async def run() -> None:
        database = Database(settings.effective_database_url)
        try:
            await require_newest(database)
            await work(database, Console())
        finally:
            await database.close()

    asyncio.run(run())


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
        "they start; what they had applied before changes nothing."
    )
