"""Leads: listed and shown with their deliveries."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from services.handoff.lead import LeadStatus
from services.handoff.model_names import PATIENCE_WITH_LISTS_SECONDS, ModelNames
from services.handoff.routes.parameters import ID_PATTERN, Id
from services.handoff.routes.shapes import DeliveryView, Lead, LeadSummary
from services.handoff.store import deliveries
from services.handoff.store import leads as store
from services.handoff.store.leads import Filter, Sort
from shared.cursor import write_cursor
from shared.database.engine import Database
from shared.lists import (
    DEFAULT_LIMIT,
    Cursor,
    Instant,
    Limit,
    Page,
    as_list,
    moment,
    number,
    paged,
    place,
    text,
)

_COLUMNS: Final = (
    "lead_id", "profile_id", "model", "version", "cycle", "audience", "status", "score", "flip_number",
    "crossed_on", "qualified_at", "person.first_name", "person.last_name", "person.email", "person.phone",
    "person.title", "person.language", "person.time_zone", "company.name", "company.domain", "company.size",
    "company.industry", "company.country", "reasons", "links.lead", "links.profile", "links.score",
)  # fmt: skip
_PARTS: Final[Mapping[str, Callable[[str], Any]]] = {
    "qualified_at": moment,
    "score": number,
    "last_name": text,
}


def _filter(
    model: Annotated[str | None, Query(max_length=100, pattern=r"^[^\x00]*$")] = None,
    status: LeadStatus | None = None,
    profile: Annotated[
        str | None,
        Query(pattern=ID_PATTERN, description="The profile's id as it was when the lead was handed over."),
    ] = None,
    since: Annotated[
        Instant | None, Query(description="Qualified at this instant or later; a date is its beginning.")
    ] = None,
) -> Filter:
    return Filter(model=model, status=status, profile=profile, since=since)


class LeadRoutes:
    """`/v1/leads`."""

    def __init__(self, *, database: Database, model_names: ModelNames) -> None:
        self._database = database
        self._model_names = model_names

    def add_to(self, router: APIRouter) -> None:
        """Add the routes."""
        path = "/v1/leads"
        router.add_api_route(path, self.page, methods=["GET"], response_model=Page[LeadSummary], **as_list())
        router.add_api_route(f"{path}/{{lead_id}}", self.show, methods=["GET"])

    async def page(
        self,
        request: Request,
        wanted: Annotated[Filter, Depends(_filter)],
        sort: Sort = "-qualified_at",
        limit: Limit = DEFAULT_LIMIT,
        cursor: Cursor = None,
    ) -> Page[LeadSummary] | Response:
        """List leads, the latest qualified first unless another order is asked for."""
        of, column = f"leads by {sort}", sort.removeprefix("-")
        after = place(cursor, of, _PARTS[column], text)
        if wanted.model is not None:
            await self._model_names.check({"query.model": wanted.model}, PATIENCE_WITH_LISTS_SECONDS)
        rows = await self._database.read(
            lambda connection: store.page(connection, wanted, sort, after, limit + 1)
        )
        following = None
        if len(rows) > limit:
            last = rows[limit - 1]
            key = last[column].isoformat() if column == "qualified_at" else str(last[column])
            following = write_cursor(of, key, last["id"])
        items = [LeadSummary.of(row) for row in rows[:limit]]
        return paged(request, LeadSummary, items, following, _COLUMNS)

    async def show(self, lead_id: Id) -> Lead:
        """Show a lead with every delivery of it and every attempt."""

        def with_owed(connection: Connection) -> tuple[dict[str, Any], list[dict[str, Any]]]:
            return store.get(connection, lead_id), deliveries.of_lead(connection, lead_id)

        row, owed = await self._database.read(with_owed)
        return Lead.of(row, deliveries=[DeliveryView.of(delivery) for delivery in owed])
