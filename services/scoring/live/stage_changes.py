"""The new appraisals of profiles beside the stored ones, and the changes of stage that follow."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from services.scoring.core.pricing.appraisal import Appraisal
from services.scoring.core.pricing.price import ScoreInput
from services.scoring.core.profiles.linking import Profile
from services.scoring.core.revised import Revised
from services.scoring.matrix.version import Version
from shared.events import StageChanged
from shared.ids import derived_id


class Rescored(NamedTuple):
    """A profile in a version; `were` are the stored appraisals of all profiles merged into this one."""

    profile: Profile
    known: ScoreInput
    version: Version
    before: Revised[Appraisal] | None
    were: Sequence[Appraisal]
    now: Appraisal


def stage_changes(
    settled: Iterable[Rescored], acted: Collection[str], now: datetime
) -> Iterator[StageChanged]:
    """Yield the changes of stage; `acted` are ids of the profiles that had a human interaction."""
    for profile, _, version, before, were, appraisal in settled:
        if not were and profile.id not in acted:
            # Not priced before, as after a migration: the stage is new to us, not to the profile.
            continue
        was = before.value.stage if before else _best_stage(were)
        if was != appraisal.stage:
            yield StageChanged(
                id=derived_id("evt", profile.id, version.model, "stage", now.isoformat()),
                profile_id=profile.id,
                model=version.model,
                version=version.number,
                before=was,
                after=appraisal.stage,
                score=appraisal.score,
                changed_at=now,
                identities=tuple(sorted(profile.identities.values())),
            )


def _best_stage(were: Iterable[Appraisal]) -> str | None:
    best = max(were, key=lambda appraisal: appraisal.score, default=None)
    return best.stage if best else None
