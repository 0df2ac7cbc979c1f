"""Companies: the summed score of their profiles, and how many of these can become leads."""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec
import sqlalchemy as sa

from services.scoring.core.pricing.appraisal import QUALIFIED, WAITING
from services.scoring.store.tables import scores
from services.scoring.store.vocabulary import active_version_of

CompanySort = Literal["-score", "-best", "company"]


class CompanyQuery(msgspec.Struct, frozen=True):
    """Which companies to list, and whether excluded profiles count.

    `excluded` selects companies whose profiles are all excluded, or only the others.
    """

    model: str
    sort: CompanySort
    excluded: bool | None = None
    count_excluded: bool = False


class Company(msgspec.Struct, frozen=True):
    """A company: how many profiles it has, in which states, and their scores.

    `score` is the sum and `best` the maximum over the profiles that count, None when none counts.
    `excluded_score` is the sum over the excluded profiles.
    """

    company: str
    people: int
    qualified: int
    waiting: int
    excluded: int
    score: float
    best: float | None
    excluded_score: float

    @property
    def is_excluded(self) -> bool:
        """Whether no profile of the company can become a lead."""
        return self.excluded == self.people


def companies(
    connection: sa.Connection, request: CompanyQuery, after: Sequence[Any], limit: int
) -> list[Company]:
    """Return a page of companies with the scores of their profiles in the active version of a model.

    Sorted by score, companies that are excluded as a whole come last, unless excluded profiles count.
    `after` is the sort key of the last company of the page before, from `sort_key`. Raises NotFound.
    """
    number = active_version_of(connection, request.model, "query.model").number
    is_excluded, score = scores.c.excluded, scores.c.score
    people, excluded = sa.func.count(), _number(is_excluded)
    counted = score if request.count_excluded else sa.case((~is_excluded, score))
    total, best = sa.func.coalesce(sa.func.sum(counted), 0.0), sa.func.max(counted)
    query = (
        sa.select(
            scores.c.company,
            people,
            _number(~is_excluded & (scores.c.state == QUALIFIED)),
            _number(~is_excluded & (scores.c.state == WAITING)),
            excluded,
            total,
            best,
            sa.func.coalesce(sa.func.sum(sa.case((is_excluded, score))), 0.0),
        )
        .where(
            scores.c.model == request.model,
            scores.c.version == number,
            scores.c.company.is_not(None),
        )
        .group_by(scores.c.company)
    )
    if request.excluded is not None:
        query = query.having(excluded == people if request.excluded else excluded < people)
    if request.sort == "company":
        query = query.order_by(scores.c.company)
        if after:
            query = query.where(scores.c.company > after[0])
    else:
        # Rounded as in the answer and in the cursor: the exact sum depends on the order of its parts.
        by = total if request.sort == "-score" else sa.func.coalesce(best, 0.0)
        measure = sa.func.round(sa.cast(by, sa.Numeric(20, 6)), 3)
        behind = sa.case((excluded == people, 1), else_=0) if not request.count_excluded else sa.literal(0)
        query = query.order_by(behind, measure.desc(), scores.c.company)
        if after:
            last_behind, last_measure, last_company = after
            least = sa.cast(last_measure, sa.Numeric(20, 6))
            less = (measure < least) | ((measure == least) & (scores.c.company > last_company))
            query = query.having((behind > last_behind) | ((behind == last_behind) & less))
    rows = connection.execute(query.limit(limit))
    return [
        Company(
            company,
            people,
            qualified,
            waiting,
            excluded,
            round(float(score), 3),
            None if best is None else float(best),
            round(float(excluded_score), 3),
        )
        for company, people, qualified, waiting, excluded, score, best, excluded_score in rows
    ]


def sort_key(last: Company, request: CompanyQuery) -> tuple[str, ...]:
    """Return the sort key of a company, for the cursor that follows it."""
    if request.sort == "company":
        return (last.company,)
    measure = last.score if request.sort == "-score" else last.best or 0.0
    behind = last.is_excluded and not request.count_excluded
    return str(int(behind)), f"{measure:.3f}", last.company


def _number(which: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.sum(sa.case((which, 1), else_=0))
