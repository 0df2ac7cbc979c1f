"""The traits on their table: of each identity and trait the last value of every day."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from services.scoring.core.counting import day_of
from services.scoring.core.linking import Person
from services.scoring.core.pricing import Known
from services.scoring.core.traits import History, Told
from services.scoring.tables import traits
from shared.database import bulk
from shared.events import Interaction

_json = msgspec.json.Encoder().encode


async def write(connection: AsyncConnection, interactions: Iterable[Interaction]) -> None:
    """Keep the last value of each trait and day, by the time at which it was so."""
    latest: dict[tuple[str, str, int], dict[str, Any]] = {}
    for one in interactions:
        for name, value in one.traits.items():
            row: dict[str, Any] = {
                "identity_id": one.identities[0].id,
                "name": name,
                "day": day_of(one.occurred_at),
                "value": _json(value).decode(),
                "occurred_at": one.occurred_at,
                "event_id": one.id,
            }
            key = row["identity_id"], name, row["day"]
            known = latest.get(key)
            if known is None or _at(known) < _at(row):
                latest[key] = row
    await bulk.upsert(
        connection,
        traits,
        [latest[key] for key in sorted(latest)],
        newer_by=("occurred_at", "event_id"),
    )


def _at(row: Mapping[str, Any]) -> tuple[datetime, str]:
    # Of two values at the same instant any one may win, but in every order the same one.
    return row["occurred_at"], row["event_id"]


async def read(
    connection: AsyncConnection, persons: Sequence[Person], names: Collection[str] | None = None
) -> dict[str, History]:
    """Return the traits of each person over time, all or those of these names, by profile id."""
    query = sa.select(
        traits.c.identity_id, traits.c.occurred_at, traits.c.event_id, traits.c.name, traits.c.value
    ).where(bulk.any_of(connection, traits.c.identity_id, [i for one in persons for i in one.identities]))
    if names is not None:
        query = query.where(bulk.any_of(connection, traits.c.name, sorted(names)))
    rows = await connection.execute(query)
    told: dict[str, list[Told]] = {}
    for identity_id, occurred_at, event_id, name, value in rows:
        told.setdefault(identity_id, []).append(Told(occurred_at, event_id, name, msgspec.json.decode(value)))
    return {
        person.id: History(
            [one for identity_id in person.identities for one in told.get(identity_id, ())],
            person.identities.values(),
        )
        for person in persons
    }


async def known(
    connection: AsyncConnection, persons: Sequence[Person], names: Collection[str] | None = None
) -> dict[str, Known]:
    """Return all that a score is made of, by profile id; with `names`, of the traits only these."""
    histories = await read(connection, persons, names)
    return {person.id: Known(person.counts, histories[person.id]) for person in persons}
