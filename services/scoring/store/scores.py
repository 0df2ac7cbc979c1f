"""The scores as they were last priced, a row for each profile and version, for lists, sums and the timer."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from services.scoring.core.appraisal import Appraisal
from services.scoring.model.matrix import Version
from services.scoring.tables import identities, scores
from shared.database import bulk, quick
from shared.errors import Unavailable


class Place(NamedTuple):
    """A profile in a version of a model."""

    profile_id: str
    model: str
    version: int


class Kept(NamedTuple):
    """An appraisal as the table has it, with the revision of its row."""

    appraisal: Appraisal
    revision: int


def read(
    connection: sa.Connection, profile_ids: Sequence[str], versions: Iterable[Version]
) -> dict[Place, Kept]:
    """Return what is kept of the profiles in these versions."""
    rows = quick.rows(connection, _of_profiles(connection), {"ids": profile_ids})
    wanted = {(version.model, version.number) for version in versions}
    return {
        Place(profile_id, model, version): Kept(Appraisal(*appraisal), revision)
        for profile_id, model, version, *appraisal, revision in rows
        if (model, version) in wanted
    }


@bulk.built_once
def _of_profiles(on_postgresql: bool) -> sa.Select[*tuple[Any, ...]]:
    return sa.select(scores).where(bulk.among(on_postgresql, scores.c.profile_id, "ids"))


def write(connection: sa.Connection, changed: Mapping[Place, Kept]) -> None:
    """Write appraisals back; raises Unavailable when somebody else changed one since it was read."""
    names = scores.c.keys()
    rows = [
        dict(zip(names, (*place, *kept.appraisal, kept.revision + 1), strict=True))
        for place, kept in sorted(changed.items(), key=lambda one: one[0])
    ]
    if bulk.upsert(connection, scores, rows, revision="revision") < len(rows):
        raise Unavailable("scores_race", "Another worker has just priced the same profile.")


def add(
    connection: sa.Connection,
    version: Version,
    profile_ids: Sequence[str],
    appraisals: Iterable[Appraisal],
) -> None:
    """Keep appraisals of profiles in a version; what is kept of one of them already stays as it is."""
    names = scores.c.keys()
    place = (version.model, version.number)
    rows = [
        dict(zip(names, (profile_id, *place, *appraisal, 1), strict=True))
        for profile_id, appraisal in zip(profile_ids, appraisals, strict=True)
    ]
    bulk.insert_missing(connection, scores, rows)


def drop_profiles(connection: sa.Connection, profile_ids: Collection[str]) -> None:
    """Remove what is kept of profiles that are none any more."""
    if profile_ids:
        connection.execute(
            sa.delete(scores).where(bulk.any_of(connection, scores.c.profile_id, sorted(profile_ids)))
        )


def has_strays(connection: sa.Connection, version: Version) -> bool:
    """Tell whether scores of a version are kept for ids that are no profile's.

    On SQLite there are none: nobody joins people while a page is priced, and a million looks take seconds.
    """
    if connection.dialect.name == "sqlite":
        return False
    return (
        connection.execute(sa.select(scores.c.profile_id).where(_strays(version)).limit(1)).first()
        is not None
    )


def drop_strays(connection: sa.Connection, version: Version) -> None:
    """Remove the scores of a version whose ids are no profile's."""
    connection.execute(sa.delete(scores).where(_strays(version)))


def _strays(version: Version) -> sa.ColumnElement[bool]:
    is_profile = sa.exists().where(
        identities.c.id == scores.c.profile_id, identities.c.profile_id == identities.c.id
    )
    return sa.and_(scores.c.model == version.model, scores.c.version == version.number, ~is_profile)


def drop_version(connection: sa.Connection, version: Version) -> None:
    """Remove what is kept of a version, so that it can be priced anew."""
    connection.execute(
        sa.delete(scores).where(scores.c.model == version.model, scores.c.version == version.number)
    )


def drop_some(connection: sa.Connection, version: Version, most: int) -> int:
    """Remove so many at most of what is kept of a version and return how many these were."""
    of_version = sa.and_(scores.c.model == version.model, scores.c.version == version.number)
    some = sa.select(scores.c.profile_id).where(of_version).limit(most)
    return connection.execute(sa.delete(scores).where(of_version, scores.c.profile_id.in_(some))).rowcount
