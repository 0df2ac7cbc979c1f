"""Renewing: the tables are rebuilt beside the live ones, compared with them, and swapped in."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from services.scoring.core.fold import fold_of
from services.scoring.core.profiles.normal_forms import Current
from services.scoring.live.consume import Scorer
from services.scoring.rebuild import leads
from services.scoring.rebuild.databases import Beside, beside
from services.scoring.rebuild.rebuild import FixedClock, Rebuild, RebuildCounters, some
from services.scoring.rebuild.renewal import evidence, former, newly_qualified
from services.scoring.rebuild.renewal.swap import Built, swap
from services.scoring.store import folds
from services.scoring.store.all_profiles import number_of_profiles
from services.scoring.store.rebuild import snapshot
from shared.database.engine import Database
from shared.database.migrations import require_newest
from shared.errors import Conflict
from shared.identity import Forms
from shared.log.port import Log
from shared.process.clock import Clock
from shared.process.progress_bar import Progress

_KEPT = "Nothing was changed: the tables are as they were."


class Renewed(NamedTuple):
    """The result of a renewal; profiles are counted before and after."""

    messages: int
    without_identity: int
    profiles_before: int
    profiles: int
    leads: Mapping[str, int]


class Renewal:
    """Rebuilds scoring's tables from the log and swaps them in.

    `group` is the name under which scoring reads the log, `limits` how many identities of a kind profiles can
    have. Scoring need not be stopped: the swap fences a worker that reads meanwhile, and that worker then
    applies again what it has applied since the snapshot. No other version of Flipline may run, since it
    would go on with its own fold.
    """

    def __init__(
        self,
        *,
        log: Log,
        database: Database,
        clock: Clock,
        group: str,
        limits: Mapping[str, int],
        forms: Forms,
    ) -> None:
        self._log = log
        self._live = database
        self._clock = clock
        self._group = group
        self._limits = limits
        self._forms = forms
        self._fold = fold_of(forms, limits)

    async def due(self) -> str | None:
        """Return why the tables have to be renewed, or None; raises Misconfigured, Unavailable."""
        await require_newest(self._live)
        built_by = await self._live.read(folds.built_by)
        return self._fold.difference(built_by) if built_by else None

    async def run(self, directory: Path, progress: Progress) -> Renewed:
        """Renew the tables; the rebuild lies in `directory`, which is empty and which the caller removes.

        Either all of it takes effect or nothing does, even if the process is killed. Raises Conflict, having
        changed nothing, when the log lacks what the tables have read, or something was renewed or activated
        meanwhile; Unavailable when the log or the database cannot be reached.
        """
        was = await self._live.read(folds.built_by)
        async with beside(directory) as files:
            counters, current = await self._build(files, progress)
            await _require_all(counters, files)
            await evidence.gather(*files)
            await former.find(*files, current)
            await leads.restore(log=self._log, live=self._live, **files._asdict(), current=current)
            candidates = await newly_qualified.find(*files)
            built = Built(*files, current, self._fold, was, self._group, candidates)
            flips = await swap(self._live, built, self._clock, progress)
            return Renewed(
                counters.applied,
                counters.without_identity,
                await files.copy.read(number_of_profiles),
                await files.rebuilt.read(number_of_profiles),
                Counter(lead.model for lead in flips),
            )

    async def _build(self, files: Beside, progress: Progress) -> tuple[RebuildCounters, Current]:
        progress.step("copying the tables")
        await snapshot.take(self._live, files.copy)
        # Live batches also count and price versions that are being prepared.
        await snapshot.hand_on(*files, *snapshot.PREPARED)
        scorer = Scorer(FixedClock(self._clock.now()), self._limits, self._forms)
        current = Current(self._forms)
        rebuild = Rebuild(log=self._log, **files._asdict(), scorer=scorer, current=current, group=self._group)
        return await rebuild.run(progress), current


async def _require_all(counters: RebuildCounters, files: Beside) -> None:
    """Raise Conflict when the log lacks anything that the tables have read."""
    if counters.failed:
        raise Conflict(
            "log_unreadable",
            f"{len(counters.failed):,} messages could not be taken in again ({some(counters.failed)}). "
            f"{_KEPT}",
        )
    if counters.missing:
        raise Conflict(
            "log_incomplete",
            f"The log has less than scoring has read of {some(counters.missing)}: was it cut off, or "
            f"replaced? {_KEPT}",
        )
    if lost := await evidence.count_lost(*files):
        raise Conflict(
            "log_incomplete",
            f"Of what the tables have taken in, {lost:,} interactions or corrections are not on the log any "
            f"more: it was cut off, or restored from another moment. {_KEPT}",
        )
