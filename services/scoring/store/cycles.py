"""The hand-off cycles of profiles: who has flipped, when, under which version."""

from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from services.scoring.core.flip import Cycle
from services.scoring.core.linking import Person
from services.scoring.tables import standings
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


async def open_cycles(
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
