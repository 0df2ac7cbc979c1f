"""`flipline replay`: scoring's tables held against the log."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console

from services.options import DataDir
from services.process import opened
from services.scoring.compose import GROUP
from services.scoring.replay.check import check as check_scoring
from services.start import require_data_directory, settings_of
from shared.clock import SystemClock
from shared.errors import Refused
from shared.settings import Settings
from shared.telemetry import configure_logging


def replay(
    check: Annotated[
        bool, typer.Option("--check", help="Rebuild beside the tables and compare; changes nothing.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Hold scoring's tables against the log: rebuild them from it and compare row by row."""
    if not check:
        raise Refused(
            "replay_in_place",
            "`flipline replay --check` holds the tables against the log, `flipline renew` builds them anew.",
        )
    settings = settings_of(None, data_dir)
    # One line for each batch would tear the bar of the progress apart.
    configure_logging("error")
    if not asyncio.run(_is_what_the_log_says(settings)):
        raise typer.Exit(1)


async def _is_what_the_log_says(settings: Settings) -> bool:
    require_data_directory(settings)
    async with opened(settings) as (database, log):
        return await check_scoring(
            log=log,
            database=database,
            clock=SystemClock(),
            group=GROUP,
            identity_limits=settings.identity_limits,
            forms=settings.forms(),
            console=Console(),
        )
