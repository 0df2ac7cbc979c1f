"""The versions of models and their activations, as lists for ops."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from services.scoring.store.tables import activations, models, versions


def page(connection: sa.Connection, model: str, before: int | None, limit: int) -> Sequence[sa.Row[Any]]:
    """Return versions of a model with the number of the active one, the newest first, from a number on."""
    query = _versions_of(model).order_by(versions.c.version.desc()).limit(limit)
    if before is not None:
        query = query.where(versions.c.version < before)
    return connection.execute(query).all()


def find(connection: sa.Connection, model: str, number: int) -> sa.Row[Any] | None:
    """Return a version of a model with the number of the active one, or None."""
    return connection.execute(_versions_of(model).where(versions.c.version == number)).one_or_none()


def activations_page(
    connection: sa.Connection, model: str, before: int | None, limit: int
) -> Sequence[sa.Row[Any]]:
    """Return activations of a model, the latest first, from a number on."""
    query = sa.select(activations).where(activations.c.model == model)
    if before is not None:
        query = query.where(activations.c.number < before)
    return connection.execute(query.order_by(activations.c.number.desc()).limit(limit)).all()


def _versions_of(model: str) -> sa.Select[Any]:
    return (
        sa.select(versions, models.c.active_version)
        .join(models, models.c.model == versions.c.model)
        .where(versions.c.model == model)
    )
