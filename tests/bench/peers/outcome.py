"""What a fold came to, and whether two of them came to the same."""

from collections.abc import Mapping
from typing import NamedTuple

from tests.bench.arena import Wrong

SHOWN = 5


class Outcome(NamedTuple):
    """Everybody's score and who became a lead; a profile is named by its strongest identity."""

    scores: Mapping[str, float]
    leads: frozenset[str]


def check_scores(some: Mapping[str, float], others: Mapping[str, float], *, between: str) -> None:
    """Raise Wrong unless both know the same profiles and every score is equal."""
    different = sorted(name for name in some.keys() | others.keys() if some.get(name) != others.get(name))
    if different:
        shown = ", ".join(f"{name}: {some.get(name)} and {others.get(name)}" for name in different[:SHOWN])
        raise Wrong(f"{len(different):,} scores differ between {between}, such as {shown}")


def leads_only_theirs(ours: Outcome, theirs: Outcome, flip_number: float, *, whose: str) -> int:
    """Return how many leads they have that ours has not.

    They price after each event and ours after a batch, so they also see who falls back within a batch. Such a
    profile is below the flip number until ours makes a lead of it. Raises Wrong at any other difference.
    """
    missing = ours.leads - theirs.leads
    if missing:
        raise Wrong(f"{len(missing):,} leads of ours are none of {whose}, such as {min(missing)}")
    more = theirs.leads - ours.leads
    unexplained = sorted(name for name in more if theirs.scores[name] >= flip_number)
    if unexplained:
        raise Wrong(f"{len(unexplained):,} leads of {whose} are none of ours, such as {unexplained[0]}")
    return len(more)
