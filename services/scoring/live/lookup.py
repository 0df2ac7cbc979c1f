"""Reading the counts of profiles under a version whose conditions may not be counted yet."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection

from services.scoring.core.counting.counts import total, without
from services.scoring.core.counting.tally import Tally, counted, day_of
from services.scoring.core.pricing.flip import Cycle
from services.scoring.core.pricing.price import ScoreInput
from services.scoring.core.pricing.scores import points
from services.scoring.core.profiles.linking import Profile
from services.scoring.matrix.version import Version
from services.scoring.store import ledger, traits
from services.scoring.store.models import active, version_of


def known_under(
    connection: Connection, profiles: Sequence[Profile], version: Version
) -> dict[str, ScoreInput]:
    """Return the input of scores in a version, by profile id.

    Conditions that no active version counts are counted from the ledger.
    """
    known = traits.known(connection, profiles)
    ids = [list(profile.identities) for profile in profiles]
    counted_too = with_uncounted(connection, list(known.values()), ids, uncounted_of(connection, version))
    return dict(zip(known, counted_too, strict=True))


def uncounted_of(connection: Connection, version: Version) -> Tally:
    """Return what a version reads and no active version counts."""
    return Tally([version.matrix], only=active(connection).uncounted(version.matrix))


def with_uncounted(
    connection: Connection,
    known: Sequence[ScoreInput],
    identity_ids: Sequence[Sequence[str]],
    uncounted: Tally,
) -> Sequence[ScoreInput]:
    """Return the input of scores with the uncounted conditions, counted from the identities' ledger."""
    if not uncounted.keys:
        return known
    posted = ledger.read(connection, [i for ids in identity_ids for i in ids])
    found: list[ScoreInput] = []
    for score_input, ids in zip(known, identity_ids, strict=True):
        interactions = (interaction for i in ids for interaction in posted.get(i, ()))
        counts = total([without(score_input.counts, uncounted.keys), counted(interactions, uncounted)])
        found.append(score_input._replace(counts=counts))
    return found


def reaches_in(connection: Connection, profile: Profile, cycle: Cycle) -> bool:
    """Return whether a profile, as it is now, reaches a cycle's flip number at the end of its first day.

    If the version of the cycle is unknown, the answer is True.
    """
    version = version_of(connection, cycle.model, cycle.version)
    if version is None:
        return True
    known = known_under(connection, [profile], version)[profile.id]
    return points(known, version.matrix, day_of(cycle.flipped_at)) >= version.matrix.flip_number


def own_cycles(connection: Connection, profile: Profile, past: Iterable[Cycle]) -> list[Cycle]:
    """Return the cycles of a profile in which this profile itself flipped.

    After an unmerge, a cycle belongs to the profiles that reach the flip number alone at the end of its day.
    """
    return [cycle for cycle in past if not cycle.is_parted or reaches_in(connection, profile, cycle)]
