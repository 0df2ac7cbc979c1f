"""`flipline replay`: scoring's tables checked against the log."""

from rich.console import Console

from services.hosting.process import opened
from services.hosting.start import require_data_directory
from services.scoring.compose import GROUP
from services.scoring.rebuild.check import check as check_scoring
from shared.process.clock import SystemClock
from shared.process.settings import Settings


async def tables_match_log(settings: Settings) -> bool:
    """Rebuild the tables beside the live tables, compare, report, and return whether they are equal."""
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
