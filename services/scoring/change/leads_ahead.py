"""Leads ahead: who becomes a lead when a version takes over, worked out before it does.

Live scoring waits while a version takes over, and to work out a lead takes a millisecond. So it is done
before, and again only for those who did something in between.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

import msgspec
from sqlalchemy import Connection

from services.scoring.core.appraisal import QUALIFIED, appraise
from services.scoring.core.counting import day_of
from services.scoring.core.flip import latest_cycle, qualify
from services.scoring.model.matrix import Version
from services.scoring.people import find
from services.scoring.store import counts, cycles, traits
from shared.events import LeadQualified

AT_ONCE: Final = 1_000
AT_MOST: Final = 50_000
"""So many are worked out ahead, some 3 kB each; those beyond only while live scoring waits."""


class Ahead(NamedTuple):
    """A lead, and the revisions of the counts of all identities that it was worked out from."""

    lead: LeadQualified
    revisions: Mapping[str, int]


def leads_ahead(
    connection: Connection, version: Version, profile_ids: Sequence[str], now: datetime
) -> list[Ahead]:
    """Return the leads that profiles become who qualify under a version, in the latest of their cycles."""
    found: list[Ahead] = []
    for start in range(0, len(profile_ids), AT_ONCE):
        persons = find(connection, profile_ids[start : start + AT_ONCE])
        known, past = traits.known(connection, persons), cycles.read(connection, persons)
        for person in persons:
            # Some may have been priced before midnight, and faded since.
            if appraise(known[person.id], version.matrix, day_of(now)).state != QUALIFIED:
                continue
            cycle = latest_cycle(past.get((person.id, version.model), ()))
            lead = qualify(person, known[person.id], version, cycle=cycle, at=now)
            found.append(Ahead(lead, {i: person.held_by(i).revision for i in person.identities}))
    return found


def still_true(connection: Connection, ahead: Sequence[Ahead], now: datetime) -> list[LeadQualified]:
    """Return those of the leads, as of now, whose profiles nobody has changed since, on the same day."""
    today = [one for one in ahead if day_of(one.lead.qualified_at) == day_of(now)]
    revisions = counts.revisions(connection, [i for one in today for i in one.revisions])
    return [
        msgspec.structs.replace(one.lead, qualified_at=now)
        for one in today
        if all(revisions.get(i, 0) == revision for i, revision in one.revisions.items())
    ]
