"""Preview: what a draft would change for all profiles, computed without changing anything."""

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from services.scoring.change.flip_diff import MOVERS, FlipDiff, Mover
from services.scoring.core.counting.arrays import Floats, Indices
from services.scoring.core.counting.tally import day_of
from services.scoring.core.pricing.appraisal import QUALIFIED, states_of
from services.scoring.core.pricing.price import ScoreInput, columns_of
from services.scoring.core.pricing.rule_points import rule_lines
from services.scoring.core.pricing.scores import scores_of
from services.scoring.live.lookup import uncounted_of, with_uncounted
from services.scoring.matrix.matrix import Matrix
from services.scoring.matrix.needed_traits import needed_traits
from services.scoring.matrix.version import Version
from services.scoring.store import all_profiles, cycles
from services.scoring.store.models import version_of

PAGE: Final = 10_000
EXAMPLES: Final = 20


@dataclass
class Preview(FlipDiff):
    """A flip-diff with examples of its profiles.

    They are the profiles with the highest scores of those that would flip, and of those that would no longer
    qualify the ones with the highest scores so far, EXAMPLES of each.
    """

    profiles: int = 0
    would_flip: list[Mover] = field(default_factory=list[Mover])
    would_un_flip: list[Mover] = field(default_factory=list[Mover])


def preview(connection: Connection, draft: Version, now: datetime) -> Preview:
    """Price all profiles under a draft and under the active version, a page at a time, and compare."""
    found = Preview()
    old, day = version_of(connection, draft.model, None), day_of(now)
    matrices = [version.matrix for version in (old, draft) if version is not None]
    trait_names = needed_traits(matrices) if any(matrix.reads_traits for matrix in matrices) else ()
    uncounted = uncounted_of(connection, draft)
    after = ""
    while (page := all_profiles.read(connection, after, PAGE, trait_names)).profile_ids:
        after = page.profile_ids[-1]
        before = _scores(page.known, old.matrix, day) if old else None
        known = with_uncounted(connection, page.known, page.identity_ids, uncounted)
        _take(connection, found, _Page(page.profile_ids, before, _scores(known, draft.matrix, day)), draft)
    return found


class _Scores(NamedTuple):
    """The scores of profiles, and which of them qualify."""

    points: Floats
    qualifies: NDArray[np.bool_]


def _scores(known: Sequence[ScoreInput], matrix: Matrix, day: int) -> _Scores:
    columns = columns_of(known, matrix)
    points = scores_of(known, columns, rule_lines(columns, matrix, day), matrix, day).points
    states = states_of(known, points, matrix, day)
    return _Scores(points, np.array([state == QUALIFIED for state in states], np.bool_))


class _Page(NamedTuple):
    """Profiles in the order of their ids, under the active version, if there is one, and under the draft."""

    profile_ids: Sequence[str]
    before: _Scores | None
    after: _Scores

    def movers(self, indices: Indices, measure: Floats, most: int) -> Iterator[Mover]:
        """Yield the profiles with the highest measure among those at some indices."""
        # Of equal profiles the least id goes first, as in the flip-diff of the activation that may follow.
        highest: list[int] = indices[np.argsort(-measure[indices], kind="stable")[:most]].tolist()
        for index in highest:
            before = self.before.points.item(index) if self.before else None
            yield Mover(self.profile_ids[index], before, self.after.points.item(index))


def _take(connection: Connection, found: Preview, page: _Page, draft: Version) -> None:
    points, qualify = page.after.points, np.flatnonzero(page.after.qualifies)
    gains = np.abs(points - page.before.points if page.before else points)
    moved = np.flatnonzero(gains)
    ids = [page.profile_ids[index] for index in qualify.tolist()]
    flipped = cycles.flipped_profiles(connection, ids, draft.model)
    has_lead = [flipped.get(profile_id) for profile_id in ids]
    newly = qualify[np.array([lead is None for lead in has_lead], np.bool_)]
    found.profiles += len(page.profile_ids)
    found.moved += len(moved)
    found.newly_flipped += len(newly)
    found.already_handed_over += has_lead.count(True)
    found.kept_back += has_lead.count(False)
    _keep(found.biggest_movers, page.movers(moved, gains, MOVERS), MOVERS, _gain)
    _keep(found.would_flip, page.movers(newly, points, EXAMPLES), EXAMPLES, lambda mover: mover.after)
    if page.before is not None:
        un_flipped = np.flatnonzero(page.before.qualifies & ~page.after.qualifies)
        found.un_flipped += len(un_flipped)
        losers = page.movers(un_flipped, page.before.points, EXAMPLES)
        _keep(found.would_un_flip, losers, EXAMPLES, lambda mover: mover.before or 0)


def _keep(highest: list[Mover], more: Iterable[Mover], most: int, measure: Callable[[Mover], float]) -> None:
    """Replace the movers in `highest` by those of both lists that have the highest measure."""
    both = [*highest, *more]
    highest[:] = heapq.nsmallest(most, both, key=lambda mover: (-measure(mover), mover.profile_id))


def _gain(mover: Mover) -> float:
    return abs(mover.after - (mover.before or 0))
