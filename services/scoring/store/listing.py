"""Lists over all profiles: by score, stage, grade, state and trait, and their sums by company."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from services.scoring.core.appraisal import QUALIFIED
from services.scoring.store.cycles import is_kept_back
from services.scoring.store.models import version_of
from services.scoring.tables import identities, scores, traits
from shared.errors import NotFound, Refused

FROM_EMAIL: Final = ("company", "email_domain")
"""The traits that an e-mail address tells where nothing else does."""

Sort = Literal["id", "-score"]
CompanySort = Literal["-score", "-best", "company"]


@dataclass(frozen=True)
class Filter:
    """What profiles are looked for; all that is given must hold. A trait is (name, value).

    Those kept back qualify, in cycles that activations withheld from sales.
    """

    model: str | None = None
    min_score: float | None = None
    stage: str | None = None
    grade: str | None = None
    state: str | None = None
    company: str | None = None
    trait: tuple[str, str] | None = None
    kept_back: bool | None = None


class Profile(msgspec.Struct, frozen=True):
    """A profile's id and the key that it is sorted by."""

    id: str
    key: tuple[str, ...]


async def profile_ids(
    connection: AsyncConnection, wanted: Filter, sort: Sort, after: Sequence[Any], limit: int
) -> list[Profile]:
    """Return a page of profile ids that pass the filter, in the order of `sort` and then of their ids.

    Scores are those as of when they were last priced. A trait passes when any identity of the person was ever
    told it with that value, or has an e-mail that may tell it: the caller compares with what is known now.
    """
    query, score = await _filtered(connection, wanted)
    if wanted.trait is not None:
        query = query.where(_may_have(*wanted.trait))
    key: tuple[sa.ColumnElement[Any], ...] = (identities.c.id,)
    if sort == "-score":
        if score is None:
            raise Refused("model_missing", "To sort by score, say of which model.", "model")
        key = (score.desc(), identities.c.id)
        if after:
            least, last = after
            query = query.where((score < least) | ((score == least) & (identities.c.id > last)))
    elif after:
        query = query.where(identities.c.id > after[0])
    rows = await connection.execute(query.order_by(*key).limit(limit))
    return [Profile(row.id, (repr(row.score), row.id) if sort == "-score" else (row.id,)) for row in rows]


async def _filtered(
    connection: AsyncConnection, wanted: Filter
) -> tuple[sa.Select[Any], sa.ColumnElement[float] | None]:
    query = sa.select(identities.c.id).where(identities.c.id == identities.c.profile_id)
    of_scores = {
        "stage": wanted.stage,
        "grade": wanted.grade,
        "state": wanted.state,
        "company": wanted.company,
    }
    given = {name: value for name, value in of_scores.items() if value is not None}
    if wanted.model is None:
        others = {"min_score": wanted.min_score, "kept_back": wanted.kept_back}
        needing = [*given, *(name for name, value in others.items() if value is not None)]
        if needing:
            field = needing[0]
            raise Refused("model_missing", f"To filter by {field}, say of which model.", "model")
        return query, None
    number = await _active(connection, wanted.model)
    query = query.add_columns(scores.c.score).join(
        scores,
        (scores.c.profile_id == identities.c.id)
        & (scores.c.model == wanted.model)
        & (scores.c.version == number),
    )
    for name, value in given.items():
        query = query.where(scores.c[name] == value)
    if wanted.min_score is not None:
        query = query.where(scores.c.score >= wanted.min_score)
    if wanted.kept_back is not None:
        kept_back = (scores.c.state == QUALIFIED) & is_kept_back(identities.c.id, wanted.model)
        query = query.where(kept_back if wanted.kept_back else ~kept_back)
    return query, scores.c.score


async def _active(connection: AsyncConnection, model: str) -> int:
    version = await version_of(connection, model, None)
    if version is None:
        raise NotFound("version_unknown", f"Model {model} has no active version.")
    return version.number


def _may_have(name: str, value: str) -> sa.ColumnElement[bool]:
    mine = identities.alias("mine")
    told = msgspec.json.encode(value).decode()
    was_told = sa.exists().where(
        mine.c.profile_id == identities.c.id,
        traits.c.identity_id == mine.c.id,
        traits.c.name == name,
        # A number or a truth is told without quotes.
        traits.c.value.in_([told, value]),
    )
    if name not in FROM_EMAIL:
        return was_told
    # Nobody told these; the address itself does. A company has the domains below its own, too.
    ends = mine.c.value.endswith(f"@{value}", autoescape=True)
    if name == "company":
        ends |= mine.c.value.endswith(f".{value}", autoescape=True)
    return was_told | sa.exists().where(mine.c.profile_id == identities.c.id, mine.c.kind == "email", ends)


class Company(msgspec.Struct, frozen=True):
    """A company: how many of its people are known, the sum of their scores, and the best of them."""

    company: str
    people: int
    score: float
    best: float


async def companies(
    connection: AsyncConnection, model: str, sort: CompanySort, after: Sequence[Any], limit: int
) -> list[Company]:
    """Return a page of companies with the sum and the best of their people's scores in a model."""
    number = await _active(connection, model)
    total, best = sa.func.sum(scores.c.score), sa.func.max(scores.c.score)
    query = (
        sa.select(scores.c.company, sa.func.count(), total, best)
        .where(scores.c.model == model, scores.c.version == number, scores.c.company.is_not(None))
        .group_by(scores.c.company)
    )
    if sort == "company":
        query = query.order_by(scores.c.company)
        if after:
            query = query.where(scores.c.company > after[0])
    else:
        # Rounded, as it is shown and as the cursor has it: a sum depends on the order of its parts.
        measure = sa.func.round(sa.cast(total if sort == "-score" else best, sa.Numeric(20, 6)), 3)
        query = query.order_by(measure.desc(), scores.c.company)
        if after:
            least = sa.cast(after[0], sa.Numeric(20, 6))
            query = query.having((measure < least) | ((measure == least) & (scores.c.company > after[1])))
    rows = await connection.execute(query.limit(limit))
    return [
        Company(company, people, round(float(score), 3), float(best)) for company, people, score, best in rows
    ]
