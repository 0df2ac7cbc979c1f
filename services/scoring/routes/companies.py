"""Routes about companies: what their people score together."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from services.scoring.routes.parameters import NO_VERSION, SLUG
from services.scoring.routes.router import router_for
from services.scoring.store.listing import CompanySort, companies
from shared.auth import Requires
from shared.cursor import write_cursor
from shared.database.engine import Database
from shared.lists import DEFAULT_LIMIT, Cursor, Limit, Page, as_list, number, paged, place, text


class CompanyOut(BaseModel):
    """A company, by the domain of its people's e-mails or the name that they told; `score` is their sum."""

    company: str
    people: int
    score: float
    best: float


def routes(database: Database, requires: Requires) -> APIRouter:
    """Return the routes under /v1/companies."""
    router = router_for(requires, "/v1/companies", "companies")

    @router.get("", response_model=Page[CompanyOut], **as_list(NO_VERSION))
    async def list_companies(
        request: Request,
        model: Annotated[str, Query(pattern=SLUG)],
        sort: CompanySort = "-score",
        limit: Limit = DEFAULT_LIMIT,
        cursor: Cursor = None,
    ) -> Page[CompanyOut] | Response:
        """List companies by the sum (`-score`) or the best (`-best`) of their people's scores in a model."""
        of = f"companies of {model} by {sort}"
        after = place(cursor, of, text) if sort == "company" else place(cursor, of, number, text)
        async with database.reading() as connection:
            page = await companies(connection, model, sort, after, limit + 1)
        items = [
            CompanyOut(company=one.company, people=one.people, score=one.score, best=one.best)
            for one in page[:limit]
        ]
        following = None
        if len(page) > limit:
            last = items[-1]
            key = {"-score": (f"{last.score:.3f}",), "-best": (f"{last.best:.3f}",), "company": ()}[sort]
            following = write_cursor(of, *key, last.company)
        return paged(request, CompanyOut, items, following)

    return router
