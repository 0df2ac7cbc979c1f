"""Drafts on the tables, and the tags that name their states in `ETag` and `If-Match`."""

from hashlib import blake2b

import sqlalchemy as sa

from services.scoring.store.tables import activations, models, versions
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
