"""The question about a score: under which version, on which day, and what became of the profile so far."""

from datetime import datetime
from typing import Final, NamedTuple

from sqlalchemy import Connection

from services.scoring.core.counting.tally import day_of
from services.scoring.core.explaining.why import WhyInput
from services.scoring.core.pricing.appraisal import QUALIFIED
from services.scoring.core.pricing.flip import Cycle
from services.scoring.core.pricing.price import ScoreInput
from services.scoring.core.profiles.linking import Profile
from services.scoring.live.lookup import known_under, own_cycles
from services.scoring.matrix.version import Version
from services.scoring.store import cycles, scores, traits
from services.scoring.store.listing import just_qualified
from services.scoring.store.models import draft_of, last_to_score, version_of
from services.scoring.store.profiles import find, find_one
from services.scoring.store.vocabulary import active_version_of, not_there

PEERS: Final = 50
"""How many other qualifying profiles are read, to see which rules they met."""

DRAFT: Final = "draft"


class RequestedVersion(NamedTuple):
    """A version that is asked for, and the active version of its model, if any."""

    version: Version
    active: Version | None

    @property
    def scores_now(self) -> bool:
        """Whether the version that is asked for is the active one."""
        return self.version == self.active


class Question(NamedTuple):
    """A question about a profile, with the input of its score, as of an instant."""

    why_input: WhyInput
    known: ScoreInput
    at: datetime


def requested_version(
    connection: Connection, model: str, which: str | None, *, or_last: bool = False
) -> RequestedVersion:
    """Return a version by its number or as `draft`; without either the active version.

    For a retired model that is, with `or_last`, the version that scored last. Raises NotFound.
    """
    active = version_of(connection, model, None)
    if which == DRAFT:
        found = draft_of(connection, model)
    elif which is not None:
        found = version_of(connection, model, int(which))
    else:
        found = active or (last_to_score(connection, model) if or_last else None)
        # A request for the active version gets an error that says when the model is retired.
        found = found or active_version_of(connection, model)
    if found is None:
        unknown = "draft" if which == DRAFT else int(which or 0)
        raise not_there(connection, model, unknown, "query.version")
    return RequestedVersion(found, active)


def question(
    connection: Connection,
    profile_id: str,
    model: str,
    *,
    at: datetime | None,
    which: str | None,
    now: datetime,
) -> Question:
    """Return the question why a profile flipped, or why not.

    Without `at` and `which` it is about the moment of the latest flip, under the version of that flip. Raises
    NotFound when there is no such profile, or no such version of the model.
    """
    profile = find_one(connection, profile_id)
    past_cycles = cycles.read(connection, [profile]).get((profile.id, model), ())
    own = sorted(own_cycles(connection, profile, past_cycles), key=lambda cycle: cycle.number)
    of_flip = at is None and which is None and bool(own)
    when = own[-1].flipped_at if of_flip else at or now
    number = str(own[-1].version) if of_flip else which
    requested = requested_version(connection, model, number, or_last=True)
    day = day_of(when)
    until = [cycle for cycle in own if day_of(cycle.flipped_at) <= day]
    cycle = until[-1] if until else None
    why_input = WhyInput(
        version=requested.version,
        day=day,
        is_draft=which == DRAFT,
        scores_now=requested.scores_now,
        of_flip=of_flip,
        cycle=cycle,
        next_from=_next_from(cycle, requested.active or requested.version),
        waits=not own and requested.scores_now and _qualifies(connection, profile, requested.version),
        others=tuple(other for other in past_cycles if other not in own and day_of(other.flipped_at) <= day),
        peers=_peers(connection, profile, requested.active),
    )
    known = known_under(connection, [profile], requested.version)[profile.id]
    return Question(why_input, known, when)


def _next_from(cycle: Cycle | None, version: Version) -> int | None:
    """Return the first day on which a version allows another cycle, None if it never does."""
    wait = version.matrix.requalify_after
    return None if cycle is None or wait is None else day_of(cycle.flipped_at) + wait


def _qualifies(connection: Connection, profile: Profile, version: Version) -> bool:
    """Return whether a profile qualified when it was last priced."""
    stored = scores.read(connection, [profile.id], [version])
    return any(score.value.state == QUALIFIED for score in stored.values())


def _peers(connection: Connection, profile: Profile, active: Version | None) -> list[ScoreInput]:
    """Return the input of the scores of other profiles that qualify now in the active version.

    Conditions that are not counted are missing from it.
    """
    if active is None:
        return []
    ids = just_qualified(connection, active, PEERS, without=profile.id)
    profiles = find(connection, ids)
    return [*traits.known(connection, profiles).values()]
