"""The flip: a score reaches the flip number and the profile becomes a lead, once per cycle."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple

from services.scoring.core.counting.tally import day_of
from services.scoring.core.pricing.crossing import crossed_by
from services.scoring.core.pricing.price import ScoreInput, columns_of, price_columns
from services.scoring.core.profiles.linking import Profile
from services.scoring.matrix.matrix import Matrix
from services.scoring.matrix.version import Version
from shared.events import LeadQualified, Offer
from shared.ids import derived_id


class Cycle(NamedTuple):
    """A hand-off cycle that a profile is or was in; a cycle without a lead was kept back from sales.

    `is_parted`: the profile that flipped had identities that this profile lacks, because of an unmerge.
    """

    profile_id: str
    model: str
    number: int
    lead_id: str | None
    version: int
    flipped_at: datetime
    is_parted: bool = False


def next_cycle(
    past: Iterable[Cycle], version: Version, now: datetime, *, taken: Iterable[Cycle] = ()
) -> int | None:
    """Return the number of the cycle that a qualified profile may begin now, or None for not yet or never.

    `taken` are cycles whose numbers are used up, including cycles of a profile from which this one was
    unmerged. They are no reason to wait, but the id of a lead derives from its number.
    """
    earlier = list(past)
    last = max(earlier, key=lambda cycle: (cycle.number, cycle.flipped_at), default=None)
    if last is not None:
        wait = version.matrix.requalify_after
        if wait is None or day_of(now) - day_of(last.flipped_at) < wait:
            return None
    return max((cycle.number for cycle in (*earlier, *taken)), default=0) + 1


def latest_cycle(past: Iterable[Cycle]) -> int:
    """Return the number of the cycle for the hand-over of a profile whose cycles were all kept back."""
    return max((cycle.number for cycle in past), default=1)


def qualify(
    profile: Profile, known: ScoreInput, version: Version, *, cycle: int, at: datetime
) -> LeadQualified:
    """Return the lead for a profile whose score has reached the flip number at an instant.

    The lead's id derives from profile, model and cycle: published twice, it is one lead.
    """
    today = day_of(at)
    columns = columns_of([known], version.matrix)
    score = price_columns(known, columns, version.matrix, today)
    crossed = crossed_by(known, columns, version.matrix, today)
    lead_id = derived_id("lead", profile.id, version.model, cycle)
    return LeadQualified(
        id=derived_id("evt", lead_id, "qualified"),
        lead_id=lead_id,
        profile_id=profile.id,
        model=version.model,
        version=version.number,
        cycle=cycle,
        score=score.points,
        flip_number=version.matrix.flip_number,
        crossed_on=date.fromordinal(crossed).isoformat(),
        qualified_at=at,
        reasons=score.reasons,
        identities=tuple(sorted(profile.identities.values())),
        traits=known.traits.shown(today),
        audience=version.matrix.audience,
        campaign=version.matrix.campaign,
        offer=_offer(version.matrix),
    )


def _offer(matrix: Matrix) -> Offer | None:
    """Return what a model offers; a profile that is handed to sales is offered nothing."""
    if matrix.offer is None or matrix.audience != "offer":
        return None
    return Offer(name=matrix.offer.name, coupon=matrix.offer.coupon)
