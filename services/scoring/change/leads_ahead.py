"""Leads ahead: the leads that begin when a version takes over, computed before that moment.

Live scoring waits while a version takes over, and computing a lead takes a millisecond. So the leads are
computed before, and once more only for profiles that have changed since.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

import msgspec
from sqlalchemy import Connection

from services.scoring.core.counting.tally import day_of
from services.scoring.core.pricing.appraisal import QUALIFIED, appraise_all
from services.scoring.core.pricing.flip import latest_cycle, qualify
from services.scoring.core.pricing.price import ScoreInput, columns_of
from services.scoring.core.profiles.linking import Profile
from services.scoring.matrix.version import Version
from services.scoring.store import counts, cycles, traits
from services.scoring.store.profiles import find
from shared.events import LeadQualified

AT_ONCE: Final = 1_000
AT_MOST: Final = 50_000
"""At most this many leads, of some 3 kB each, are computed ahead; the rest while live scoring waits."""


class LeadsAhead(NamedTuple):
    """A lead, and the revisions of all identities' counts from which it was computed."""

    lead: LeadQualified
    revisions: Mapping[str, int]


def leads_ahead(
    connection: Connection, version: Version, profile_ids: Sequence[str], now: datetime
) -> list[LeadsAhead]:
    """Return a lead for each of the profiles that qualifies now, in its latest cycle."""
    found: list[LeadsAhead] = []
    for known in qualifying(connection, version, profile_ids, day_of(now)):
        past = cycles.read(connection, [profile for profile, _ in known])
        for profile, score_input in known:
            cycle = latest_cycle(past.get((profile.id, version.model), ()))
            lead = qualify(profile, score_input, version, cycle=cycle, at=now)
            found.append(LeadsAhead(lead, {i: profile.counts_of(i).revision for i in profile.identities}))
    return found


def qualifying(
    connection: Connection, version: Version, profile_ids: Sequence[str], day: int
) -> Iterator[list[tuple[Profile, ScoreInput]]]:
    """Yield page by page the profiles that qualify at the end of a day, each with the input of its score.

    The scores in the table may be from before midnight, and points fade.
    """
    for start in range(0, len(profile_ids), AT_ONCE):
        profiles = find(connection, profile_ids[start : start + AT_ONCE])
        known = [*traits.known(connection, profiles).values()]
        appraisals = appraise_all(known, columns_of(known, version.matrix), version.matrix, day)
        each = zip(profiles, known, appraisals, strict=True)
        yield [
            (profile, score_input) for profile, score_input, appraisal in each if appraisal.state == QUALIFIED
        ]


def still_true(connection: Connection, ahead: Sequence[LeadsAhead], now: datetime) -> list[LeadQualified]:
    """Return the leads that still hold, with `now` as the moment at which they qualified.

    A lead holds until the day ends or its profile changes.
    """
    today = [computed for computed in ahead if day_of(computed.lead.qualified_at) == day_of(now)]
    revisions = counts.revisions(connection, [i for computed in today for i in computed.revisions])
    return [
        msgspec.structs.replace(computed.lead, qualified_at=now)
        for computed in today
        if all(revisions.get(i, 0) == revision for i, revision in computed.revisions.items())
    ]
