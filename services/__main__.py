"""The `flipline` command.

A command's dependencies are imported once the command runs and its settings are read. Importing all that
the services need takes longer than most commands do; help, a wrong setting and questions to a running
instance need none of it.
"""

import asyncio
import os
from pathlib import Path
from typing import Annotated

import structlog
import typer
from rich.console import Console
from rich.markup import escape

from services.commands.configuring import settings_of
from services.commands.explaining import explain
from services.commands.importing import imports
from services.commands.options import DataDir, Port
from services.commands.position_commands import positions
from services.ops.activate import activate as activate_over_http
from services.ops.activation_request import ActivationRequest, Handoff
from services.ops.client import ops_key
from services.ops.groups import add_groups
from shared.errors import Refused
from shared.process.clock import SystemClock
from shared.process.keys import load_keys
from shared.process.telemetry import configure_logging

logger = structlog.get_logger(__name__)

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Lead scoring: events in, leads out.")
app.add_typer(imports, name="import")
app.add_typer(positions, name="positions")


@app.command()
def up(port: Port = None, data_dir: DataDir = None) -> None:
    """Run ingest, scoring and handoff in this one process."""
    settings = settings_of(port, data_dir)
    from services.commands.renewing import renew_at_the_start
    from services.hosting import handoff, ingest, scoring
    from services.hosting.start import run_all

    run_all(settings, [ingest.compose, scoring.compose, handoff.compose], renew_at_the_start)


@app.command()
def ingest(port: Port = None, data_dir: DataDir = None) -> None:
    """Run ingest alone: HTTP in, log out; it needs the database only to list dead letters."""
    settings = settings_of(port, data_dir)
    from services.hosting.ingest import compose
    from services.hosting.start import run_service

    run_service(settings, compose, needs_database=False)


@app.command()
def scoring(port: Port = None, data_dir: DataDir = None) -> None:
    """Run scoring alone; start as many as the topic has partitions, at most."""
    settings = settings_of(port, data_dir)
    from services.commands.renewing import warn_of_old_tables
    from services.hosting.scoring import compose
    from services.hosting.start import run_service

    run_service(settings, compose, needs_database=True, first=warn_of_old_tables)


@app.command()
def handoff(port: Port = None, data_dir: DataDir = None) -> None:
    """Run handoff alone: leads in, signed webhooks out."""
    settings = settings_of(port, data_dir)
    from services.hosting.handoff import compose
    from services.hosting.start import run_service

    run_service(settings, compose, needs_database=True)


@app.command()
def migrate(data_dir: DataDir = None) -> None:
    """Bring the database to this version's schema; the services do so themselves when they start."""
    settings = settings_of(None, data_dir)
    from services.hosting.start import migrate as migrate_database

    migrate_database(settings)


@app.command()
def demo(
    url: Annotated[str | None, typer.Option(help="A running instance.")] = None, data_dir: DataDir = None
) -> None:
    """Play the story of Antonio against a running instance, with a webhook receiver of its own."""
    settings = settings_of(None, data_dir)
    from services.demo.play import play

    keys = load_keys(settings.data_dir, settings.configured_keys)
    url = url or f"http://127.0.0.1:{settings.port}"
    asyncio.run(play(url, keys, Console(), SystemClock().now()))


@app.command()
def activate(
    model: Annotated[str, typer.Argument(help="The model's slug.")],
    matrix: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="JSON that becomes the draft first."),
    ] = None,
    handoff: Annotated[
        Handoff, typer.Option(help="Which newly flipped profiles go to sales.")
    ] = "new_activity_only",
    version: Annotated[int | None, typer.Option(min=1, help="An older version, not the draft.")] = None,
    note: Annotated[str | None, typer.Option(help="The reason, for the list of activations.")] = None,
    author: Annotated[str | None, typer.Option(help="The author; by default one made from the key.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    url: Annotated[str | None, typer.Option(help="A running instance.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Show what a matrix changes, then make it score.

    With the active version, `--handoff all` hands over all profiles that qualify under it.
    """
    url, key = _instance(url, data_dir)
    request = ActivationRequest(model, matrix, version, handoff, note, author, yes)
    activate_over_http(request, url=url, key=key, console=Console())


def _instance(url: str | None, data_dir: Path | None) -> tuple[str, str]:
    """Return the instance's URL and a key of ops: from the options, or from the settings."""
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
    """Price every profile again, for example after the clock was wrong; runs beside live scoring."""
    settings = settings_of(None, data_dir)
    configure_logging("error")
    from services.scoring.rebuild.repricing.command import reprice as reprice_all

    reprice_all(settings, model, SystemClock(), yes=yes)


@app.command()
def replay(
    check: Annotated[
        bool, typer.Option("--check", help="Rebuild beside the tables and compare; changes nothing.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Check scoring's tables against the log: rebuild them from it and compare row by row."""
    if not check:
        raise Refused(
            "replay_in_place",
            "`flipline replay --check` compares the tables with the log; "
            "`flipline renew` rebuilds them from it.",
        )
    settings = settings_of(None, data_dir)
    # One line for each batch would tear the bar of the progress apart.
    configure_logging("error")
    from services.commands.replaying import tables_match_log

    if not asyncio.run(tables_match_log(settings)):
        raise typer.Exit(1)


@app.command()
def renew(
    force: Annotated[bool, typer.Option("--force", help="Also tables that this version has built.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Build scoring's tables anew from the log, as after an upgrade or a change of the phone region.

    All of it takes effect, or nothing. No lead goes to sales twice.
    """
    settings = settings_of(None, data_dir)
    configure_logging("error")
    from services.commands.renewing import renew as renew_tables

    renew_tables(settings, Console(), force=force, yes=yes)


def main() -> None:
    """Run the command; errors that we can explain are reported in a sentence, without a trace."""
    add_groups(app, _instance)
    # Files and directories that the process creates are private to its owner.
    os.umask(0o077)
    configure_logging()
    try:
        app()
    except Exception as error:
        sentence = explain(error)
        if sentence is None:
            raise
        logger.debug("command.failed", exc_info=True)
        Console(stderr=True).print(
            f"[bold red]flipline:[/] {escape(sentence)}", highlight=False, soft_wrap=True
        )
        raise SystemExit(1) from error


if __name__ == "__main__":
    main()
