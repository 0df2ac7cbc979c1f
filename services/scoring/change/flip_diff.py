"""The flip-diff: which profiles a version flips that the one before did not, and the reverse."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from services.scoring.core.pricing.appraisal import QUALIFIED
from services.scoring.matrix.version import Version
from services.scoring.store.cycles import is_in_a_cycle, is_kept_back
from services.scoring.store.tables import scores

MOVERS = 10


@dataclass(frozen=True)
class Mover:
    """A profile whose score changes much; `before` is None where no version was active."""

    profile_id: str
    before: float | None
    after: float


@dataclass
class FlipDiff:
    """What a version changes for the hand-off, in profiles, and which profiles gain or lose most.

    Profiles that qualify under it are newly flipped if they were in no cycle, already handed over if there is
    a lead, and else kept back: activations kept back all their cycles. `moved` are the profiles whose
    score changes; `biggest_movers` are some of them.
    """

    newly_flipped: int = 0
    un_flipped: int = 0
    already_handed_over: int = 0
    kept_back: int = 0
    handed_over_now: int = 0
    moved: int = 0
    biggest_movers: list[Mover] = field(default_factory=list[Mover])


def compare(connection: sa.Connection, old: Version | None, new: Version) -> FlipDiff:
    """Compare two versions of a model that have both priced every profile."""
    after, before = scores.alias("after"), scores.alias("before")
    both = after.outerjoin(
        before,
        (before.c.profile_id == after.c.profile_id)
        & (before.c.model == new.model)
        & (before.c.version == (old.number if old else -1)),
    )
    of_new = (after.c.model == new.model) & (after.c.version == new.number)
    qualifies = after.c.state == QUALIFIED
    began = is_in_a_cycle(after.c.profile_id, new.model)
    handed = is_in_a_cycle(after.c.profile_id, new.model, with_lead=True)
    kept_back = is_kept_back(after.c.profile_id, new.model)
    moved = sa.func.abs(after.c.score - sa.func.coalesce(before.c.score, 0))
    un_flips = ~qualifies & (before.c.state == QUALIFIED)

    def number(which: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        return sa.func.coalesce(sa.func.sum(sa.case((which, 1), else_=0)), 0)

    counted = sa.select(
        number(qualifies & ~began),
        number(un_flips),
        number(qualifies & handed),
        number(qualifies & kept_back),
        number(moved > 0),
    )
    row = connection.execute(counted.select_from(both).where(of_new)).one()
    movers = connection.execute(
        sa.select(after.c.profile_id, before.c.score, after.c.score)
        .select_from(both)
        .where(of_new, moved > 0)
        .order_by(moved.desc(), after.c.profile_id)
        .limit(MOVERS)
    )
    newly, un_flipped, handed_over, kept, moved_ones = map(int, row)
    return FlipDiff(
        newly_flipped=newly,
        un_flipped=un_flipped,
        already_handed_over=handed_over,
        kept_back=kept,
        moved=moved_ones,
        biggest_movers=[Mover(*mover) for mover in movers],
    )


def without_lead(connection: sa.Connection, version: Version, *, kept_back: bool) -> Sequence[str]:
    """Return the ids of the profiles that qualify under a version and have no lead.

    They are the newly flipped profiles and, with `kept_back`, also those whose cycles were kept back.
    """
    qualified = sa.select(scores.c.profile_id).where(
        scores.c.model == version.model,
        scores.c.version == version.number,
        scores.c.state == QUALIFIED,
        ~is_in_a_cycle(scores.c.profile_id, version.model, with_lead=kept_back),
    )
    return connection.execute(qualified.order_by(scores.c.profile_id)).scalars().all()
