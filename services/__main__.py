"""The `flipline` command."""

import asyncio
import os
from pathlib import Path
from typing import Annotated

import structlog
import typer
from rich.console import Console
from rich.markup import escape
from sqlalchemy.exc import SQLAlchemyError

from services import composing
from services.demo.play import play
from services.explaining import explain
from services.importing import imports
from services.ops.activate import activate as activate_over_http
from services.ops.client import ops_key
from services.ops.groups import add_groups
from services.ops.wanted import Handoff, Wanted
from services.options import DataDir, Port
from services.positions import positions
from services.renewing import renew, renew_at_the_start, warn_of_old_tables
from services.replaying import replay
from services.scoring.repricing.command import reprice as reprice_everybody
from services.start import migrate as migrate_database
from services.start import run_all, run_one, settings_of
from shared.clock import SystemClock
from shared.errors import FliplineError
from shared.keys import load_keys
from shared.telemetry import configure_logging

logger = structlog.get_logger(__name__)

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Lead scoring: events in, leads out.")
app.add_typer(imports, name="import")
app.add_typer(positions, name="positions")
app.command()(replay)
app.command()(renew)


@app.command()
def up(port: Port = None, data_dir: DataDir = None) -> None:
    """Run ingest, scoring and handoff in this one process."""
    services = [composing.ingest, composing.scoring, composing.handoff]
    run_all(settings_of(port, data_dir), services, renew_at_the_start)


@app.command()
def ingest(port: Port = None, data_dir: DataDir = None) -> None:
    """Run ingest alone: HTTP in, log out; only its dead letters are listed from the database."""
    run_one(settings_of(port, data_dir), composing.ingest, needs_database=False)


@app.command()
def scoring(port: Port = None, data_dir: DataDir = None) -> None:
    """Run scoring alone; start as many as the topic has partitions, at most."""
    run_one(settings_of(port, data_dir), composing.scoring, needs_database=True, first=warn_of_old_tables)


@app.command()
def handoff(port: Port = None, data_dir: DataDir = None) -> None:
    """Run handoff alone: leads in, signed webhooks out."""
    run_one(settings_of(port, data_dir), composing.handoff, needs_database=True)


@app.command()
def migrate(data_dir: DataDir = None) -> None:
    """Bring the database to this version's schema; the services do so themselves when they start."""
    migrate_database(settings_of(None, data_dir))


@app.command()
def demo(
    url: Annotated[str | None, typer.Option(help="A running instance.")] = None, data_dir: DataDir = None
) -> None:
    """Play the story of Antonio against a running instance, with a webhook receiver of its own."""
    settings = settings_of(None, data_dir)
    keys = load_keys(settings.data_dir, settings.configured_keys)
    url = url or f"http://127.0.0.1:{settings.port}"
    asyncio.run(play(url, keys, Console(), SystemClock().now()))


@app.command()
def activate(
    model: Annotated[str, typer.Argument(help="The model's slug.")],
    matrix: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="JSON to put as the draft first.")
    ] = None,
    handoff: Annotated[
        Handoff, typer.Option(help="Which of the newly flipped sales gets.")
    ] = "new_activity_only",
    version: Annotated[int | None, typer.Option(min=1, help="An older version, not the draft.")] = None,
    note: Annotated[str | None, typer.Option(help="Why, for the list of activations.")] = None,
    author: Annotated[str | None, typer.Option(help="Who; a mark of the key by default.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    url: Annotated[str | None, typer.Option(help="A running instance.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Show what a matrix changes, then make it score.

    If --version names the version that scores already, --handoff all hands over all who qualify under it.
    """
    url, key = _instance(url, data_dir)
    wanted = Wanted(model, matrix, version, handoff, note, author, yes)
    activate_over_http(wanted, url=url, key=key, console=Console())


def _instance(url: str | None, data_dir: Path | None) -> tuple[str, str]:
    """Return the instance's URL and a key of ops: as given, or by the settings."""
    settings = settings_of(None, data_dir)
    # A line for each request would tear the bar of the progress apart.
    configure_logging("error")
    return url or f"http://127.0.0.1:{settings.port}", ops_key(settings.data_dir, settings.configured_keys)


@app.command()
def reprice(
    model: Annotated[str | None, typer.Option(help="The model's slug; all models without it.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Price every profile anew, as after a time in which the clock was wrong; beside live scoring."""
    settings = settings_of(None, data_dir)
    configure_logging("error")
    reprice_everybody(settings, model, SystemClock(), yes=yes)


def main() -> None:
    """Run the command; what we know how to explain is told in a sentence, without a trace."""
    add_groups(app, _instance)
    # What the process makes, its files and directories, is for its owner alone.
    os.umask(0o077)
    configure_logging()
    try:
        app()
    except (FliplineError, OSError, SQLAlchemyError) as error:
        logger.debug("command.failed", exc_info=True)
        Console(stderr=True).print(
            f"[bold red]flipline:[/] {escape(explain(error))}", highlight=False, soft_wrap=True
        )
        raise SystemExit(1) from error


if __name__ == "__main__":
    main()
