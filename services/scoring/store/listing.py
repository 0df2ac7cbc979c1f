"""Lists over all profiles: by score, stage, grade, state and trait."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
import sqlalchemy as sa

from services.scoring.core.pricing.appraisal import QUALIFIED
from services.scoring.matrix.version import Version
from services.scoring.store.cycles import is_kept_back
from services.scoring.store.tables import identities, scores
from services.scoring.store.trait_filter import may_have
from services.scoring.store.vocabulary import active_version_of, check_trait
from shared.errors import Refused
from shared.values import check_known

Sort = Literal["id", "-score"]


@dataclass(frozen=True)
class ProfileFilter:
    """The conditions of a list of profiles; all that are set must hold. A trait is (name, value).

    Profiles that are kept back qualify, and activations kept back all their cycles.
    """

    model: str | None = None
    min_score: float | None = None
    stage: str | None = None
    grade: str | None = None
    state: str | None = None
    company: str | None = None
    trait: tuple[str, str] | None = None
    kept_back: bool | None = None
    excluded: bool | None = None


class ListedProfile(msgspec.Struct, frozen=True):
    """A profile's id and its sort key."""

    id: str
    key: tuple[str, ...]


def profile_ids(
    connection: sa.Connection, profile_filter: ProfileFilter, sort: Sort, after: Sequence[Any], limit: int
) -> list[ListedProfile]:
    """Return a page of profile ids that pass the filter, in the order of `sort` and then of their ids.

    Scores are as of the last pricing. A trait passes when any identity of the profile ever had it with that
    value, or has an e-mail that may imply it: the caller compares with the traits of today.
    """
    query, score = _filtered(connection, profile_filter)
    if profile_filter.trait is not None:
        check_trait(connection, "query.trait", profile_filter.trait[0])
        query = query.where(may_have(*profile_filter.trait))
    key: tuple[sa.ColumnElement[Any], ...] = (identities.c.id,)
    if sort == "-score":
        if score is None:
            raise Refused("model_missing", "To sort by score, say of which model.", "model")
        key = (score.desc(), identities.c.id)
        if after:
            least, last = after
            query = query.where((score < least) | ((score == least) & (identities.c.id > last)))
    elif after:
        query = query.where(identities.c.id > after[0])
    rows = connection.execute(query.order_by(*key).limit(limit))
    return [
        ListedProfile(row.id, (repr(row.score), row.id) if sort == "-score" else (row.id,)) for row in rows
    ]


def _filtered(
    connection: sa.Connection, profile_filter: ProfileFilter
) -> tuple[sa.Select[Any], sa.ColumnElement[float] | None]:
    query = sa.select(identities.c.id).where(identities.c.id == identities.c.profile_id)
    of_scores = {
        "stage": profile_filter.stage,
        "grade": profile_filter.grade,
        "state": profile_filter.state,
        "company": profile_filter.company,
        "excluded": profile_filter.excluded,
    }
    given = {name: value for name, value in of_scores.items() if value is not None}
    if profile_filter.model is None:
        others = {"min_score": profile_filter.min_score, "kept_back": profile_filter.kept_back}
        needing = [*given, *(name for name, value in others.items() if value is not None)]
        if needing:
            field = needing[0]
            raise Refused("model_missing", f"To filter by {field}, say of which model.", "model")
        return query, None
    version = active_version_of(connection, profile_filter.model, "query.model")
    number = version.number
    if profile_filter.stage is not None:
        check_known("stage_unknown", {"query.stage": profile_filter.stage}, version.matrix.stages)
    if profile_filter.grade is not None and version.matrix.grading is None:
        model = profile_filter.model
        message = f"query.grade: model {model} grades no profile, since its points have one side alone."
        raise Refused("grade_unknown", message, "query.grade")
    query = query.add_columns(scores.c.score).join(
        scores,
        (scores.c.profile_id == identities.c.id)
        & (scores.c.model == profile_filter.model)
        & (scores.c.version == number),
    )
    for name, value in given.items():
        query = query.where(scores.c[name] == value)
    if profile_filter.min_score is not None:
        query = query.where(scores.c.score >= profile_filter.min_score)
    if profile_filter.kept_back is not None:
        kept_back = (scores.c.state == QUALIFIED) & is_kept_back(identities.c.id, profile_filter.model)
        query = query.where(kept_back if profile_filter.kept_back else ~kept_back)
    return query, scores.c.score


def just_qualified(connection: sa.Connection, version: Version, limit: int, *, without: str) -> Sequence[str]:
    """Return the ids of the lowest-scoring profiles that qualify in a version, except `without`.

    Only a bounded number of the profiles at the flip number is read, whatever keeps them from sales.
    """
    reached = (
        sa.select(scores.c.profile_id, scores.c.state, scores.c.score)
        .where(
            scores.c.model == version.model,
            scores.c.version == version.number,
            scores.c.score >= version.matrix.flip_number,
        )
        .order_by(scores.c.score, scores.c.profile_id)
        .limit(4 * limit)
        .subquery()
    )
    qualified = (
        sa.select(reached.c.profile_id)
        .where(reached.c.state == QUALIFIED, reached.c.profile_id != without)
        .order_by(reached.c.score, reached.c.profile_id)
    )
    return connection.execute(qualified.limit(limit)).scalars().all()
