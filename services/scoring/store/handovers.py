"""Hand-overs of profiles that were kept back: who asked for each, why, and its progress."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from services.scoring.store.tables import handovers
from shared.database import bulk


class Handover(NamedTuple):
    """A hand-over: `done` of `total` profiles are finished, and sales got `handed_over` of them."""

    id: str
    model: str
    version: int
    author: str
    note: str | None
    begun_at: datetime
    moved_at: datetime
    done: int
    total: int
    handed_over: int


def write(connection: sa.Connection, handover: Handover) -> None:
    """Store a hand-over or its progress."""
    bulk.upsert(connection, handovers, [handover._asdict()])


def read(connection: sa.Connection, model: str, before: str | None, limit: int) -> Sequence[Handover]:
    """Return the hand-overs in a model, the latest first; `before` is the id of the last row of a page."""
    query = sa.select(handovers).where(handovers.c.model == model).order_by(handovers.c.id.desc())
    if before is not None:
        query = query.where(handovers.c.id < before)
    return [Handover(*row) for row in connection.execute(query.limit(limit))]
