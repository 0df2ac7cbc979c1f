"""`flipline positions`: its commands and their options."""

from typing import Annotated

import typer

from services.commands.asking import confirm
from services.commands.configuring import settings_of
from services.commands.options import DataDir
from shared.errors import NotFound
from shared.events import TOPICS
from shared.process.telemetry import configure_logging

positions = typer.Typer(no_args_is_help=True, help="The positions of the groups on the log.")


@positions.command("list")
def show(data_dir: DataDir = None) -> None:
    """Show the position of each group, and the log that its offsets belong to."""
    settings = settings_of(None, data_dir)
    configure_logging("error")
    from services.commands.positions import run, show_positions

    run(settings, show_positions)


@positions.command()
def reread(
    topic: Annotated[str | None, typer.Option(help="Only this topic; by default all topics.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Let every group read the log from its beginning, after the log was replaced or restored.

    Events that were applied before change nothing when they are read again: every event has an id that is
    recognised.
    """
    if topic is not None and topic not in TOPICS:
        raise NotFound("topic_unknown", f"There is no topic {topic}. The topics are {', '.join(TOPICS)}.")
    if not yes:
        confirm("Does Flipline use the right log now?")
    settings = settings_of(None, data_dir)
    configure_logging("error")
    from services.commands.positions import move_back, run

    run(settings, lambda database, console: move_back(database, console, topic))
