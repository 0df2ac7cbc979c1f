"""The flip-diff: which profiles a version flips that the one before did not, and the reverse."""

from dataclasses import dataclass, field

from sqlalchemy import Connection

from services.scoring.matrix.version import Version
from services.scoring.store import flip_diffs

MOVERS = 10


@dataclass(frozen=True)
class Mover:
    """A profile whose score changes much; `before` is None where no version was active."""

    profile_id: str
    before: float | None
    after: float


@dataclass
class FlipDiff:
    """What a version changes for the hand-off, in profiles, and which profiles gain or lose most.

    Profiles that qualify under it are newly flipped if they were in no cycle, already handed over if there is
    a lead, and else kept back: activations kept back all their cycles. `moved` are the profiles whose
    score changes; `biggest_movers` are some of them.
    """

    newly_flipped: int = 0
    un_flipped: int = 0
    already_handed_over: int = 0
    kept_back: int = 0
    handed_over_now: int = 0
    moved: int = 0
    biggest_movers: list[Mover] = field(default_factory=list[Mover])


def compare(connection: Connection, old: Version | None, new: Version) -> FlipDiff:
    """Compare two versions of a model that have both priced every profile."""
    numbers = flip_diffs.numbers(connection, old, new)
    movers = flip_diffs.biggest_movers(connection, old, new, MOVERS)
    return FlipDiff(**numbers._asdict(), biggest_movers=[Mover(*mover) for mover in movers])
