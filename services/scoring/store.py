"""The scoring tables, a few statements a batch: ledger, counts, traits, standings."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from services.scoring.counting import Held, day_of, decode_counts, encode_counts
from services.scoring.tables import counts, ledger, standings, traits
from shared.database import bulk
from shared.errors import Unavailable
from shared.events import Interaction, LeadQualified

_json = msgspec.json.Encoder().encode


async def record(connection: AsyncConnection, interactions: Sequence[Interaction]) -> list[Interaction]:
    """Enter the interactions in the ledger and return those that were not there yet, each once."""
    distinct = {one.id: one for one in reversed(interactions)}
    rows = [
        {
            "event_id": one.id,
            "identity_id": one.identities[0].id,
            "type": one.type,
            "occurred_at": one.occurred_at,
            "source": one.source,
            "campaign": one.campaign,
            "properties": _json(one.properties).decode(),
            "machine": one.machine,
        }
        for one in distinct.values()
    ]
    new = await bulk.insert_new(connection, ledger, "event_id", rows)
    return [one for one in reversed(distinct.values()) if one.id in new]


async def read_ledger(
    connection: AsyncConnection, identity_ids: Sequence[str]
) -> dict[str, list[Interaction]]:
    """Return what the ledger has of each of the identities, as far as counting needs it."""
    rows = await connection.execute(
        sa.select(ledger).where(bulk.any_of(connection, ledger.c.identity_id, identity_ids))
    )
    posted: dict[str, list[Interaction]] = {}
    for row in rows:
        posted.setdefault(row.identity_id, []).append(
            Interaction(
                id=row.event_id,
                type=row.type,
                identities=(),
                occurred_at=row.occurred_at,
                received_at=row.occurred_at,
                source=row.source,
                campaign=row.campaign,
                properties=msgspec.json.decode(row.properties),
                machine=row.machine,
            )
        )
    return posted


async def read_counts(connection: AsyncConnection, identity_ids: Sequence[str]) -> dict[str, Held]:
    """Return the counts of the identities that have any."""
    rows = await connection.execute(
        sa.select(counts).where(bulk.any_of(connection, counts.c.identity_id, identity_ids))
    )
    return {identity_id: Held(decode_counts(text), revision) for identity_id, text, revision in rows}


async def write_counts(connection: AsyncConnection, changed: Mapping[str, Held]) -> None:
    """Write counts back; raises Unavailable when somebody else changed one since it was read."""
    rows = [
        {"identity_id": identity_id, "counts": encode_counts(held.counts), "revision": held.revision + 1}
        for identity_id, held in sorted(changed.items())
    ]
    if await bulk.upsert(connection, counts, rows, revision="revision") < len(rows):
        raise Unavailable("counts_race", "Another worker has just changed the same counts.")


async def write_traits(connection: AsyncConnection, interactions: Iterable[Interaction]) -> None:
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


class Traits:
    """Traits by identity, from the earliest to the latest."""

    def __init__(self, rows: Iterable[tuple[str, str, str, datetime]]) -> None:
        self._by_identity: dict[str, list[tuple[datetime, str, str]]] = {}
        for identity_id, name, value, occurred_at in rows:
            self._by_identity.setdefault(identity_id, []).append((occurred_at, name, value))

    def of(self, identity_ids: Iterable[str]) -> dict[str, Any]:
        """Return the traits of the person with these identities: the last writer of each wins."""
        told = sorted(entry for i in identity_ids for entry in self._by_identity.get(i, ()))
        known = {name: msgspec.json.decode(value) for _, name, value in told}
        return {name: value for name, value in sorted(known.items()) if value is not None}


async def read_traits(connection: AsyncConnection, identity_ids: Sequence[str], until: int) -> Traits:
    """Return the traits of the identities as known at the end of a day."""
    rows = await connection.execute(
        sa.select(traits.c.identity_id, traits.c.name, traits.c.value, traits.c.occurred_at).where(
            bulk.any_of(connection, traits.c.identity_id, identity_ids), traits.c.day <= until
        )
    )
    return Traits((identity_id, name, value, at) for identity_id, name, value, at in rows)


async def open_cycles(connection: AsyncConnection, identity_ids: Sequence[str]) -> set[tuple[str, str]]:
    """Return (former profile id, model) of each cycle that a person, under any of its past ids, is in."""
    rows = await connection.execute(
        sa.select(standings.c.profile_id, standings.c.model).where(
            bulk.any_of(connection, standings.c.profile_id, identity_ids)
        )
    )
    return {(profile_id, model) for profile_id, model in rows}


async def open_cycle(
    connection: AsyncConnection, leads: Sequence[LeadQualified], *, handed_over: bool = True
) -> None:
    """Note who has flipped in which cycle; with `handed_over=False` sales does not get the lead."""
    rows = [
        {
            "profile_id": lead.profile_id,
            "model": lead.model,
            "cycle": lead.cycle,
            "lead_id": lead.lead_id if handed_over else None,
            "version": lead.version,
            "flipped_at": lead.qualified_at,
        }
        for lead in leads
    ]
    if rows:
        await connection.execute(sa.insert(standings), rows)
