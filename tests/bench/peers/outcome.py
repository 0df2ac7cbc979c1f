"""The outcome of a fold, and the comparison of two outcomes."""

from collections.abc import Mapping
from typing import NamedTuple

from tests.bench.arena import Wrong

SHOWN = 5


class Outcome(NamedTuple):
    """The scores of all profiles, and the leads; a profile is named by its strongest identity."""

    scores: Mapping[str, float]
    leads: frozenset[str]


def check_scores(some: Mapping[str, float], others: Mapping[str, float], *, between: str) -> None:
    """Raise Wrong unless both have the same profiles and every score is equal."""
    different = sorted(name for name in some.keys() | others.keys() if some.get(name) != others.get(name))
    if different:
        shown = ", ".join(f"{name}: {some.get(name)} and {others.get(name)}" for name in different[:SHOWN])
        raise Wrong(f"{len(different):,} scores differ between {between}, such as {shown}")


def leads_only_theirs(ours: Outcome, theirs: Outcome, flip_number: float, *, peer: str) -> int:
    """Return how many leads the peer has that ours has not.

    The peer prices after each event and ours after a batch, so only the peer sees a profile that flips and
    falls back within a batch. Such a profile is then below the flip number. Raises Wrong at any other
    difference.
    """
    missing = ours.leads - theirs.leads
    if missing:
        raise Wrong(f"{len(missing):,} leads of ours are none of {peer}, such as {min(missing)}")
    more = theirs.leads - ours.leads
    unexplained = sorted(name for name in more if theirs.scores[name] >= flip_number)
    if unexplained:
        raise Wrong(f"{len(unexplained):,} leads of {peer} are none of ours, such as {unexplained[0]}")
    return len(more)
