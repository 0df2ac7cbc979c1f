"""Routes to look a person up: who they are, what they score and why, what they did."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Annotated

import msgspec
import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query
from sqlalchemy.ext.asyncio import AsyncConnection

from services.scoring import store
from services.scoring.counting import day_of
from services.scoring.linking import Person
from services.scoring.lookup import counts_under
from services.scoring.matrix import Version
from services.scoring.models import active, version_of
from services.scoring.people import find
from services.scoring.pricing import DIGITS, price
from services.scoring.routes.shapes import (
    IdentityOut,
    InteractionOut,
    ProfileOut,
    ProfilesOut,
    ReasonOut,
    ScoreOut,
    StandingOut,
    TimelineOut,
)
from services.scoring.tables import identities, ledger, profiles
from shared.auth import Requires
from shared.clock import Clock
from shared.cursor import read_cursor, write_cursor
from shared.database import bulk
from shared.database.engine import Database
from shared.errors import NotFound, Refused
from shared.identity import identity_id, normalise

Limit = Annotated[int, Query(ge=1, le=200)]


def routes(database: Database, clock: Clock, requires: Requires) -> APIRouter:
    """Return the routes under /v1/profiles."""
    router = APIRouter(prefix="/v1/profiles", tags=["profiles"], dependencies=[Depends(requires)])

    @router.get("")
    async def list_profiles(
        kind: str | None = None, value: str | None = None, limit: Limit = 50, cursor: str | None = None
    ) -> ProfilesOut:
        """Find the profile of an identity (`kind` and `value`), or page through all profiles."""
        if (kind is None) != (value is None):
            raise Refused("identity_incomplete", "Give both kind and value.", "kind" if value else "value")
        async with database.reading() as connection:
            if kind is not None and value is not None:
                identity = normalise(kind, value)
                persons = await find(connection, [identity_id(*identity)])
                return ProfilesOut(items=await _shown(connection, persons, clock))
            (after,) = read_cursor(cursor, 1) if cursor else ("",)
            has_identities = sa.exists().where(identities.c.profile_id == profiles.c.id)
            query = sa.select(profiles.c.id).where(profiles.c.id > after, has_identities)
            page = (await connection.execute(query.order_by(profiles.c.id).limit(limit + 1))).scalars().all()
            wanted = set(page[:limit])
            persons = [one for one in await find(connection, sorted(wanted)) if one.id in wanted]
            items = await _shown(connection, sorted(persons, key=lambda one: one.id), clock)
        more = len(page) > limit
        return ProfilesOut(items=items, next_cursor=write_cursor(page[limit - 1]) if more else None)

    @router.get("/{profile_id}")
    async def get_profile(profile_id: str) -> ProfileOut:
        """Show a profile; an id from before a merge leads to the person as known now."""
        async with database.reading() as connection:
            person = await _person(connection, profile_id)
            return (await _shown(connection, [person], clock))[0]

    @router.get("/{profile_id}/scores/{model}")
    async def get_score(
        profile_id: str, model: str, at: datetime | date | None = None, version: int | None = None
    ) -> ScoreOut:
        """Show a score with its reasons, as of any day and under any version."""
        instant = _instant(at) or clock.now()
        async with database.reading() as connection:
            person = await _person(connection, profile_id)
            wanted = await version_of(connection, model, version)
            if wanted is None:
                what = f"version {version}" if version else "active version"
                raise NotFound("version_unknown", f"Model {model} has no {what}.")
            counts = await counts_under(connection, person, wanted)
        score = price(counts, wanted.matrix, day_of(instant))
        return ScoreOut(
            score=score.points,
            flip_number=wanted.matrix.flip_number,
            stage=wanted.matrix.stage(score.points),
            version=wanted.number,
            at=instant,
            reasons=[
                ReasonOut(
                    rule=reason.rule,
                    label=reason.label,
                    points=round(reason.points, DIGITS),
                    count=reason.count,
                    paid=reason.paid,
                )
                for reason in score.reasons
            ],
        )

    @router.get("/{profile_id}/timeline")
    async def get_timeline(profile_id: str, limit: Limit = 50, cursor: str | None = None) -> TimelineOut:
        """List what the person did, the latest first."""
        async with database.reading() as connection:
            person = await _person(connection, profile_id)
            mine = bulk.any_of(connection, ledger.c.identity_id, list(person.identities))
            query = sa.select(ledger).where(mine)
            if cursor:
                instant, event_id = read_cursor(cursor, 2)
                place = sa.tuple_(ledger.c.occurred_at, ledger.c.event_id)
                query = query.where(place < (datetime.fromisoformat(instant), event_id))
            order = ledger.c.occurred_at.desc(), ledger.c.event_id.desc()
            rows = (await connection.execute(query.order_by(*order).limit(limit + 1))).all()
        items = [
            InteractionOut(
                id=row.event_id,
                type=row.type,
                occurred_at=row.occurred_at,
                source=row.source,
                campaign=row.campaign,
                properties=msgspec.json.decode(row.properties),
                machine=row.machine,
            )
            for row in rows[:limit]
        ]
        last = items[-1] if len(rows) > limit else None
        return TimelineOut(
            items=items, next_cursor=write_cursor(last.occurred_at.isoformat(), last.id) if last else None
        )

    return router


async def _person(connection: AsyncConnection, profile_id: str) -> Person:
    persons = await find(connection, [profile_id])
    if not persons:
        raise NotFound("profile_unknown", f"There is no profile {profile_id[:80]}.")
    return persons[0]


async def _shown(connection: AsyncConnection, persons: Sequence[Person], clock: Clock) -> list[ProfileOut]:
    today = day_of(clock.now())
    versions = (await active(connection)).versions.values()
    traits = await store.read_traits(connection, [i for one in persons for i in one.identities], today)
    return [
        ProfileOut(
            id=person.id,
            identities=[
                IdentityOut(kind=one.kind, value=one.value) for one in sorted(person.identities.values())
            ],
            traits=traits.of(person.identities),
            scores={version.model: _standing(person, version, today) for version in versions},
        )
        for person in persons
    ]


def _standing(person: Person, version: Version, day: int) -> StandingOut:
    points = price(person.counts, version.matrix, day).points
    return StandingOut(
        score=points,
        flip_number=version.matrix.flip_number,
        stage=version.matrix.stage(points),
        version=version.number,
    )


def _instant(at: datetime | date | None) -> datetime | None:
    """Return `at` as an aware instant: a date alone is the end of that day, a time without zone is UTC."""
    if at is None:
        return None
    if not isinstance(at, datetime):
        return datetime.combine(at, time.max, UTC)
    return at if at.tzinfo else at.replace(tzinfo=UTC)
