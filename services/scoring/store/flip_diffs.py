"""What the scores say about two versions of a model that have both priced every profile, in numbers."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from services.scoring.core.pricing.appraisal import QUALIFIED
from services.scoring.matrix.version import Version
from services.scoring.store.cycles import is_in_a_cycle, is_kept_back
from services.scoring.store.tables import scores

# No version has this number, so no score is joined to it.
_NO_VERSION: Final = -1


class ProfileNumbers(NamedTuple):
    """How many profiles a version changes, by what it changes; the words are those of the flip-diff."""

    newly_flipped: int
    un_flipped: int
    already_handed_over: int
    kept_back: int
    moved: int


def numbers(connection: sa.Connection, old: Version | None, new: Version) -> ProfileNumbers:
    """Return how many profiles change from one version to another, or to a first version."""
    row = connection.execute(_NUMBERS, _of(old, new)).one()
    return ProfileNumbers(*map(int, row))


def biggest_movers(
    connection: sa.Connection, old: Version | None, new: Version, most: int
) -> Sequence[tuple[str, float | None, float]]:
    """Return (profile id, score before, score after) of the profiles whose score changes most."""
    rows = connection.execute(_MOVERS, _of(old, new) | {"most": most})
    return [(profile_id, before, after) for profile_id, before, after in rows]


def _of(old: Version | None, new: Version) -> dict[str, Any]:
    return {"model": new.model, "old": old.number if old else _NO_VERSION, "new": new.number}


def _number(which: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.coalesce(sa.func.sum(sa.case((which, 1), else_=0)), 0)


_model: Final = sa.bindparam("model", type_=scores.c.model.type)
_after, _before = scores.alias("after"), scores.alias("before")
_both: Final = _after.outerjoin(
    _before,
    (_before.c.profile_id == _after.c.profile_id)
    & (_before.c.model == _model)
    & (_before.c.version == sa.bindparam("old")),
)
_of_new: Final = (_after.c.model == _model) & (_after.c.version == sa.bindparam("new"))
_qualifies: Final = _after.c.state == QUALIFIED
_moved: Final = sa.func.abs(_after.c.score - sa.func.coalesce(_before.c.score, 0))

_NUMBERS: Final = (
    sa.select(
        _number(_qualifies & ~is_in_a_cycle(_after.c.profile_id, _model)),
        _number(~_qualifies & (_before.c.state == QUALIFIED)),
        _number(_qualifies & is_in_a_cycle(_after.c.profile_id, _model, with_lead=True)),
        _number(_qualifies & is_kept_back(_after.c.profile_id, _model)),
        _number(_moved > 0),
    )
    .select_from(_both)
    .where(_of_new)
)
_MOVERS: Final = (
    sa.select(_after.c.profile_id, _before.c.score, _after.c.score)
    .select_from(_both)
    .where(_of_new, _moved > 0)
    .order_by(_moved.desc(), _after.c.profile_id)
    .limit(sa.bindparam("most"))
)
