"""The scores as of their last pricing, a row for each profile and version, for lists, sums and the timer."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from services.scoring.core.pricing.appraisal import QUALIFIED, Appraisal
from services.scoring.core.revised import Revised
from services.scoring.matrix.version import Version
from services.scoring.store.cycles import is_in_a_cycle
from services.scoring.store.tables import identities, scores
from shared.database import bulk, quick
from shared.errors import Unavailable


class ScoreKey(NamedTuple):
    """A profile in a version of a model."""

    profile_id: str
    model: str
    version: int


def read(
    connection: sa.Connection, profile_ids: Sequence[str], versions: Iterable[Version]
) -> dict[ScoreKey, Revised[Appraisal]]:
    """Return the stored appraisals of the profiles in these versions."""
    rows = quick.rows(connection, _of_profiles(connection), {"ids": profile_ids})
    keys = {(version.model, version.number) for version in versions}
    return {
        ScoreKey(profile_id, model, version): Revised(Appraisal(*appraisal), revision)
        for profile_id, model, version, *appraisal, revision in rows
        if (model, version) in keys
    }


@bulk.built_once
def _of_profiles(on_postgresql: bool) -> sa.Select[*tuple[Any, ...]]:
    return sa.select(scores).where(bulk.among(on_postgresql, scores.c.profile_id, "ids"))


def write(connection: sa.Connection, changed: Mapping[ScoreKey, Revised[Appraisal]]) -> None:
    """Write appraisals back; raises Unavailable when another transaction changed one since it was read."""
    names = scores.c.keys()
    rows = [
        dict(zip(names, (*key, *appraisal, revision + 1), strict=True))
        for key, (appraisal, revision) in sorted(changed.items(), key=lambda item: item[0])
    ]
    if bulk.upsert(connection, scores, rows, revision="revision") < len(rows):
        raise Unavailable("scores_race", "Another worker has just priced the same profile.")


def add(
    connection: sa.Connection,
    version: Version,
    profile_ids: Sequence[str],
    appraisals: Iterable[Appraisal],
) -> None:
    """Store appraisals of profiles in a version; an appraisal that is stored already stays as it is."""
    names = scores.c.keys()
    of_version = (version.model, version.number)
    rows = [
        dict(zip(names, (profile_id, *of_version, *appraisal, 1), strict=True))
        for profile_id, appraisal in zip(profile_ids, appraisals, strict=True)
    ]
    bulk.insert_missing(connection, scores, rows)


def drop_profiles(connection: sa.Connection, profile_ids: Collection[str]) -> None:
    """Remove the scores of ids that have stopped being profiles."""
    if profile_ids:
        connection.execute(
            sa.delete(scores).where(bulk.any_of(connection, scores.c.profile_id, sorted(profile_ids)))
        )


def by_grade(connection: sa.Connection, version: Version) -> dict[str | None, int]:
    """Return how many profiles have each grade under a version; None is the grade of those without one."""
    counted = sa.select(scores.c.grade, sa.func.count()).where(_of(version)).group_by(scores.c.grade)
    return {grade: number for grade, number in connection.execute(counted)}  # noqa: C416 - typed


def overdue(connection: sa.Connection, version: Version, day: int) -> set[str]:
    """Return the ids of the profiles that qualify by stored scores whose `due_on` is not after a day."""
    qualify = sa.select(scores.c.profile_id).where(_of(version), scores.c.state == QUALIFIED)
    return set(connection.execute(qualify.where(scores.c.due_on <= day)).scalars())


def qualified_without_lead(connection: sa.Connection, version: Version, *, kept_back: bool) -> Sequence[str]:
    """Return the ids, sorted, of the profiles that qualify under a version and have no lead.

    They are the newly flipped profiles and, with `kept_back`, also those whose cycles were kept back.
    """
    query = _KEPT_BACK_TOO if kept_back else _NEWLY_FLIPPED
    return connection.execute(query, {"model": version.model, "version": version.number}).scalars().all()


def _qualified_outside_cycles(*, with_lead: bool) -> sa.Select[str]:
    model = sa.bindparam("model", type_=scores.c.model.type)
    return (
        sa.select(scores.c.profile_id)
        .where(
            scores.c.model == model,
            scores.c.version == sa.bindparam("version"),
            scores.c.state == QUALIFIED,
            ~is_in_a_cycle(scores.c.profile_id, model, with_lead=with_lead),
        )
        .order_by(scores.c.profile_id)
    )


_NEWLY_FLIPPED: Final = _qualified_outside_cycles(with_lead=False)
_KEPT_BACK_TOO: Final = _qualified_outside_cycles(with_lead=True)


def strays(connection: sa.Connection, version: Version) -> Sequence[str]:
    """Return the ids that have a score in a version but are not ids of profiles.

    SQLite never has any, because only one transaction writes at a time.
    """
    if connection.dialect.name == "sqlite":
        return []
    found = sa.select(scores.c.profile_id).where(_of(version), _is_stray())
    return connection.execute(found).scalars().all()


def drop_strays(connection: sa.Connection, version: Version, ids: Sequence[str]) -> None:
    """Remove those of some scores of a version whose ids are not ids of profiles."""
    those = bulk.any_of(connection, scores.c.profile_id, ids)
    connection.execute(sa.delete(scores).where(_of(version), those, _is_stray()))


def _is_stray() -> sa.ColumnElement[bool]:
    return ~sa.exists().where(
        identities.c.id == scores.c.profile_id, identities.c.profile_id == identities.c.id
    )


def _of(version: Version) -> sa.ColumnElement[bool]:
    return sa.and_(scores.c.model == version.model, scores.c.version == version.number)


def drop_version(connection: sa.Connection, version: Version) -> None:
    """Remove the scores of a version, so that it can be priced anew."""
    connection.execute(sa.delete(scores).where(_of(version)))


def drop_some(connection: sa.Connection, version: Version, most: int) -> int:
    """Remove at most `most` scores of a version and return how many were removed."""
    some = sa.select(scores.c.profile_id).where(_of(version)).limit(most)
    return connection.execute(sa.delete(scores).where(_of(version), scores.c.profile_id.in_(some))).rowcount
