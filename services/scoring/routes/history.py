"""Routes about one profile: its links and its interactions."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from fastapi import APIRouter
from sqlalchemy import Connection
from starlette.responses import Response

from services.scoring.core.profiles.linking import Link
from services.scoring.routes.parameters import ProfileId
from services.scoring.routes.shapes import IdentityOut, InteractionOut, LinkOut
from services.scoring.store import ledger, links
from services.scoring.store.profiles import find_one, identities_of
from shared.database.engine import Database
from shared.web.auth import Requires
from shared.web.cursor import Keyset, moment, text
from shared.web.keyed import keyed_router
from shared.web.lists import Page, Paging, list_of

# The cursor is not bound to a profile: a merge between two pages may change its id.
TIMELINE: Final = Keyset("timeline", moment, text)
LINKS: Final = Keyset("links", moment, text, text, text)


def routes(database: Database, requires: Requires) -> APIRouter:
    """Return the routes under /v1/profiles/{id} that list."""
    router = keyed_router(requires, prefix="/v1/profiles/{profile_id}", tag="profiles")

    @router.get("/links", **list_of(LinkOut))
    async def get_links(profile_id: ProfileId, paging: Paging) -> Page[LinkOut] | Response:
        """List the links that make the identities one profile, and the refused links with the reason.

        The links come in the order in which they were made.
        """
        after = LINKS.read(paging.cursor)

        def listed(
            connection: Connection,
        ) -> tuple[Sequence[Link], str | None, dict[str, IdentityOut]]:
            profile = find_one(connection, profile_id)
            found = links.page_of_profile(connection, profile.identities, after, paging.rows)
            shown, next_cursor = paging.split(found, lambda link: LINKS.write(*link.order))
            return shown, next_cursor, _named(connection, shown)

        shown, next_cursor, name = await database.read(listed)
        items = [
            LinkOut(
                one=name[link.first],
                other=name[link.other],
                occurred_at=link.occurred_at,
                event_id=link.event_id,
                refused=link.refused,
            )
            for link in shown
        ]
        return paging.answer(LinkOut, items, next_cursor)

    @router.get("/timeline", **list_of(InteractionOut))
    async def get_timeline(profile_id: ProfileId, paging: Paging) -> Page[InteractionOut] | Response:
        """List the interactions of the profile, the latest first."""
        before = TIMELINE.read(paging.cursor)

        def listed(connection: Connection) -> Sequence[Any]:
            profile = find_one(connection, profile_id)
            return ledger.page_of_profile(connection, profile.identities, before, paging.rows)

        found = await database.read(listed)
        rows, next_cursor = paging.split(found, lambda row: TIMELINE.write(row.occurred_at, row.event_id))
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
            for row in rows
        ]
        return paging.answer(InteractionOut, items, next_cursor)

    return router


def _named(connection: Connection, shown: Sequence[Link]) -> dict[str, IdentityOut]:
    found = identities_of(connection, {i for link in shown for i in link.pair})
    return {i: IdentityOut(kind=kind, value=value) for i, (kind, value) in found.items()}
