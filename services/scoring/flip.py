"""The flip: a score reaches the flip number and the profile becomes a lead, once per cycle."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from services.scoring.counting import Counts, day_of
from services.scoring.linking import Person
from services.scoring.matrix import Version
from services.scoring.pricing import crossed_on, points, price
from shared.events import LeadQualified
from shared.ids import derived_id

FIRST_CYCLE = 1


def reaches(counts: Counts, version: Version, at: datetime) -> bool:
    """Tell whether counts are worth the flip number at an instant."""
    return points(counts, version.matrix, day_of(at)) >= version.matrix.flip_number


def qualify(
    person: Person,
    counts: Counts,
    version: Version,
    *,
    traits: Mapping[str, Any],
    cycle: int,
    at: datetime,
) -> LeadQualified:
    """Return the lead that a person becomes whose score has reached the flip number at an instant.

    The lead's id derives from profile, model and cycle: told twice, it is one lead.
    """
    today = day_of(at)
    score = price(counts, version.matrix, today)
    crossed = crossed_on(counts, version.matrix, today) or today
    lead_id = derived_id("lead", person.id, version.model, cycle)
    return LeadQualified(
        id=derived_id("evt", lead_id, "qualified"),
        lead_id=lead_id,
        profile_id=person.id,
        model=version.model,
        version=version.number,
        cycle=cycle,
        score=score.points,
        flip_number=version.matrix.flip_number,
        crossed_on=date.fromordinal(crossed).isoformat(),
        qualified_at=at,
        reasons=score.reasons,
        identities=tuple(sorted(person.identities.values())),
        traits=dict(traits),
    )
