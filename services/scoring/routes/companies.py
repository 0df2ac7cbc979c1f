"""Routes about companies: what their people score together."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from services.scoring.routes.parameters import SLUG, Limit, number, place, text
from services.scoring.routes.router import router_for
from services.scoring.store.listing import CompanySort, companies
from shared.auth import Requires
from shared.cursor import write_cursor
from shared.database.engine import Database

# A company's name has 200 characters at most, of up to 4 bytes each.
Cursor = Annotated[str | None, Query(max_length=1_300, description="The `next_cursor` of the page before.")]


class CompanyOut(BaseModel):
    """A company, by the domain of its people's e-mails or the name that they told; `score` is their sum."""

    company: str
    people: int
    score: float
    best: float


class CompaniesOut(BaseModel):
    """A page of companies; `next_cursor` leads to the next one."""

    items: list[CompanyOut]
    next_cursor: str | None = None


def routes(database: Database, requires: Requires) -> APIRouter:
    """Return the routes under /v1/companies."""
    router = router_for(requires, "/v1/companies", "companies")

    @router.get("", responses={404: {"description": "The model has no active version."}})
    async def list_companies(
        model: Annotated[str, Query(pattern=SLUG)],
        sort: CompanySort = "-score",
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> CompaniesOut:
        """List companies by the sum (`-score`) or the best (`-best`) of their people's scores in a model."""
        of = f"companies of {model} by {sort}"
        after = place(cursor, of, text) if sort == "company" else place(cursor, of, number, text)
        async with database.reading() as connection:
            page = await companies(connection, model, sort, after, limit + 1)
        items = [
            CompanyOut(company=one.company, people=one.people, score=one.score, best=one.best)
            for one in page[:limit]
        ]
        if len(page) <= limit:
            return CompaniesOut(items=items)
        last = items[-1]
        key = {"-score": (f"{last.score:.3f}",), "-best": (f"{last.best:.3f}",), "company": ()}[sort]
        return CompaniesOut(items=items, next_cursor=write_cursor(of, *key, last.company))

    return router
