"""Routes about one person: what links the identities, and what they did."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from services.scoring.core.linking import Link
from services.scoring.people import find_one
from services.scoring.routes.parameters import ProfileId
from services.scoring.routes.router import router_for
from services.scoring.routes.shapes import IdentityOut, InteractionOut, LinkOut
from services.scoring.store import links
from services.scoring.tables import identities, ledger, retractions
from shared.auth import Requires
from shared.cursor import write_cursor
from shared.database import bulk
from shared.database.engine import Database
from shared.lists import DEFAULT_LIMIT, Cursor, Limit, Page, as_list, moment, paged, place, text

# Not of one profile: its id may change by a merge between two pages.
TIMELINE: Final = "timeline"
LINKS: Final = "links"


def routes(database: Database, requires: Requires) -> APIRouter:
    """Return the routes under /v1/profiles/{id} that list."""
    router = router_for(requires, "/v1/profiles/{profile_id}", "profiles")

    @router.get("/links", response_model=Page[LinkOut], **as_list())
    async def get_links(
        request: Request, profile_id: ProfileId, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
    ) -> Page[LinkOut] | Response:
        """List what makes the identities one person, and the links that were refused, with the reason.

        The links come in the order in which they were made.
        """
        after = place(cursor, LINKS, moment, text, text, text)

        def listed(connection: sa.Connection) -> tuple[list[Link], dict[str, IdentityOut]]:
            person = find_one(connection, profile_id)
            found = links.page_of_person(connection, person.identities, after, limit + 1)
            return found, _named(connection, found[:limit])

        found, name = await database.read(listed)
        told = found[:limit]
        items = [
            LinkOut(
                one=name[link.one],
                other=name[link.other],
                occurred_at=link.occurred_at,
                event_id=link.event_id,
                refused=link.refused,
            )
            for link in told
        ]
        following = None
        if len(found) > limit:
            at, *rest = told[-1].order
            following = write_cursor(LINKS, at.isoformat(), *rest)
        return paged(request, LinkOut, items, following)

    @router.get("/timeline", response_model=Page[InteractionOut], **as_list())
    async def get_timeline(
        request: Request, profile_id: ProfileId, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
    ) -> Page[InteractionOut] | Response:
        """List what the person did, the latest first."""

        def listed(connection: sa.Connection) -> Sequence[sa.Row[Any]]:
            person = find_one(connection, profile_id)
            mine = bulk.any_of(connection, ledger.c.identity_id, list(person.identities))
            query = (
                sa.select(ledger, retractions.c.reason)
                .outerjoin(retractions, retractions.c.event_id == ledger.c.event_id)
                .where(mine)
            )
            if after := place(cursor, TIMELINE, moment, text):
                query = query.where(sa.tuple_(ledger.c.occurred_at, ledger.c.event_id) < after)
            order = ledger.c.occurred_at.desc(), ledger.c.event_id.desc()
            return connection.execute(query.order_by(*order).limit(limit + 1)).all()

        rows = await database.read(listed)
        items = [
            InteractionOut(
                id=row.event_id,
                type=row.type,
                occurred_at=row.occurred_at,
                source=row.source,
                campaign=row.campaign,
                properties=msgspec.json.decode(row.properties),
                machine=row.machine,
                retracted=row.reason,
            )
            for row in rows[:limit]
        ]
        last = items[-1] if len(rows) > limit else None
        following = write_cursor(TIMELINE, last.occurred_at.isoformat(), last.id) if last else None
        return paged(request, InteractionOut, items, following)

    return router


def _named(connection: sa.Connection, told: Sequence[Link]) -> dict[str, IdentityOut]:
    touched = sorted({i for link in told for i in (link.one, link.other)})
    rows = connection.execute(
        sa.select(identities.c.id, identities.c.kind, identities.c.value).where(
            bulk.any_of(connection, identities.c.id, touched)
        )
    )
    return {i: IdentityOut(kind=kind, value=value) for i, kind, value in rows}
