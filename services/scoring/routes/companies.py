"""Routes about companies: what their people score together."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from services.scoring.routes.parameters import NO_VERSION, SLUG
from services.scoring.routes.router import router_for
from services.scoring.store.companies import Company, CompanySort, Wanted, companies, sort_key
from shared.auth import Requires
from shared.cursor import write_cursor
from shared.database.engine import Database
from shared.lists import DEFAULT_LIMIT, Cursor, Limit, Page, as_list, number, paged, place, text, whole


class CompanyOut(BaseModel):
    """A company, by the domain of its people's e-mails or the name that they told.

    `people` are all that are known of it: `qualified`, `waiting_for_data` and `excluded` ones, and the others
    below the flip number. `score` is the sum and `best` the best of those that are not excluded, unless the
    excluded are to be counted; `excluded_score` is the sum of those that are. The company `is_excluded` when
    all its people are.
    """

    company: str
    people: int
    score: float
    best: float | None
    qualified: int
    waiting_for_data: int
    excluded: int
    excluded_score: float
    is_excluded: bool


def routes(database: Database, requires: Requires) -> APIRouter:
    """Return the routes under /v1/companies."""
    router = router_for(requires, "/v1/companies", "companies")

    @router.get("", response_model=Page[CompanyOut], **as_list(NO_VERSION))
    async def list_companies(
        request: Request,
        model: Annotated[str, Query(pattern=SLUG)],
        sort: CompanySort = "-score",
        excluded: Annotated[
            bool | None,
            Query(description="Only companies of which all people are excluded, or only the others."),
        ] = None,
        count_excluded: Annotated[
            bool, Query(description="Whether excluded people count into `score` and `best`.")
        ] = False,
        limit: Limit = DEFAULT_LIMIT,
        cursor: Cursor = None,
    ) -> Page[CompanyOut] | Response:
        """List companies by the sum (`-score`) or the best (`-best`) of their people's scores in a model.

        What excluded people score does not rank a company: one of which all are excluded stands behind all
        others.
        """
        wanted = Wanted(model, sort, excluded, count_excluded)
        of = f"companies of {model} by {sort}{' with the excluded' if count_excluded else ''}"
        after = place(cursor, of, text) if sort == "company" else place(cursor, of, whole, number, text)
        page = await database.read(lambda connection: companies(connection, wanted, after, limit + 1))
        following = write_cursor(of, *sort_key(page[limit - 1], wanted)) if len(page) > limit else None
        return paged(request, CompanyOut, [_shown(one) for one in page[:limit]], following)

    return router


def _shown(company: Company) -> CompanyOut:
    return CompanyOut(
        company=company.company,
        people=company.people,
        score=company.score,
        best=company.best,
        qualified=company.qualified,
        waiting_for_data=company.waiting,
        excluded=company.excluded,
        excluded_score=company.excluded_score,
        is_excluded=company.is_excluded,
    )
