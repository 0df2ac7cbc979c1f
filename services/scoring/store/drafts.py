"""Drafts on the tables, and the tags that name their states in `ETag` and `If-Match`."""

from datetime import datetime
from hashlib import blake2b

import sqlalchemy as sa

from services.scoring.store.tables import activations, models, versions
from shared.database import bulk
from shared.errors import Outdated


def shown(connection: sa.Connection, model: str) -> str | None:
    """Return the text of the draft, else of the active matrix, else of the matrix that scored last."""
    latest = (
        sa.select(activations.c.version)
        .where(activations.c.model == models.c.model)
        .order_by(activations.c.number.desc())
        .limit(1)
        .scalar_subquery()
    )
    active = (versions.c.model == models.c.model) & (
        versions.c.version == sa.func.coalesce(models.c.active_version, latest)
    )
    query = (
        sa.select(sa.func.coalesce(models.c.draft, versions.c.matrix))
        .select_from(models.outerjoin(versions, active))
        .where(models.c.model == model)
    )
    return connection.execute(query).scalar_one_or_none()


def find(connection: sa.Connection, model: str) -> str | None:
    """Return the text of the draft of a model, or None."""
    return connection.execute(sa.select(models.c.draft).where(models.c.model == model)).scalar_one_or_none()


def lock_model(connection: sa.Connection, model: str, now: datetime) -> bool:
    """Lock the row of a model, which is created if it is new; return whether the model has an active version.

    The row is inserted first: of two requests that create the same model at once, one waits for the other.
    """
    bulk.insert_new(connection, models, "model", [{"model": model, "created_at": now}])
    locked = sa.select(models.c.active_version).where(models.c.model == model).with_for_update()
    return connection.execute(locked).scalar_one() is not None


def write(connection: sa.Connection, model: str, text: str) -> None:
    """Replace the draft of a model."""
    connection.execute(sa.update(models).where(models.c.model == model).values(draft=text))


def delete(connection: sa.Connection, model: str) -> None:
    """Remove the draft of a model, and the model too if it was never active."""
    ever_active = sa.exists().where(versions.c.model == models.c.model)
    connection.execute(sa.update(models).where(models.c.model == model).values(draft=None))
    connection.execute(sa.delete(models).where(models.c.model == model, ~ever_active))


def etag(text: str) -> str:
    """Return the tag of a matrix."""
    return f'"{blake2b(text.encode(), digest_size=8).hexdigest()}"'


def names_tag(if_match: str, tag: str) -> bool:
    """Return whether a header `If-Match` contains this tag, or is `*`."""
    return not {part.strip() for part in if_match.split(",")}.isdisjoint({"*", tag})


def check_unchanged(text: str | None, if_match: str | None) -> None:
    """Raise Outdated when `if_match` is given and does not name the tag of the text."""
    if if_match is not None and (text is None or not names_tag(if_match, etag(text))):
        raise Outdated("draft_changed", "Somebody changed the draft since you read it; GET it again.")
