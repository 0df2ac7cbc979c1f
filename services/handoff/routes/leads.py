"""Leads: listed and shown with their deliveries."""

from fastapi import APIRouter

from services.handoff.lead import LeadStatus
from services.handoff.routes.parameters import (
    DEFAULT_LIMIT,
    Cursor,
    Id,
    Limit,
    Model,
    cursor_after,
    instant_and_id_in,
)
from services.handoff.routes.shapes import DeliveryView, Lead, LeadSummary, Page
from services.handoff.store import deliveries
from services.handoff.store import leads as store
from shared.database.engine import Database


class LeadRoutes:
    """`/v1/leads`."""

    def __init__(self, *, database: Database) -> None:
        self._database = database

    def add_to(self, router: APIRouter) -> None:
        """Add the routes."""
        router.add_api_route("/v1/leads", self.page, methods=["GET"], response_model_exclude_unset=True)
        router.add_api_route("/v1/leads/{lead_id}", self.show, methods=["GET"])

    async def page(
        self,
        model: Model = None,
        status: LeadStatus | None = None,
        limit: Limit = DEFAULT_LIMIT,
        cursor: Cursor = None,
    ) -> Page[LeadSummary]:
        """List leads, the latest qualified first."""
        before = instant_and_id_in(cursor)
        async with self._database.reading() as connection:
            rows = await store.page(connection, model=model, status=status, before=before, limit=limit + 1)
        items = [LeadSummary.of(row) for row in rows[:limit]]
        if len(rows) <= limit:
            return Page(items=items)
        last = rows[limit - 1]
        return Page(items=items, next_cursor=cursor_after(last["qualified_at"].isoformat(), last["id"]))

    async def show(self, lead_id: Id) -> Lead:
        """Show a lead with every delivery of it and every attempt."""
        async with self._database.reading() as connection:
            row = await store.get(connection, lead_id)
            owed = await deliveries.of_lead(connection, lead_id)
        return Lead.of(row, deliveries=[DeliveryView.of(delivery) for delivery in owed])
