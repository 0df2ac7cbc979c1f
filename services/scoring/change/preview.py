"""Preview: what a draft would change for everybody, worked out without changing anything."""

import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from services.scoring.change.flip_diff import MOVERS, FlipDiff, Mover
from services.scoring.core.appraisal import QUALIFIED, Appraisal, appraise_all
from services.scoring.core.counting import day_of
from services.scoring.core.flip import Cycle
from services.scoring.core.linking import Person
from services.scoring.core.pricing import crowd_of
from services.scoring.lookup import known_under
from services.scoring.model.matrix import Version
from services.scoring.people import find
from services.scoring.store import cycles
from services.scoring.store.models import version_of
from services.scoring.tables import identities

PAGE: Final = 1_000
EXAMPLES: Final = 20


@dataclass
class Preview(FlipDiff):
    """A flip-diff with some of the profiles that it is about.

    They are those who would flip with the highest scores, and those who would flip no more that had the
    highest, EXAMPLES of either.
    """

    profiles: int = 0
    would_flip: list[Mover] = field(default_factory=list[Mover])
    would_un_flip: list[Mover] = field(default_factory=list[Mover])


def preview(connection: sa.Connection, draft: Version, now: datetime) -> Preview:
    """Price all profiles under a draft and under the version that scores, a page at a time, and compare."""
    found = Preview()
    old = version_of(connection, draft.model, None)
    after = ""
    while True:
        founders = sa.select(identities.c.id).where(
            identities.c.id == identities.c.profile_id, identities.c.id > after
        )
        page = connection.execute(founders.order_by(identities.c.id).limit(PAGE)).scalars().all()
        if not page:
            return found
        after = page[-1]
        persons = [person for person in find(connection, page) if person.id in set(page)]
        before = _appraised(connection, persons, old, day_of(now)) if old else {}
        under_draft = _appraised(connection, persons, draft, day_of(now))
        past = cycles.read(connection, persons)
        for profile_id, new in sorted(under_draft.items()):
            begun = past.get((profile_id, draft.model), ())
            _take(found, profile_id, before.get(profile_id), new, begun)
        _keep_the_first(found)


def _appraised(
    connection: sa.Connection, persons: list[Person], version: Version, day: int
) -> Mapping[str, Appraisal]:
    known = known_under(connection, persons, version)
    several = list(known.values())
    appraisals = appraise_all(several, crowd_of(several, version.matrix), version.matrix, day)
    return dict(zip(known, appraisals, strict=True))


def _take(
    found: Preview, profile_id: str, old: Appraisal | None, new: Appraisal, begun: Sequence[Cycle]
) -> None:
    found.profiles += 1
    mover = Mover(profile_id, None if old is None else old.score, new.score)
    if _gain(mover):
        found.moved += 1
        found.biggest_movers.append(mover)
    if new.state == QUALIFIED:
        if any(cycle.lead_id is not None for cycle in begun):
            found.already_handed_over += 1
        elif begun:
            found.kept_back += 1
        else:
            found.newly_flipped += 1
            found.would_flip.append(mover)
    elif old is not None and old.state == QUALIFIED:
        found.un_flipped += 1
        found.would_un_flip.append(mover)


def _keep_the_first(found: Preview) -> None:
    # Of equal ones the least id goes first, as in the flip-diff of the activation that may follow.
    found.biggest_movers = _first(MOVERS, found.biggest_movers, _gain)
    found.would_flip = _first(EXAMPLES, found.would_flip, lambda one: one.after)
    found.would_un_flip = _first(EXAMPLES, found.would_un_flip, lambda one: one.before or 0)


def _first(number: int, movers: Sequence[Mover], measure: Callable[[Mover], float]) -> list[Mover]:
    return heapq.nsmallest(number, movers, key=lambda one: (-measure(one), one.profile_id))


def _gain(mover: Mover) -> float:
    return abs(mover.after - (mover.before or 0))
