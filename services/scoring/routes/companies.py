"""Routes about companies: the scores of their profiles together."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel
from starlette.responses import Response

from services.scoring.routes.parameters import NO_VERSION
from services.scoring.store.companies import Company, CompanyQuery, CompanySort, companies, sort_key
from shared.database.engine import Database
from shared.names import SLUG_PATTERN
from shared.web.auth import Requires
from shared.web.cursor import Keyset, number, text, whole
from shared.web.keyed import keyed_router
from shared.web.lists import Page, Paging, list_of


class CompanyOut(BaseModel):
    """A company, by the domain of its profiles' e-mails or the name that was set.

    `people` counts its profiles: `qualified`, `waiting_for_data` and `excluded` ones, and the rest below
    the flip number. `score` is the sum and `best` the maximum over the profiles that are not excluded, unless
    the excluded are to be counted; `excluded_score` is the sum over those that are. The company `is_excluded`
    when all its profiles are.
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
    router = keyed_router(requires, prefix="/v1/companies", tag="companies")

    @router.get("", **list_of(CompanyOut, NO_VERSION))
    async def list_companies(
        model: Annotated[str, Query(pattern=SLUG_PATTERN)],
        paging: Paging,
        sort: CompanySort = "-score",
        excluded: Annotated[
            bool | None,
            Query(description="Only companies of which all people are excluded, or only the others."),
        ] = None,
        count_excluded: Annotated[
            bool, Query(description="Whether excluded people count into `score` and `best`.")
        ] = False,
    ) -> Page[CompanyOut] | Response:
        """List companies by the sum (`-score`) or the maximum (`-best`) of their profiles' scores in a model.

        The scores of excluded profiles do not rank a company: a company whose profiles are all excluded comes
        after all others.
        """
        request = CompanyQuery(model, sort, excluded, count_excluded)
        name = f"companies of {model} by {sort}{' with the excluded' if count_excluded else ''}"
        keyset = Keyset(name, text) if sort == "company" else Keyset(name, whole, number, text)
        after = keyset.read(paging.cursor)
        found = await database.read(lambda connection: companies(connection, request, after, paging.rows))
        shown, next_cursor = paging.split(found, lambda company: keyset.write(*sort_key(company, request)))
        return paging.answer(CompanyOut, [_shown(company) for company in shown], next_cursor)

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
