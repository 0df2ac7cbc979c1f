"""Routes for CRM and ops: list leads, and show a lead with its deliveries."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query
from sqlalchemy import Connection
from starlette.responses import Response

from services.handoff.leads.model_names import PATIENCE_WITH_LISTS_SECONDS, ModelNames
from services.handoff.payload.lead import LeadStatus
from services.handoff.routes.parameters import Id
from services.handoff.routes.shapes import DeliveryOut, LeadOut, LeadSummaryOut
from services.handoff.store import deliveries
from services.handoff.store import leads as store
from services.handoff.store.leads import LeadFilter, Sort
from shared.database.engine import Database
from shared.names import ID_PATTERN
from shared.web.auth import Requires
from shared.web.cursor import Keyset, moment, number, text
from shared.web.keyed import keyed_router
from shared.web.lists import Instant, Page, Paging, list_of

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
) -> LeadFilter:
    return LeadFilter(model=model, status=status, profile=profile, since=since)


def routes(database: Database, model_names: ModelNames, requires: Requires) -> APIRouter:
    """Return the routes of leads under /v1/leads."""
    router = keyed_router(requires, prefix="/v1/leads", tag="leads")

    @router.get("", **list_of(LeadSummaryOut))
    async def list_leads(
        lead_filter: Annotated[LeadFilter, Depends(_filter)], paging: Paging, sort: Sort = "-qualified_at"
    ) -> Page[LeadSummaryOut] | Response:
        """List leads, by default the latest qualified first."""
        column = sort.removeprefix("-")
        keyset = Keyset(f"leads by {sort}", _PARTS[column], text)
        after = keyset.read(paging.cursor)
        if lead_filter.model is not None:
            await model_names.check({"query.model": lead_filter.model}, PATIENCE_WITH_LISTS_SECONDS)
        found = await database.read(
            lambda connection: store.page(connection, lead_filter, sort, after, paging.rows)
        )
        rows, next_cursor = paging.split(found, lambda row: keyset.write(row[column], row["id"]))
        return paging.answer(LeadSummaryOut, [LeadSummaryOut.of(row) for row in rows], next_cursor, _COLUMNS)

    @router.get("/{lead_id}")
    async def get_lead(lead_id: Id) -> LeadOut:
        """Show a lead with all its deliveries and attempts."""

        def lead_with_deliveries(connection: Connection) -> tuple[dict[str, Any], list[dict[str, Any]]]:
            return store.get(connection, lead_id), deliveries.of_lead(connection, lead_id)

        row, delivery_rows = await database.read(lead_with_deliveries)
        return LeadOut.of(row, deliveries=[DeliveryOut.of(delivery) for delivery in delivery_rows])

    return router
