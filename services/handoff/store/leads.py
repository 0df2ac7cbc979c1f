"""Leads as rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from services.handoff.payload.lead import OPEN, LeadStatus
from services.handoff.payload.sorting import last_name_key
from services.handoff.store.tables import leads
from shared.database.bulk import insert_new
from shared.errors import NotFound
from shared.events import LeadQualified

Sort = Literal["-qualified_at", "qualified_at", "-score", "score", "last_name", "-last_name"]


@dataclass(frozen=True, kw_only=True)
class LeadFilter:
    """Selects leads: all conditions that are set must hold; `since` <= qualified_at."""

    model: str | None = None
    status: LeadStatus | None = None
    profile: str | None = None
    since: datetime | None = None

    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """Return the conditions on the table."""
        equal = {"model": self.model, "status": self.status, "profile_id": self.profile}
        conditions = [leads.c[name] == value for name, value in equal.items() if value is not None]
        if self.since is not None:
            conditions.append(leads.c.qualified_at >= self.since)
        return conditions


def insert_unseen(
    connection: sa.Connection, leads_with_data: Sequence[tuple[LeadQualified, Mapping[str, Any]]]
) -> set[str]:
    """Store the leads, each with the data for its webhooks, and return the ids of the new ones."""
    rows = [
        {
            "id": event.lead_id,
            "profile_id": event.profile_id,
            "model": event.model,
            "status": OPEN,
            "qualified_at": event.qualified_at,
            "score": event.score,
            "last_name": last_name_key(data),
            "data": data,
        }
        for event, data in leads_with_data
    ]
    return insert_new(connection, leads, "id", rows)


def page(
    connection: sa.Connection, lead_filter: LeadFilter, sort: Sort, after: Sequence[Any], limit: int
) -> list[dict[str, Any]]:
    """Return leads in the order of `sort` and then of their ids, after a sort key if one is given."""
    column, descending = leads.c[sort.removeprefix("-")], sort.startswith("-")
    order = (column, leads.c.id)
    query = sa.select(leads).where(*lead_filter.conditions()).limit(limit)
    query = query.order_by(*(each.desc() if descending else each for each in order))
    if after:
        position = sa.tuple_(*(sa.literal(part, each.type) for part, each in zip(after, order, strict=True)))
        query = query.where(sa.tuple_(*order) < position if descending else sa.tuple_(*order) > position)
    return [dict(row) for row in connection.execute(query).mappings()]


def get(connection: sa.Connection, lead_id: str) -> dict[str, Any]:
    """Return a lead; raises NotFound."""
    row = connection.execute(sa.select(leads).where(leads.c.id == lead_id)).mappings().one_or_none()
    if row is None:
        raise NotFound("lead_unknown", f"There is no lead {lead_id}.")
    return dict(row)
