"""What persons score now, beside what is kept of them, and the changes of stage that follow."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from services.scoring.core.appraisal import Appraisal
from services.scoring.core.linking import Person
from services.scoring.core.pricing import Known
from services.scoring.model.matrix import Version
from services.scoring.store.scores import Kept
from shared.events import StageChanged
from shared.ids import derived_id


class Settled(NamedTuple):
    """A person in a version; `were` is what is kept of all profiles that have become this person."""

    person: Person
    known: Known
    version: Version
    before: Kept | None
    were: Sequence[Appraisal]
    now: Appraisal


def stage_changes(
    settled: Iterable[Settled], acted: Collection[str], now: datetime
) -> Iterator[StageChanged]:
    """Yield the stages that profiles came to; `acted` are ids of those who did something."""
    for person, _, version, before, were, appraisal in settled:
        if not were and person.id not in acted:
            # Nobody had priced them yet, as after a migration: so much is news to us alone.
            continue
        was = before.appraisal.stage if before else _best_stage(were)
        if was != appraisal.stage:
            yield StageChanged(
                id=derived_id("evt", person.id, version.model, "stage", now.isoformat()),
                profile_id=person.id,
                model=version.model,
                version=version.number,
                before=was,
                after=appraisal.stage,
                score=appraisal.score,
                changed_at=now,
                identities=tuple(sorted(person.identities.values())),
            )


def _best_stage(were: Iterable[Appraisal]) -> str | None:
    best = max(were, key=lambda one: one.score, default=None)
    return best.stage if best else None
