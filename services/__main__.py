"""The `flipline` command."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape
from uvicorn.loops.auto import auto_loop_factory

import services.handoff.compose
import services.ingest.compose
import services.scoring.compose
from services.demo.play import play
from services.ingest.imports.post import import_access_log
from services.ingest.imports.visitor import load_salt
from services.ops.activate import activate as activate_over_http
from services.ops.client import ops_key
from services.ops.wanted import Handoff, Wanted
from services.process import Compose, Machinery, open_log, serve
from services.scoring.replay.check import check as check_scoring
from services.scoring.repricing.command import reprice as reprice_everybody
from services.welcome import welcome
from shared.auth import Keys, load_keys
from shared.clock import SystemClock
from shared.database.engine import Database
from shared.database.migrations import migrate as migrate_database
from shared.errors import FliplineError, Misconfigured, Refused
from shared.service import Service
from shared.settings import Settings
from shared.telemetry import configure_logging

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Lead scoring: events in, leads out.")
imports = typer.Typer(no_args_is_help=True, help="Bring in what happened before.")
app.add_typer(imports, name="import")

Port = Annotated[int | None, typer.Option(help="Port to listen on, instead of FLIPLINE_PORT.")]
DataDir = Annotated[Path | None, typer.Option(help="Where files and keys are, instead of FLIPLINE_DATA_DIR.")]


def _ingest(machinery: Machinery) -> Service:
    return services.ingest.compose.compose(log=machinery.log, clock=machinery.clock, keys=machinery.keys)


def _scoring(machinery: Machinery) -> Service:
    return services.scoring.compose.compose(
        log=machinery.log,
        database=machinery.database,
        clock=machinery.clock,
        keys=machinery.keys,
        identity_limits=machinery.settings.identity_limits,
    )


def _handoff(machinery: Machinery) -> Service:
    return services.handoff.compose.compose(
        log=machinery.log,
        database=machinery.database,
        clock=machinery.clock,
        keys=machinery.keys,
        settings=machinery.settings,
    )


def _settings(port: int | None, data_dir: Path | None) -> Settings:
    try:
        settings = Settings()
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)[0]
        name = "FLIPLINE_" + ".".join(str(part) for part in found["loc"]).upper()
        raise Misconfigured("setting_invalid", f"{name}: {found['msg']}.") from error
    given = {"port": port, "data_dir": data_dir}
    settings = settings.model_copy(update={name: one for name, one in given.items() if one is not None})
    configure_logging(settings.log_level)
    return settings


def _run(
    settings: Settings,
    composes: Sequence[Compose],
    *,
    migrate: bool,
    make_keys: bool = False,
    ready: Callable[[Settings, Keys, int], None] | None = None,
) -> None:
    keys = load_keys(settings.data_dir, settings.configured_keys, make=make_keys)
    if migrate:
        _migrate(settings)

    def opened(port: int) -> None:
        if ready is not None:
            ready(settings, keys, port)

    with asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        runner.run(serve(settings, keys, composes, ready=opened))


def _migrate(settings: Settings) -> None:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    asyncio.run(migrate_database(settings.effective_database_url))


@app.command()
def up(port: Port = None, data_dir: DataDir = None) -> None:
    """Run ingest, scoring and handoff in this one process."""
    settings = _settings(port, data_dir)
    _run(settings, [_ingest, _scoring, _handoff], migrate=True, make_keys=True, ready=welcome)


@app.command()
def ingest(port: Port = None, data_dir: DataDir = None) -> None:
    """Run ingest alone: HTTP in, log out; it needs no database."""
    _run(_settings(port, data_dir), [_ingest], migrate=False)


@app.command()
def scoring(port: Port = None, data_dir: DataDir = None) -> None:
    """Run scoring alone; start as many as the topic has partitions, at most."""
    _run(_settings(port, data_dir), [_scoring], migrate=True)


@app.command()
def handoff(port: Port = None, data_dir: DataDir = None) -> None:
    """Run handoff alone: leads in, signed webhooks out."""
    _run(_settings(port, data_dir), [_handoff], migrate=True)


@app.command()
def migrate(data_dir: DataDir = None) -> None:
    """Bring the database to this version's schema; the services do so themselves when they start."""
    _migrate(_settings(None, data_dir))


@app.command()
def demo(
    url: Annotated[str | None, typer.Option(help="A running instance.")] = None, data_dir: DataDir = None
) -> None:
    """Play the story of Antonio against a running instance, with a webhook receiver of its own."""
    settings = _settings(None, data_dir)
    keys = load_keys(settings.data_dir, settings.configured_keys, make=False)
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
    """Make a matrix the one that scores, having shown what differs and whom it would flip."""
    settings = _settings(None, data_dir)
    # A line for each request would tear the bar of the progress apart.
    configure_logging("error")
    activate_over_http(
        Wanted(model, matrix, version, handoff, note, author, yes),
        url=url or f"http://127.0.0.1:{settings.port}",
        key=ops_key(settings.data_dir, settings.configured_keys),
        console=Console(),
    )


@imports.command("access-log")
def access_log(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A log in combined format.")],
    url: Annotated[str | None, typer.Option(help="Where ingest listens.")] = None,
    key: Annotated[str | None, typer.Option(help="A write key; the data dir's by default.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Post a web server's access log as visits and downloads; again or interrupted, nothing counts twice."""
    settings = _settings(None, data_dir)
    if key is None:
        key = load_keys(settings.data_dir, settings.configured_keys, make=False).write[0]
    asyncio.run(
        import_access_log(
            file,
            url=url or f"http://127.0.0.1:{settings.port}",
            key=key,
            state_dir=settings.data_dir,
            salt=load_salt(settings.data_dir),
            console=Console(),
        )
    )


@app.command()
def replay(
    check: Annotated[
        bool, typer.Option("--check", help="Rebuild beside the tables and compare; changes nothing.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Hold scoring's tables against the log: rebuild them from it and compare row by row."""
    if not check:
        raise Refused("replay_in_place", "Only `flipline replay --check` is there: it changes no table.")
    settings = _settings(None, data_dir)
    # One line for each batch would tear the bar of the progress apart.
    configure_logging("error")
    if not asyncio.run(_is_what_the_log_says(settings)):
        raise typer.Exit(1)


async def _is_what_the_log_says(settings: Settings) -> bool:
    if settings.log == "embedded" and not settings.data_dir.is_dir():
        raise Misconfigured("data_dir_missing", f"There is no {settings.data_dir}; name it with --data-dir.")
    async with AsyncExitStack() as stack:
        log = open_log(settings)
        stack.push_async_callback(log.close)
        database = Database(settings.effective_database_url)
        stack.push_async_callback(database.close)
        return await check_scoring(
            log=log,
            database=database,
            clock=SystemClock(),
            group=services.scoring.compose.GROUP,
            identity_limits=settings.identity_limits,
            console=Console(),
        )


@app.command()
def reprice(
    model: Annotated[str | None, typer.Option(help="The model's slug; all models without it.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Price every profile anew, as after a time in which the clock was wrong; beside live scoring."""
    settings = _settings(None, data_dir)
    configure_logging("error")
    reprice_everybody(settings, model, SystemClock(), yes=yes)


def main() -> None:
    """Run the command; what we know how to explain is told in a sentence, without a trace."""
    try:
        app()
    except FliplineError as error:
        Console(stderr=True).print(f"[bold red]flipline:[/] {escape(error.message)}", highlight=False)
        raise SystemExit(1) from error


if __name__ == "__main__":
    main()
