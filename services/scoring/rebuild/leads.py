"""The leads on the log, as the cycles that scoring must have."""

from collections.abc import Sequence
from contextlib import aclosing

from services.scoring.core.profiles.normal_forms import Current
from services.scoring.store import cycles
from services.scoring.store.rebuild import cycles as rebuilt_cycles
from services.scoring.store.rebuild import snapshot
from shared.database.engine import Database
from shared.errors import Poison
from shared.events import LEADS, LeadQualified, decode
from shared.log.port import Log


async def restore(*, log: Log, live: Database, copy: Database, rebuilt: Database, current: Current) -> None:
    """Replace the rebuilt cycles by those of the leads on the log and in the outbox.

    A rebuild computes the same scores, but not at the same moments: the log says which profile flipped when,
    in the forms of that time. Leads that scoring has published since the snapshot are left out. The rebuild
    must have the former ids already.
    """
    await rebuilt.unit(rebuilt_cycles.delete_all)
    await _keep(await snapshot.outgoing(copy, LEADS), live, copy, rebuilt, current)
    async with aclosing(log.replay(LEADS)) as batches:
        async for messages in batches:
            await _keep([message.value for message in messages], live, copy, rebuilt, current)
    await rebuilt.unit(cycles.follow_former_ids)


async def _keep(
    values: Sequence[bytes], live: Database, copy: Database, rebuilt: Database, current: Current
) -> None:
    by_id = {lead.lead_id: current.lead(lead) for lead in map(_lead, values) if lead is not None}
    unknown = by_id.keys() - await _known(copy, list(by_id.values()))
    since = await _known(live, [by_id[lead_id] for lead_id in sorted(unknown)])
    lead_of_cycle = {
        (lead.profile_id, lead.model, lead.cycle): lead
        for lead_id, lead in sorted(by_id.items())
        if lead_id not in since
    }
    await rebuilt.unit(lambda connection: cycles.restore(connection, list(lead_of_cycle.values())))


async def _known(database: Database, leads: Sequence[LeadQualified]) -> set[str]:
    """Return the ids of the leads that have a cycle in the database."""
    if not leads:
        return set()
    profile_ids = [lead.profile_id for lead in leads]
    known = await database.read(lambda connection: rebuilt_cycles.leads_of(connection, profile_ids))
    return {lead.lead_id for lead in leads}.intersection(known.values())


def _lead(value: bytes) -> LeadQualified | None:
    try:
        event = decode(value)
    except Poison:
        return None
    return event if isinstance(event, LeadQualified) else None
