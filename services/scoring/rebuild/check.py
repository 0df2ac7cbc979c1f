"""The check: snapshot, rebuild, comparison, report, in a temporary directory."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from services.scoring.core.counting.tally import day_of
from services.scoring.core.fold import fold_of
from services.scoring.core.profiles.normal_forms import Current
from services.scoring.live.consume import Scorer
from services.scoring.rebuild import dead_letters, leads, old_links, report
from services.scoring.rebuild.compare import Compared, compare
from services.scoring.rebuild.databases import beside
from services.scoring.rebuild.rebuild import FixedClock, Rebuild, RebuildCounters
from services.scoring.store import folds, names
from services.scoring.store.models import active
from services.scoring.store.rebuild import snapshot
from services.scoring.store.rebuild.compared_rows import Scope
from shared.database.engine import Database
from shared.database.migrations import require_newest
from shared.identity import Forms
from shared.log.port import Log
from shared.process.clock import Clock
from shared.process.progress_bar import Progress


async def check(
    *,
    log: Log,
    database: Database,
    clock: Clock,
    group: str,
    identity_limits: Mapping[str, int],
    forms: Forms,
    console: Console,
) -> bool:
    """Rebuild scoring's tables from the log beside the live ones; return whether they are equal.

    If another fold has built the tables, only that is reported: nearly every row may differ.
    While dead letters of any consumer group are open the answer is no: their messages have no effect yet.
    `group` is the name under which scoring reads the log. Nothing is changed and scoring need not be stopped.
    The copies take twice the disk space of the tables, where temporary files are. Raises Unavailable
    when the log or the database cannot be reached, Misconfigured when the database has another schema.
    """
    await require_newest(database)
    built_by = await database.read(folds.built_by)
    if built_by and (why := fold_of(forms, identity_limits).difference(built_by)):
        return report.print_other_fold(console, why)
    with TemporaryDirectory(prefix="flipline-replay-") as directory, Progress(console) as progress:
        async with beside(Path(directory)) as (copy, rebuilt):
            counters, compared = await _checked(
                log, database, copy, rebuilt, clock, group, identity_limits, forms, progress
            )
            letters = await dead_letters.find_open(log=log, copy=copy, rebuilt=rebuilt, clock=clock)
    return report.print_result(console, counters, compared, letters)


async def _checked(
    log: Log,
    database: Database,
    copy: Database,
    rebuilt: Database,
    clock: Clock,
    group: str,
    identity_limits: Mapping[str, int],
    forms: Forms,
    progress: Progress,
) -> tuple[RebuildCounters, list[Compared]]:
    progress.step("copying the tables")
    await snapshot.take(database, copy)
    # After the snapshot: no live score may have been priced on a later day than the rebuilt scores.
    now = clock.now()
    scorer, current = Scorer(FixedClock(now), identity_limits, forms), Current(forms)
    rebuild = Rebuild(log=log, copy=copy, rebuilt=rebuilt, scorer=scorer, current=current, group=group)
    counters = await rebuild.run(progress)
    await snapshot.hand_on(copy, rebuilt, *snapshot.FORMER_IDS)
    await leads.restore(log=log, live=database, copy=copy, rebuilt=rebuilt, current=current)
    counters.old_links = await old_links.adopt(copy, rebuilt)
    matrices, full_kinds = await rebuilt.read(
        lambda connection: (active(connection), names.full_kinds(connection))
    )
    full_kinds |= await copy.read(names.full_kinds)
    scope = Scope(
        matrices.tally.keys,
        {(version.model, version.number) for version in matrices.versions.values()},
        day_of(now),
        full_kinds,
    )
    counters.too_many_names = sorted(full_kinds)
    return counters, await compare(copy, rebuilt, scope, progress)
