"""The hand-off cycles of profiles: who has flipped, when, under which version."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from services.scoring.core.flip import Cycle
from services.scoring.core.linking import Person
from services.scoring.tables import identities, standings
from shared.database import bulk
from shared.events import LeadQualified

Cycles = Mapping[tuple[str, str], Sequence[Cycle]]
"""(profile id, model) -> the cycles that the person began under any of its ids"""


async def read(connection: AsyncConnection, persons: Iterable[Person]) -> Cycles:
    """Return the cycles of the persons, those begun under former profile ids included."""
    profile_of = {i: person.id for person in persons for i in person.identities}
    rows = await connection.execute(
        sa.select(
            standings.c.profile_id,
            standings.c.model,
            standings.c.cycle,
            standings.c.lead_id,
            standings.c.version,
            standings.c.flipped_at,
        ).where(bulk.any_of(connection, standings.c.profile_id, sorted(profile_of)))
    )
    found: dict[tuple[str, str], list[Cycle]] = {}
    for row in rows:
        cycle = Cycle(*row)
        found.setdefault((profile_of[cycle.profile_id], cycle.model), []).append(cycle)
    return found


def is_in_a_cycle(
    profile_id: sa.ColumnElement[str], model: str, *, with_lead: bool = False
) -> sa.ColumnElement[bool]:
    """Tell of a profile whether it ever flipped in a model, under any of its ids; or so that sales has it."""
    began = sa.exists().where(
        identities.c.profile_id == profile_id,
        standings.c.profile_id == identities.c.id,
        standings.c.model == model,
    )
    return began.where(standings.c.lead_id.is_not(None)) if with_lead else began


def is_kept_back(profile_id: sa.ColumnElement[str], model: str) -> sa.ColumnElement[bool]:
    """Tell of a profile whether activations withheld each of its cycles in a model from sales."""
    return is_in_a_cycle(profile_id, model) & ~is_in_a_cycle(profile_id, model, with_lead=True)


async def open_cycles(
    connection: AsyncConnection, leads: Sequence[LeadQualified], *, handed_over: bool = True
) -> None:
    """Note who has flipped in which cycle; with `handed_over=False` sales does not get the lead."""
    if leads:
        await connection.execute(
            sa.insert(standings), [_row(lead, handed_over=handed_over) for lead in leads]
        )


async def hand_over(connection: AsyncConnection, leads: Sequence[LeadQualified]) -> None:
    """Note that sales gets leads, of new cycles and of withheld ones, which begin anew with them.

    The caller has seen to it that nobody else opens cycles meanwhile.
    """
    await bulk.upsert(connection, standings, [_row(lead, handed_over=True) for lead in leads])


def _row(lead: LeadQualified, *, handed_over: bool) -> dict[str, Any]:
    return {
        "profile_id": lead.profile_id,
        "model": lead.model,
        "cycle": lead.cycle,
        "lead_id": lead.lead_id if handed_over else None,
        "version": lead.version,
        "flipped_at": lead.qualified_at,
    }
