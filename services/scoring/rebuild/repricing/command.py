"""`flipline reprice`: asks first, shows progress, reports the result."""

import asyncio
import sys
from datetime import datetime
from functools import partial

import typer
from rich.console import Console

from services.scoring.rebuild.repricing.anew import Repricing
from services.scoring.rebuild.repricing.display import print_result
from shared.database.engine import Database
from shared.database.migrations import require_newest
from shared.errors import Misconfigured, Refused
from shared.process.clock import Clock
from shared.process.progress_bar import Progress
from shared.process.settings import Settings


def reprice(settings: Settings, model: str | None, clock: Clock, *, yes: bool) -> None:
    """Price all profiles again in a model, or without one in all models; asks first unless `yes`.

    Scoring need not be stopped. New leads and changes of stage are published as soon as scoring runs.
    Raises Refused when the user declines, NotFound when there is no such active model, Unavailable when the
    database cannot be reached, Misconfigured when it has another schema or does not exist.
    """
    # SQLite would create an empty file.
    if settings.database_url is None and not settings.data_dir.is_dir():
        raise Misconfigured("data_dir_missing", f"There is no {settings.data_dir}; name it with --data-dir.")
    if not yes:
        _ask(model, clock.now())
    asyncio.run(_run(settings.effective_database_url, model, clock, Console()))


def _ask(model: str | None, now: datetime) -> None:
    if not sys.stdin.isatty():
        raise Refused("not_confirmed", "Nothing was changed: there is no terminal to ask on. Add --yes.")
    where = f"in {model}" if model else "in all models"
    # Under a clock that is still wrong they would only be priced wrongly again.
    clock = f"{now:%Y-%m-%d %H:%M} UTC, by this machine's clock"
    if not typer.confirm(f"Price all profiles again {where}, as of {clock}?"):
        raise Refused("not_confirmed", "Nothing was changed.")


async def _run(url: str, model: str | None, clock: Clock, console: Console) -> None:
    database = Database(url)
    repricing = Repricing(database, clock, model)
    try:
        await require_newest(database)
        with Progress(console) as progress:
            await repricing.run(partial(progress.show, "pricing (profiles)"))
    except asyncio.CancelledError:
        print_result(console, repricing.found, interrupted=True)
        raise
    else:
        print_result(console, repricing.found)
    finally:
        await database.close()
