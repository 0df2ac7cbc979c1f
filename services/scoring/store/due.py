"""Scores that the timer has to price again, and scores of versions that no longer score."""

from typing import Final

import sqlalchemy as sa

from services.scoring.store.tables import identities, models, preparations, scores

# The key of the advisory lock of the timer at work: any constant without another use.
_TURN: Final = 4_201_339


def take_turn(connection: sa.Connection) -> bool:
    """Return whether this is the only timer at work, and keep others out until the transaction ends.

    Two timers would only disturb each other.
    """
    if connection.dialect.name != "postgresql":
        return True
    return bool(connection.execute(sa.select(sa.func.pg_try_advisory_xact_lock(_TURN))).scalar())


def due(connection: sa.Connection, today: int, most: int) -> list[str]:
    """Return profiles with a score, in a version that is in use, that is due on a day or before."""
    query = (
        sa.select(scores.c.profile_id)
        .where(scores.c.due_on <= today, _is_in_use())
        .order_by(scores.c.due_on)
        .limit(most)
    )
    return sorted(set(connection.execute(query).scalars()))


def unpriced(connection: sa.Connection, most: int) -> list[str]:
    """Return profiles without a score in an active version, as after a migration."""
    priced = sa.exists().where(
        scores.c.profile_id == identities.c.id,
        scores.c.model == models.c.model,
        scores.c.version == models.c.active_version,
    )
    query = (
        sa.select(identities.c.id)
        .join(models, models.c.active_version.is_not(None))
        .where(identities.c.id == identities.c.profile_id, ~priced)
        .limit(most)
    )
    return sorted(set(connection.execute(query).scalars()))


def drop_unused(connection: sa.Connection, most: int) -> None:
    """Remove some scores of versions that no longer score."""
    key = scores.c.profile_id, scores.c.model, scores.c.version
    old = sa.select(*key).where(~_is_in_use()).limit(most)
    connection.execute(sa.delete(scores).where(sa.tuple_(*key).in_(old)))


def _is_in_use() -> sa.ColumnElement[bool]:
    """Return the SQL condition that the version of a score is active or being prepared."""
    return sa.exists().where(
        models.c.model == scores.c.model, models.c.active_version == scores.c.version
    ) | sa.exists().where(preparations.c.model == scores.c.model, preparations.c.version == scores.c.version)
