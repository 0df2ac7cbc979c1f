"""The traits on their tables: for each identity and trait the last value of every day, set or by effect."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

import msgspec
import sqlalchemy as sa

from services.scoring.core.counting.counts import totals
from services.scoring.core.counting.tally import day_of
from services.scoring.core.pricing.price import ScoreInput
from services.scoring.core.profiles.linking import Profile
from services.scoring.core.profiles.traits import History, ReportedTrait, reported_traits
from services.scoring.store.tables import effects, traits
from shared.database import bulk, quick
from shared.events import Interaction
from shared.vocabulary import EFFECTS

# identity id, occurred_at, event id, name, value
_Row: TypeAlias = tuple[str, datetime, str, str, str | None]

_json = msgspec.json.Encoder().encode


def write(connection: sa.Connection, interactions: Iterable[Interaction]) -> None:
    """Store the last value of each trait and day, by the time of the interaction."""
    latest: dict[tuple[str, str, int], dict[str, Any]] = {}
    for interaction in interactions:
        for reported in reported_traits(interaction):
            name = reported.trait
            row: dict[str, Any] = {
                "identity_id": interaction.identities[0].id,
                "name": name,
                "day": day_of(reported.occurred_at),
                "value": _json(reported.value).decode(),
                "occurred_at": reported.occurred_at,
                "event_id": reported.event_id,
            }
            key = row["identity_id"], name, row["day"]
            known = latest.get(key)
            if known is None or _at(known) < _at(row):
                latest[key] = row
    bulk.upsert(
        connection,
        traits,
        [latest[key] for key in sorted(latest)],
        newer_by=("occurred_at", "event_id"),
    )


def _at(row: Mapping[str, Any]) -> tuple[datetime, str]:
    # Of two values at the same instant any may win, but always the same one whatever their order.
    return row["occurred_at"], row["event_id"]


def read(
    connection: sa.Connection, profiles: Sequence[Profile], names: Collection[str] | None = None
) -> dict[str, History]:
    """Return the traits of each profile over time, all or only `names`, by profile id."""
    reported = reported_of(connection, [i for profile in profiles for i in profile.identities], names)
    return {
        profile.id: History(
            [trait for i in profile.identities for trait in reported.get(i, ())], profile.identities.values()
        )
        for profile in profiles
    }


def reported_of(
    connection: sa.Connection, identity_ids: Sequence[str], names: Collection[str] | None = None
) -> dict[str, list[ReportedTrait]]:
    """Return the traits that were set on each identity, all or only `names`, and then its effects."""
    reported: dict[str, list[ReportedTrait]] = {}
    followed: dict[str, list[ReportedTrait]] = {}
    for identity_id, occurred_at, event_id, name, value in _rows(connection, identity_ids, names):
        if value is None:
            trait = ReportedTrait(occurred_at, event_id, *EFFECTS[name])
            followed.setdefault(identity_id, []).append(trait)
        else:
            trait = ReportedTrait(occurred_at, event_id, name, msgspec.json.decode(value))
            reported.setdefault(identity_id, []).append(trait)
    return {i: [*reported.get(i, ()), *followed.get(i, ())] for i in (*reported, *followed)}


def _rows(
    connection: sa.Connection, identity_ids: Sequence[str], names: Collection[str] | None
) -> Sequence[Any]:
    """Return the traits that were set, and effects; an effect has its type as its name, and no value."""
    if names is None:
        return quick.rows(connection, _all(connection), {"ids": identity_ids, "types": sorted(EFFECTS)})
    types = sorted(type_ for type_, effect in EFFECTS.items() if effect.trait in names)
    parameters = {"ids": identity_ids, "names": sorted(names)}
    if not types:
        return quick.rows(connection, _reported_alone(connection), parameters)
    return quick.rows(connection, _some(connection), parameters | {"types": types})


@bulk.built_once
def _all(on_postgresql: bool) -> sa.CompoundSelect[*_Row]:
    return _reported(on_postgresql).union_all(_effects(on_postgresql))


@bulk.built_once
def _some(on_postgresql: bool) -> sa.CompoundSelect[*_Row]:
    named = bulk.among(on_postgresql, traits.c.name, "names")
    return _reported(on_postgresql).where(named).union_all(_effects(on_postgresql))


@bulk.built_once
def _reported_alone(on_postgresql: bool) -> sa.Select[*_Row]:
    return _reported(on_postgresql).where(bulk.among(on_postgresql, traits.c.name, "names"))


def _reported(on_postgresql: bool) -> sa.Select[*_Row]:
    columns = (traits.c.identity_id, traits.c.occurred_at, traits.c.event_id, traits.c.name, traits.c.value)
    return sa.select(*columns).where(bulk.among(on_postgresql, traits.c.identity_id, "ids"))


def _effects(on_postgresql: bool) -> sa.Select[*_Row]:
    no_value: sa.ColumnElement[str | None] = sa.null().cast(sa.Text)
    return sa.select(
        effects.c.identity_id, effects.c.occurred_at, effects.c.event_id, effects.c.type, no_value
    ).where(
        bulk.among(on_postgresql, effects.c.identity_id, "ids"),
        bulk.among(on_postgresql, effects.c.type, "types"),
    )


def known(
    connection: sa.Connection, profiles: Sequence[Profile], names: Collection[str] | None = None
) -> dict[str, ScoreInput]:
    """Return the input of scores, by profile id; with `names`, only these traits."""
    histories = read(connection, profiles, names)
    counts = totals(
        [
            [part for stored, _ in profile.counts_by_identity.values() for part in stored.parts]
            for profile in profiles
        ]
    )
    return {
        profile.id: ScoreInput(counted, histories[profile.id])
        for profile, counted in zip(profiles, counts, strict=True)
    }
