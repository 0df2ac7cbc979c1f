"""Identity resolution: the profiles of a batch are loaded, its links are decided on, the result is written.

What has too many links, contradicts a rule or is separated needs a second look: the links of all identities
concerned are loaded, decided on and written again.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from sqlalchemy import Connection

from services.scoring.core.profiles.batch import Profiles
from services.scoring.core.profiles.decision import (
    Loaded,
    are_latest,
    decide,
    may_join,
    named_in,
    regrouped,
)
from services.scoring.core.profiles.linking import LinkRules, links_of
from services.scoring.store import links, profile_locks, separations
from services.scoring.store import profiles as profile_rows
from services.scoring.store.models import Active
from services.scoring.store.users import may_have_aliases
from shared.errors import Unavailable
from shared.events import Interaction, Separation


def resolve(
    connection: Connection,
    interactions: Sequence[Interaction],
    parted: Sequence[Separation] = (),
    *,
    others: Iterable[str] = (),
    limits: Mapping[str, int],
) -> tuple[Profiles, Active]:
    """Return the profiles of the events, after creating, merging and separating them in the tables.

    Also returns the active versions, which the caller has locked: they are read by the statement that locks
    the profiles. `others` are ids of further identities whose profiles are wanted. Raises Unavailable when
    another worker changes one of them at the same moment: the batch then simply runs again.
    """
    loaded, matrices = _load(connection, interactions, parted, others)
    decision = decide(interactions, loaded, limits)
    profiles = decision.profiles
    profile_rows.write(connection, profiles)
    links.write_refused(connection, loaded.new_links, decision.refused)
    unsettled = decision.unsettled | _refuse_contested(connection, profiles)
    if unsettled:
        _apply_again(connection, profiles, unsettled, loaded.earliest.keys(), limits)
    return profiles, matrices


def _load(
    connection: Connection,
    interactions: Sequence[Interaction],
    parted: Sequence[Separation],
    others: Iterable[str],
) -> tuple[Loaded, Active]:
    """Store the evidence of a batch, and return what the tables have about the identities that it names.

    Which separations and links are new, and so have to be decided on, is known once they are stored.
    """
    separated = separations.write(connection, parted)
    named = named_in(interactions, separated, others)
    profiles, matrices = profile_locks.lock_and_read_active(connection, named.all, named.linking)
    sides = separations.sides_of(connection, may_join(profiles, named.linking))
    new_links = links.write(connection, links_of(interactions))
    earliest = links.earliest(connection, links.crowded(connection, new_links))
    return Loaded(profiles, sides, separated, new_links, earliest), matrices


def _refuse_contested(connection: Connection, profiles: Profiles) -> set[str]:
    """Refuse the links that a rule objected to, or return identities whose links must all be applied again.

    The links that hold within the profiles are not loaded with each batch, because few batches need them.
    """
    contested = profiles.contested
    if not contested:
        return set()
    groups = [profiles.both_of(link) for link in contested]
    # The rules that objected did not consider aliases, which are rare.
    if not may_have_aliases(connection, groups):
        holding = links.holding(connection, [i for group in groups for i in group])
        if are_latest(contested, profiles, holding):
            why = {link.pair: profiles.objection(link) for link in contested}
            links.write_refused(connection, contested, why)
            return set()
    return {i for link in contested for i in link.pair}


def _apply_again(
    connection: Connection,
    profiles: Profiles,
    unsettled: Collection[str],
    crowded: Collection[str],
    limits: Mapping[str, int],
) -> None:
    """Decide again on all links that any heeded link ever connected with the unsettled identities.

    Links of `crowded`, identities with too many links, may have been displaced by new links.
    """
    # A link may have lost its effect that once joined identities; they are in the same profile until now.
    seeds = set(unsettled).union(*(profiles.of(i).identities for i in unsettled if i in profiles))
    component = links.component(connection, seeds)
    ids = {i for link in component for i in link.pair} | seeds
    loaded = profile_locks.lock(connection, ids, ids)
    if component != links.component(connection, seeds):
        raise Unavailable("link_race", "Another worker is just linking the same identities.")
    sides = separations.sides_of(connection, may_join(loaded, ids))

    moves, refused = regrouped(profiles, loaded, component, LinkRules(limits, sides))

    profile_rows.move(connection, profiles, moves)
    links.write_refused(connection, component, refused)
    if displacing := seeds.intersection(crowded):
        links.refuse_displaced(connection, displacing, component)
