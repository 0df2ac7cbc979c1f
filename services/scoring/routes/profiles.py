"""Routes to look a person up: who they are, where they stand, what they did."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Final

import msgspec
import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query
from sqlalchemy.ext.asyncio import AsyncConnection

from services.scoring.core.appraisal import State, appraise
from services.scoring.core.counting import day_of
from services.scoring.core.linking import Person
from services.scoring.core.pricing import Known
from services.scoring.model.matrix import Version
from services.scoring.people import find, find_one
from services.scoring.routes.parameters import (
    SLUG,
    Cursor,
    Limit,
    NoNul,
    ProfileId,
    moment,
    number,
    place,
    text,
)
from services.scoring.routes.router import router_for
from services.scoring.routes.shapes import (
    IdentityOut,
    InteractionOut,
    LinkOut,
    LinksOut,
    ProfileOut,
    ProfilesOut,
    StandingOut,
    TimelineOut,
)
from services.scoring.store import links, traits
from services.scoring.store.listing import Filter, Sort, profile_ids
from services.scoring.store.models import active
from services.scoring.tables import identities, ledger, retractions
from shared.auth import Requires
from shared.clock import Clock
from shared.cursor import write_cursor
from shared.database import bulk
from shared.database.engine import Database
from shared.errors import Refused
from shared.identity import Forms, current

# Not of one profile: its id may change by a merge between two pages.
TIMELINE: Final = "timeline"

Text = Annotated[str | None, Query(max_length=200), NoNul]


def _filter(
    model: Annotated[str | None, Query(pattern=SLUG)] = None,
    min_score: Annotated[float | None, Query(allow_inf_nan=False)] = None,
    stage: Text = None,
    grade: Annotated[str | None, Query(pattern="^[A-D][1-4]$")] = None,
    state: State | None = None,
    company: Text = None,
    trait: Annotated[
        str | None, Query(pattern="^[^:]{1,128}:", max_length=400, description="name:value"), NoNul
    ] = None,
    kept_back: Annotated[
        bool | None, Query(description="Whether they qualify and activations kept them from sales.")
    ] = None,
) -> Filter:
    name, _, value = (trait or "").partition(":")
    return Filter(model, min_score, stage, grade, state, company, (name, value) if trait else None, kept_back)


def routes(database: Database, clock: Clock, forms: Forms, requires: Requires) -> APIRouter:
    """Return the routes under /v1/profiles that show profiles."""
    router = router_for(requires, "/v1/profiles", "profiles")

    @router.get("", responses={404: {"description": "The model has no active version."}})
    async def list_profiles(
        wanted: Annotated[Filter, Depends(_filter)],
        kind: str | None = None,
        value: str | None = None,
        sort: Sort = "id",
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> ProfilesOut:
        """Find the profile of an identity (`kind`, `value`), or page through those that pass the filters."""
        if (kind is None) != (value is None):
            raise Refused("identity_incomplete", "Give both kind and value.", "kind" if value else "value")
        if kind is not None and (beside := _asked_beside(wanted, sort, cursor)):
            raise Refused(
                "identity_and_filter",
                f"`kind` and `value` find one person, whom `{beside}` would not change; leave out either.",
                beside,
            )
        async with database.reading() as connection:
            if kind is not None and value is not None:
                persons = await find(connection, [forms.named(kind, value).id])
                return ProfilesOut(items=await _shown(connection, persons, clock))
            of = f"profiles of {wanted.model} by -score" if sort == "-score" else "profiles by id"
            after = place(cursor, of, number, text) if sort == "-score" else place(cursor, of, text)
            page = await profile_ids(connection, wanted, sort, after, limit + 1)
            rank = {profile.id: index for index, profile in enumerate(page[:limit])}
            persons = [one for one in await find(connection, list(rank)) if one.id in rank]
            items = await _shown(connection, sorted(persons, key=lambda one: rank[one.id]), clock)
        if wanted.trait is not None:
            name, told = wanted.trait
            items = [one for one in items if _is(one.traits.get(name), told)]
        more = len(page) > limit
        return ProfilesOut(items=items, next_cursor=write_cursor(of, *page[limit - 1].key) if more else None)

    @router.get("/{profile_id}")
    async def get_profile(profile_id: ProfileId) -> ProfileOut:
        """Show a profile; an id from before a merge leads to the person as known now."""
        async with database.reading() as connection:
            person = await find_one(connection, profile_id)
            return (await _shown(connection, [person], clock))[0]

    @router.get("/{profile_id}/links")
    async def get_links(profile_id: ProfileId) -> LinksOut:
        """List what makes the identities one person, and the links that were refused, with the reason."""
        async with database.reading() as connection:
            person = await find_one(connection, profile_id)
            told = await links.of_person(connection, person.identities)
            touched = sorted({i for link in told for i in (link.one, link.other)})
            rows = await connection.execute(
                sa.select(identities.c.id, identities.c.kind, identities.c.value).where(
                    bulk.any_of(connection, identities.c.id, touched)
                )
            )
            name = {i: IdentityOut(kind=kind, value=value) for i, kind, value in rows}
        return LinksOut(
            items=[
                LinkOut(
                    one=name[link.one],
                    other=name[link.other],
                    occurred_at=link.occurred_at,
                    event_id=link.event_id,
                    refused=link.refused,
                )
                for link in told
            ]
        )

    @router.get("/{profile_id}/timeline")
    async def get_timeline(profile_id: ProfileId, limit: Limit = 50, cursor: Cursor = None) -> TimelineOut:
        """List what the person did, the latest first."""
        async with database.reading() as connection:
            person = await find_one(connection, profile_id)
            mine = bulk.any_of(connection, ledger.c.identity_id, list(person.identities))
            query = (
                sa.select(ledger, retractions.c.reason)
                .outerjoin(retractions, retractions.c.event_id == ledger.c.event_id)
                .where(mine)
            )
            if after := place(cursor, TIMELINE, moment, text):
                query = query.where(sa.tuple_(ledger.c.occurred_at, ledger.c.event_id) < after)
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
                retracted=row.reason,
            )
            for row in rows[:limit]
        ]
        last = items[-1] if len(rows) > limit else None
        return TimelineOut(
            items=items,
            next_cursor=write_cursor(TIMELINE, last.occurred_at.isoformat(), last.id) if last else None,
        )

    return router


def _asked_beside(wanted: Filter, sort: Sort, cursor: str | None) -> str | None:
    """Return what of a list is asked for, by the name of its first parameter, if anything is."""
    asked = {**asdict(wanted), "sort": None if sort == "id" else sort, "cursor": cursor}
    return next((name for name, value in asked.items() if value is not None), None)


def _is(known: object, told: str) -> bool:
    """Tell whether a trait has the value that a query names, where all is text."""
    return known == told or (not isinstance(known, str) and msgspec.json.encode(known).decode() == told)


async def _shown(connection: AsyncConnection, persons: Sequence[Person], clock: Clock) -> list[ProfileOut]:
    today = day_of(clock.now())
    versions = (await active(connection)).versions.values()
    known = await traits.known(connection, persons)
    return [
        ProfileOut(
            id=person.id,
            identities=[
                IdentityOut(kind=one.kind, value=one.value)
                for one in sorted(current(person.identities.values()))
            ],
            traits=known[person.id].traits.shown(today),
            scores={version.model: _standing(known[person.id], version, today) for version in versions},
        )
        for person in persons
    ]


def _standing(known: Known, version: Version, day: int) -> StandingOut:
    appraisal = appraise(known, version.matrix, day)
    return StandingOut(
        score=appraisal.score,
        flip_number=version.matrix.flip_number,
        stage=appraisal.stage,
        grade=appraisal.grade,
        state=appraisal.state,
        missing=list(version.matrix.missing(known.traits.at(day))),
        version=version.number,
    )
