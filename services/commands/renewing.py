"""`flipline renew`, and the part of it that `flipline up` does when it starts."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog
from rich.console import Console

from services.commands.asking import confirm
from services.hosting.process import opened
from services.hosting.start import require_data_directory
from services.scoring.compose import GROUP
from services.scoring.core.fold import RENEW
from services.scoring.rebuild.renewal.renew import Renewal, Renewed
from shared.errors import FliplineError
from shared.process.clock import SystemClock
from shared.process.datadir import renewing
from shared.process.progress_bar import Progress
from shared.process.settings import Settings
from shared.reasons import safe_reason

logger = structlog.get_logger(__name__)

_OLD_TABLES = (
    "Scoring goes on with these tables: stored identities keep their earlier normal form, and "
    "`flipline replay --check` reports the differences until the tables are renewed."
)


def renew(settings: Settings, console: Console, *, force: bool, yes: bool) -> None:
    """Build the tables anew if another version has built them or `force` is set; asks first unless `yes`.

    Raises Misconfigured when there is no data directory, Refused when the answer is no.
    """
    require_data_directory(settings)
    asyncio.run(_renew(settings, console, force=force, yes=yes))


async def _renew(settings: Settings, console: Console, *, force: bool, yes: bool) -> None:
    async with _renewal(settings) as renewal:
        why = await renewal.due()
        if why is None and not force:
            _print(console, "This version has built the tables: there is nothing to renew.")
            return
        if why is not None:
            _print(console, why)
        if not yes:
            confirm("Rebuild scoring's tables from the log? No other version of Flipline may run meanwhile.")
        _report(console, await _run(renewal, settings, console))


def renew_at_the_start(settings: Settings) -> None:
    """Renew the tables before anything is served, if another fold built them and no other process can.

    When that fails it is reported, and the tables stay as they are: they serve as they did before.
    """
    asyncio.run(_renew_at_the_start(settings, Console()))


async def _renew_at_the_start(settings: Settings, console: Console) -> None:
    async with _renewal(settings) as renewal:
        why = await renewal.due()
        if why is None:
            return
        if settings.log != "embedded":
            _warn(why)
            return
        once = "They are rebuilt from the log once, before Flipline serves. No lead goes to sales twice."
        _print(console, f"{why} {once}")
        try:
            _report(console, await _run(renewal, settings, console))
        except Exception as error:  # noqa: BLE001 - whatever it is, the tables can serve as they are
            reason = error.message if isinstance(error, FliplineError) else safe_reason(error)
            logger.error("tables.not_renewed", reason=reason, advice=RENEW)  # noqa: TRY400 - its text may be personal
            _print(console, f"The tables were not renewed. {reason} {_OLD_TABLES}")


def warn_of_old_tables(settings: Settings) -> None:
    """Log that another fold has built the tables: with several processes, none renews them by itself."""
    asyncio.run(_warn_of_old_tables(settings))


async def _warn_of_old_tables(settings: Settings) -> None:
    async with _renewal(settings) as renewal:
        if (why := await renewal.due()) is not None:
            _warn(why)


def _warn(why: str) -> None:
    logger.warning("tables.outdated", reason=why, effect=_OLD_TABLES, advice=RENEW)


@asynccontextmanager
async def _renewal(settings: Settings) -> AsyncGenerator[Renewal]:
    async with opened(settings) as (database, log):
        yield Renewal(
            log=log,
            database=database,
            clock=SystemClock(),
            group=GROUP,
            limits=settings.identity_limits,
            forms=settings.forms(),
        )


async def _run(renewal: Renewal, settings: Settings, console: Console) -> Renewed:
    with _room(settings) as directory, Progress(console) as progress:
        return await renewal.run(directory, progress)


@contextmanager
def _room(settings: Settings) -> Generator[Path]:
    """Make a directory for the rebuild; with the embedded log in the data directory, where there is room."""
    if settings.log == "embedded":
        with renewing(settings.data_dir) as directory:
            yield directory
    else:
        with TemporaryDirectory(prefix="flipline-renew-") as name:
            yield Path(name)


def _report(console: Console, renewed: Renewed) -> None:
    leads = ", ".join(f"{number:,} in {model}" for model, number in sorted(renewed.leads.items()))
    _print(console, f"The tables are renewed. Messages read again: {renewed.messages:,}.")
    if number := renewed.without_identity:
        _print(console, f"Messages without a valid identity under the present rules: {number:,}.")
    _print(console, f"Profiles: {renewed.profiles:,}, before: {renewed.profiles_before:,}.")
    _print(console, f"New leads: {leads or 'none'}.")


def _print(console: Console, line: str) -> None:
    console.print(line, highlight=False, markup=False, soft_wrap=True)
