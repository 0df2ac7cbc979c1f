"""Routes to look up profiles: their identities, traits, scores and states."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Query
from sqlalchemy import Connection
from starlette.responses import Response

from services.scoring.core.counting.tally import day_of
from services.scoring.core.pricing.appraisal import State, appraise
from services.scoring.core.pricing.price import ScoreInput
from services.scoring.core.profiles.linking import Profile
from services.scoring.matrix.version import Version
from services.scoring.routes.parameters import (
    NO_VERSION,
    NoNul,
    ProfileId,
)
from services.scoring.routes.shapes import (
    IdentityOut,
    ModelScoreOut,
    ProfileOut,
)
from services.scoring.store import traits
from services.scoring.store.listing import ProfileFilter, Sort, profile_ids
from services.scoring.store.models import active
from services.scoring.store.profiles import find, find_one
from services.scoring.store.vocabulary import check_kind
from shared.database.engine import Database
from shared.errors import Refused
from shared.identity import Forms, Identity, current
from shared.known_traits import completed, reader
from shared.names import SLUG_PATTERN
from shared.process.clock import Clock
from shared.web.auth import Requires
from shared.web.cursor import Keyset, number, text
from shared.web.keyed import keyed_router
from shared.web.lists import Page, Paging, list_of

Text = Annotated[str | None, Query(max_length=200), NoNul]


def _filter(
    model: Annotated[str | None, Query(pattern=SLUG_PATTERN)] = None,
    min_score: Annotated[float | None, Query(allow_inf_nan=False)] = None,
    stage: Text = None,
    grade: Annotated[str | None, Query(pattern="^[A-D][1-4]$")] = None,
    state: State | None = None,
    company: Text = None,
    trait: Annotated[
        str | None,
        Query(pattern="^[^:]{1,128}:", max_length=400, description="name:value, or path:value"),
        NoNul,
    ] = None,
    kept_back: Annotated[
        bool | None, Query(description="Whether they qualify and activations kept them from sales.")
    ] = None,
    excluded: Annotated[
        bool | None, Query(description="Whether an exclusion keeps them from sales, whatever their score.")
    ] = None,
) -> ProfileFilter:
    name, _, value = (trait or "").partition(":")
    return ProfileFilter(
        model=model,
        min_score=min_score,
        stage=stage,
        grade=grade,
        state=state,
        company=company,
        trait=(name, value) if trait else None,
        kept_back=kept_back,
        excluded=excluded,
    )


def routes(database: Database, clock: Clock, forms: Forms, requires: Requires) -> APIRouter:
    """Return the routes under /v1/profiles that show profiles."""
    router = keyed_router(requires, prefix="/v1/profiles", tag="profiles")

    @router.get("", **list_of(ProfileOut, NO_VERSION))
    async def list_profiles(
        profile_filter: Annotated[ProfileFilter, Depends(_filter)],
        paging: Paging,
        kind: str | None = None,
        value: str | None = None,
        sort: Sort = "id",
    ) -> Page[ProfileOut] | Response:
        """Find the profile of an identity (`kind`, `value`), or page through those that pass the filters."""
        if (kind is None) != (value is None):
            raise Refused("identity_incomplete", "Give both kind and value.", "kind" if value else "value")
        if kind is not None and (beside := _list_parameter(profile_filter, sort, paging.cursor)):
            raise Refused(
                "identity_and_filter",
                f"`kind` and `value` find one profile, which `{beside}` would not change; leave one out.",
                beside,
            )
        if kind is not None and value is not None:
            named = forms.named(kind, value)
            items = await database.read(lambda connection: _found(connection, named, kind, clock))
            return paging.answer(ProfileOut, items, None)
        keyset = _keyset(profile_filter.model, sort)
        after = keyset.read(paging.cursor)

        def listed(connection: Connection) -> tuple[list[ProfileOut], str | None]:
            found = profile_ids(connection, profile_filter, sort, after, paging.rows)
            page, next_cursor = paging.split(found, lambda profile: keyset.write(*profile.key))
            rank = {profile.id: index for index, profile in enumerate(page)}
            profiles = [profile for profile in find(connection, list(rank)) if profile.id in rank]
            profiles.sort(key=lambda profile: rank[profile.id])
            return _shown(connection, profiles, clock), next_cursor

        items, next_cursor = await database.read(listed)
        if profile_filter.trait is not None:
            name, expected = profile_filter.trait
            read = reader(name)
            items = [item for item in items if _is(read(completed(item.traits)), expected)]
        return paging.answer(ProfileOut, items, next_cursor)

    @router.get("/{profile_id}")
    async def get_profile(profile_id: ProfileId) -> ProfileOut:
        """Show a profile; an id from before a merge leads to the profile of today."""
        return await database.read(lambda connection: _found_one(connection, profile_id, clock))

    return router


def _keyset(model: str | None, sort: Sort) -> Keyset:
    if sort == "-score":
        return Keyset(f"profiles of {model} by -score", number, text)
    return Keyset("profiles by id", text)


def _list_parameter(profile_filter: ProfileFilter, sort: Sort, cursor: str | None) -> str | None:
    """Return the first query parameter that asks for a list, if any does."""
    parameters = {**asdict(profile_filter), "sort": None if sort == "id" else sort, "cursor": cursor}
    return next((name for name, value in parameters.items() if value is not None), None)


def _is(known: object, expected: str) -> bool:
    """Return whether a trait has the value of a query parameter, which is text."""
    return known == expected or (
        not isinstance(known, str) and msgspec.json.encode(known).decode() == expected
    )


def _found(connection: Connection, named: Identity, kind: str, clock: Clock) -> list[ProfileOut]:
    profiles = find(connection, [named.id])
    if not profiles:
        check_kind(connection, "query.kind", kind)
    return _shown(connection, profiles, clock)


def _found_one(connection: Connection, profile_id: str, clock: Clock) -> ProfileOut:
    return _shown(connection, [find_one(connection, profile_id)], clock)[0]


def _shown(connection: Connection, profiles: Sequence[Profile], clock: Clock) -> list[ProfileOut]:
    today = day_of(clock.now())
    versions = active(connection).versions.values()
    known = traits.known(connection, profiles)
    return [
        ProfileOut(
            id=profile.id,
            identities=[
                IdentityOut(kind=identity.kind, value=identity.value)
                for identity in sorted(current(profile.identities.values()))
            ],
            traits=known[profile.id].traits.shown(today),
            scores={version.model: _standing(known[profile.id], version, today) for version in versions},
        )
        for profile in profiles
    ]


def _standing(known: ScoreInput, version: Version, day: int) -> ModelScoreOut:
    appraisal, traits_known = appraise(known, version.matrix, day), known.traits.at(day)
    return ModelScoreOut(
        score=appraisal.score,
        flip_number=version.matrix.flip_number,
        stage=appraisal.stage,
        grade=appraisal.grade,
        state=appraisal.state,
        missing=list(version.matrix.missing(traits_known)),
        excluded_by=version.matrix.excluded_by(traits_known, known.traits.email_domains(day)),
        version=version.number,
    )
