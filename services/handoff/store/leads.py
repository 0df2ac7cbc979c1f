"""Leads as rows."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from services.handoff.lead import OPEN, LeadStatus
from services.handoff.tables import leads
from shared.database.bulk import insert_new
from shared.errors import NotFound
from shared.events import LeadQualified


async def insert_unseen(
    connection: AsyncConnection, told: Sequence[tuple[LeadQualified, Mapping[str, Any]]]
) -> set[str]:
    """Store the leads, each with the data that subscribers are told, and return the ids of the new ones."""
    rows = {
        event.lead_id: {
            "id": event.lead_id,
            "profile_id": event.profile_id,
            "model": event.model,
            "status": OPEN,
            "qualified_at": event.qualified_at,
            "data": data,
        }
        for event, data in told
    }
    return await insert_new(connection, leads, "id", list(rows.values()))


async def page(
    connection: AsyncConnection,
    *,
    model: str | None,
    status: LeadStatus | None,
    before: tuple[datetime, str] | None,
    limit: int,
) -> list[dict[str, Any]]:
    """Return leads, the latest qualified first, from the one before (qualified_at, id) on."""
    query = sa.select(leads).order_by(leads.c.qualified_at.desc(), leads.c.id.desc()).limit(limit)
    if model is not None:
        query = query.where(leads.c.model == model)
    if status is not None:
        query = query.where(leads.c.status == status)
    if before is not None:
        query = query.where(sa.tuple_(leads.c.qualified_at, leads.c.id) < sa.tuple_(*_bound(before)))
    return [dict(row) for row in (await connection.execute(query)).mappings()]


def _bound(before: tuple[datetime, str]) -> tuple[sa.BindParameter[Any], sa.BindParameter[Any]]:
    qualified_at, lead_id = before
    return sa.literal(qualified_at, leads.c.qualified_at.type), sa.literal(lead_id, leads.c.id.type)


async def get(connection: AsyncConnection, lead_id: str) -> dict[str, Any]:
    """Return a lead; raises NotFound."""
    row = (await connection.execute(sa.select(leads).where(leads.c.id == lead_id))).mappings().one_or_none()
    if row is None:
        raise NotFound("lead_unknown", f"There is no lead {lead_id}.")
    return dict(row)
