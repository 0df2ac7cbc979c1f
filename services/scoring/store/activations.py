"""Activations on the tables: who made which version the active one, when and why."""

from datetime import datetime
from typing import Final, NamedTuple

import sqlalchemy as sa

from services.scoring.store.tables import activations, models, versions


class Activated(NamedTuple):
    """A version that becomes the active one: its author, time and note; the event has the same fields."""

    model: str
    version: int
    handoff: str
    note: str | None
    author: str | None
    activated_at: datetime


def add_version(connection: sa.Connection, activated: Activated, matrix: str) -> None:
    """Store a draft, given its text, as a new version; the draft is removed.

    If another draft was written meanwhile, that one stays.
    """
    connection.execute(_ADD_VERSION, activated._asdict() | {"matrix": matrix})
    connection.execute(_REMOVE_DRAFT, {"of_model": activated.model, "matrix": matrix})


def add(connection: sa.Connection, activated: Activated, flip_diff: str) -> int:
    """Store an activation with its flip-diff as JSON; return its number among those of the model."""
    number = (connection.execute(_LATEST, {"model": activated.model}).scalar() or 0) + 1
    connection.execute(_ADD, activated._asdict() | {"number": number, "flip_diff": flip_diff})
    return number


_ADD_VERSION: Final = sa.insert(versions)
_REMOVE_DRAFT: Final = (
    sa.update(models)
    .where(models.c.model == sa.bindparam("of_model"), models.c.draft == sa.bindparam("matrix"))
    .values(draft=None)
)
_LATEST: Final = sa.select(sa.func.max(activations.c.number)).where(
    activations.c.model == sa.bindparam("model")
)
_ADD: Final = sa.insert(activations)
