"""Preparation: a version is counted and priced for all profiles beside the active one.

While it is prepared, every live batch also counts its conditions, and also prices it once all identities are
counted. The preparation goes through everything stored before, one page per transaction, and stores its
progress: it can be watched, and after a crash it continues where it was.
"""

from datetime import datetime
from math import ceil
from typing import Final

from sqlalchemy import Connection

from services.scoring.change.recounting import recount
from services.scoring.core.counting.tally import Tally, day_of
from services.scoring.core.pricing.appraisal import appraise_all
from services.scoring.core.pricing.price import columns_of
from services.scoring.matrix.needed_traits import needed_traits
from services.scoring.matrix.version import Version
from services.scoring.store import all_profiles, preparations, scores
from services.scoring.store.models import active, lock_active_versions
from services.scoring.store.preparations import COUNTING, PRICING, READY, SILENT_AFTER, Phase, Preparation
from shared.errors import Conflict

# The most identities of a page. A counting page changes the same rows as live batches, so it is kept small.
# A pricing page takes no locks.
COUNTED_AT_ONCE: Final = 1_000
PRICED_AT_ONCE: Final = 10_000
# The most scores that one transaction removes.
CLEARED_AT_ONCE: Final = 10_000
# Profile ids are hexadecimal digits, so this sorts after all of them.
_BEHIND_ALL: Final = "~"


def clear(connection: Connection, version: Version, size: int) -> bool:
    """Remove at most `size` scores that an earlier activation of the version left; return whether any were.

    While a version of the model is being prepared, nothing is removed.
    """
    lock_active_versions(connection)
    if preparations.is_under_way(connection, version.model):
        return False
    return scores.drop_some(connection, version, size) > 0


def start(connection: Connection, version: Version, now: datetime) -> None:
    """Have live scoring count and price a version, or continue a preparation that was abandoned.

    The caller has locked the active versions. Raises Conflict while another process prepares the model.
    """
    under_way = preparations.read(connection, version.model)
    if under_way is not None:
        if not under_way.has_stalled(now):
            raise Conflict("activation_under_way", _in_words(under_way, now))
        if under_way.version == version:
            preparations.move(connection, under_way._replace(moved_at=now))
            return
        preparations.delete(connection, version.model)
    scores.drop_version(connection, version)
    uncounted = active(connection).uncounted(version.matrix)
    phase = COUNTING if uncounted else PRICING
    preparations.add(
        connection,
        Preparation(
            version,
            phase,
            uncounted,
            after="",
            done=0,
            total=_total(connection, phase),
            started_at=now,
            moved_at=now,
        ),
    )


def _in_words(under_way: Preparation, now: datetime) -> str:
    model, silent = under_way.version.model, (now - under_way.moved_at).total_seconds()
    left = ceil(SILENT_AFTER.total_seconds() - silent)
    return (
        f"Version {under_way.version.number} of {model} is being activated ({under_way.phase}, "
        f"{under_way.done:,} of {under_way.total:,}); it last moved {silent:.0f} s ago. "
        "If it does not move on, the process that did it has ended: send this request again after "
        f"{left} s, or give it up with DELETE /v1/models/{model}/activation."
    )


def advance(connection: Connection, model: str, now: datetime, size: int) -> Phase:
    """Do the next page of a preparation, of `size` identities at most, and return the phase that follows.

    Raises Conflict when the preparation was ended by another process, and Unavailable when a live batch has
    changed one of the identities that are counted: a smaller page makes that less likely.
    """
    preparation = preparations.read(connection, model, to_move=True)
    if preparation is None:
        raise Conflict("activation_lost", f"The activation of {model} was ended by another request.")
    match preparation.phase:
        case "counting":
            moved = _count_page(connection, preparation, size)
        case "pricing":
            moved = _price_page(connection, preparation, now, size)
        case "ready":
            return READY
    preparations.move(connection, moved._replace(moved_at=now))
    return moved.phase


def _count_page(connection: Connection, preparation: Preparation, size: int) -> Preparation:
    page = all_profiles.identities_after(connection, preparation.after, size)
    if not page:
        total = _total(connection, PRICING)
        # Batches under way do not price the version yet, so they have to end before the first page is priced.
        lock_active_versions(connection, exclusive=True)
        return preparation._replace(phase=PRICING, after="", done=0, total=total)
    recount(connection, page, Tally([preparation.version.matrix], only=preparation.uncounted))
    return preparation._replace(after=page[-1], done=preparation.done + len(page))


def _price_page(connection: Connection, preparation: Preparation, now: datetime, size: int) -> Preparation:
    """Price a page beside live batches, without locks.

    A batch that changes one of these profiles meanwhile prices that profile itself, with the newer facts. If
    the batch writes first, its score stays. If the page writes first, the batch finds another revision than
    it read and runs again.
    """
    version = preparation.version
    trait_names = needed_traits([version.matrix])
    page = all_profiles.read(connection, preparation.after, size, trait_names)
    if not page.profile_ids and preparation.after != _BEHIND_ALL:
        # A batch under way may have joined a profile before its score was added here, and found no score to
        # remove. When this lock is held, all such batches have committed.
        lock_active_versions(connection, exclusive=True)
        return preparation._replace(after=_BEHIND_ALL)
    if not page.profile_ids:
        # A profile that was merged while its page was priced is no longer a profile.
        if strays := scores.strays(connection, version):
            lock_active_versions(connection, exclusive=True)
            scores.drop_strays(connection, version, strays)
        return preparation._replace(phase=READY, after="", done=0, total=preparation.done)
    _price(connection, page, version, day_of(now))
    return preparation._replace(after=page.profile_ids[-1], done=preparation.done + len(page.profile_ids))


def _price(connection: Connection, page: all_profiles.ProfilePage, version: Version, day: int) -> None:
    columns = columns_of(page.known, version.matrix)
    appraisals = appraise_all(page.known, columns, version.matrix, day)
    scores.add(connection, version, page.profile_ids, appraisals)


def _total(connection: Connection, phase: Phase) -> int:
    if phase == COUNTING:
        return all_profiles.number_of_identities(connection)
    return all_profiles.number_of_profiles(connection)
