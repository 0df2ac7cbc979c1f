"""`flipline import`: interactions from before Flipline was installed."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from services.commands.configuring import settings_of
from services.commands.options import DataDir
from services.ingest.imports.access_log.line import NAMES
from shared.errors import Refused
from shared.process.clock import SystemClock
from shared.process.keys import load_role

imports = typer.Typer(no_args_is_help=True, help="Import interactions from before Flipline was installed.")


@imports.command("access-log")
def access_log(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help=f"Plain or gzip; {NAMES}.")],
    url: Annotated[str | None, typer.Option(help="Where ingest listens.")] = None,
    key: Annotated[str | None, typer.Option(help="A write key; the data dir's by default.")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Read again what was imported before; it still counts once.")
    ] = False,
    host_names: Annotated[
        bool,
        typer.Option("--host-names", help="Accept logged host names instead of addresses."),
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Post a web server's access log as visits and downloads; repeats and interruptions count nothing twice.

    Ends with 1 when the file cannot be read to its end, or when more than half of its lines are refused.
    """
    settings = settings_of(None, data_dir)
    from services.ingest.imports.post import ImportJob, import_access_log
    from services.ingest.imports.visitor import load_salt
    from shared.process.datadir import prepare

    if key is None:
        key = load_role(settings.data_dir, settings.configured_keys, "write")[0]
    prepare(settings.data_dir)
    salt = load_salt(settings.data_dir)
    outcome = asyncio.run(
        import_access_log(
            ImportJob(file, settings.data_dir, salt, force=force, host_names=host_names),
            url=url or f"http://127.0.0.1:{settings.port}",
            key=key,
            clock=SystemClock(),
            console=Console(),
        )
    )
    if outcome.now.mostly_refused:
        raise Refused("mostly_refused", "More than half of the lines were refused: is this an access log?")
