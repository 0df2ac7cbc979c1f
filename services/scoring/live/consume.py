"""Consuming: a batch of events becomes profiles, counts, scores and leads in one transaction."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from services.scoring.core.counting.counts import Changes, StoredCounts
from services.scoring.core.counting.tally import Tally, count
from services.scoring.core.fold import fold_of
from services.scoring.core.profiles.batch import Profiles
from services.scoring.core.profiles.names import names_in
from services.scoring.core.profiles.normal_forms import Current
from services.scoring.core.revised import Revised
from services.scoring.live import resolution
from services.scoring.live.rescoring import rescore
from services.scoring.store import counts, effects, ledger, traits
from services.scoring.store import separations as separations_store
from services.scoring.store.folds import Stamp
from services.scoring.store.models import SHARED, hold
from services.scoring.store.names import Recorder
from shared.countable import Countable
from shared.errors import Poison
from shared.events import Interaction, LeadQualified, Retraction, Separation, decode
from shared.following.follower import Summary
from shared.identity import Forms
from shared.log.port import Message
from shared.process.clock import Clock
from shared.vocabulary import TOUCHES, is_activity


class Facts(NamedTuple):
    """The events of a batch by kind; the order of events does not matter."""

    interactions: Sequence[Interaction] = ()
    retractions: Sequence[Retraction] = ()
    separations: Sequence[Separation] = ()


class BatchResult(NamedTuple):
    """What became of a batch."""

    new: int
    profiles: int
    leads: Sequence[LeadQualified]


class Scorer:
    """Folds events into the tables; its only effect is on the given transaction.

    `limits` is how many identities of a kind a profile can have, `forms` are the rules of normal forms.
    """

    def __init__(self, clock: Clock, limits: Mapping[str, int], forms: Forms) -> None:
        self._clock = clock
        self._limits = limits
        self._current = Current(forms)
        self._stamp = Stamp(fold_of(forms, limits))
        self._names = Recorder()

    def apply(self, connection: Connection, messages: Sequence[Message]) -> Summary:
        """Apply the new events of the messages; raises Poison for an event of another topic.

        The summary has the number of `new` interactions, and of messages that have no identity left
        (`without_identity`).
        """
        self._stamp.put(connection)
        received = _facts(messages)
        interactions = self._current.interactions(received.interactions)
        separations = self._current.separations(received.separations)
        without_identity = (
            len(received.interactions) - len(interactions) + len(received.separations) - len(separations)
        )
        facts = Facts(interactions, received.retractions, separations)
        new, profiles, leads = self.take_in(connection, facts)
        return {"new": new, "without_identity": without_identity, "profiles": profiles, "flips": len(leads)}

    def take_in(self, connection: Connection, facts: Facts) -> BatchResult:
        """Count new interactions, subtract retracted ones, then rescore the profiles that changed."""
        retracted = ledger.retract(connection, facts.retractions)
        # A correction that comes back from the log has taken effect already.
        separations = separations_store.new_among(connection, facts.separations)
        if separations or not facts.interactions:
            # An unmerge may name unknown identities, which cannot be locked; so no other batch may link now.
            hold(connection, to_activate=bool(separations))
        interactions, valid = ledger.record(connection, facts.interactions, SHARED)
        if not (interactions or retracted or separations):
            return BatchResult(0, 0, ())
        profiles, matrices = resolution.resolve(
            connection, interactions, separations, others=retracted, limits=self._limits
        )
        traits.write(connection, interactions)
        effects.take_back(connection, retracted)
        effects.write(connection, valid)
        touched = {interaction.identities[0].id for interaction in interactions} | retracted.keys()
        touched |= profiles.linked | profiles.founded.keys()
        # Also where no count has changed: by the new revision concurrent readers of the profiles run again.
        counts.write(connection, _fold(valid, retracted, profiles, sorted(touched), matrices.tally))
        changed = {profile.id: profile for profile in map(profiles.of, touched)}
        now = self._clock.now()
        leads, _ = rescore(
            connection,
            changed.values(),
            matrices,
            now,
            acted=_acted(valid, profiles, now),
            only_touched=_only_touched(interactions, retracted, profiles),
            removed=profiles.absorbed,
        )
        # A retraction does not remove the names, so all interactions count here.
        self._names.record(connection, names_in(interactions))
        return BatchResult(len(interactions), len(changed), leads)


def _acted(interactions: Iterable[Interaction], profiles: Profiles, now: datetime) -> dict[str, datetime]:
    """Return when profiles last had a human interaction, by their id; for new profiles that is now."""
    acted = dict.fromkeys(_newcomers(profiles), now)
    for interaction in interactions:
        if is_activity(interaction):
            profile_id = profiles.of(interaction.identities[0].id).id
            acted[profile_id] = max(acted.get(profile_id, interaction.occurred_at), interaction.occurred_at)
    return acted


def _only_touched(
    interactions: Sequence[Interaction], retracted: Iterable[str], profiles: Profiles
) -> set[str]:
    """Return the ids of the profiles that had only touches."""
    touches = [interaction for interaction in interactions if interaction.type in TOUCHES]
    if not touches:
        return set()
    others = {
        interaction.identities[0].id for interaction in interactions if interaction.type not in TOUCHES
    }.union(retracted)
    touched = {profiles.of(interaction.identities[0].id).id for interaction in touches}
    return touched - {profiles.of(identity_id).id for identity_id in others}


def _newcomers(profiles: Profiles) -> Iterator[str]:
    """Yield the ids of the profiles that had no identity in the tables before."""
    for identity_id in profiles.founded:
        profile = profiles.of(identity_id)
        if profile.identities.keys() <= profiles.founded.keys():
            yield profile.id


def _facts(messages: Iterable[Message]) -> Facts:
    interactions: list[Interaction] = []
    retractions: list[Retraction] = []
    separations: list[Separation] = []
    for message in messages:
        match decode(message.value):
            case Interaction() as event:
                interactions.append(event)
            case Retraction() as event:
                retractions.append(event)
            case Separation() as event:
                separations.append(event)
            case event:
                raise Poison("unexpected_event", f"{type(event).__name__} does not belong on this topic.")
    return Facts(interactions, retractions, separations)


def _fold(
    interactions: Iterable[Interaction],
    retracted: Mapping[str, Iterable[Countable]],
    profiles: Profiles,
    touched: Sequence[str],
    tally: Tally,
) -> dict[str, Revised[StoredCounts]]:
    """Add to and subtract from the counts of the identities that posted the interactions.

    Returns the counts of all touched identities, which are set on their profiles.
    """
    indexes = {identity_id: index for index, identity_id in enumerate(touched)}
    changes = Changes()
    for interaction in interactions:
        count(changes, indexes[interaction.identities[0].id], interaction, tally)
    for identity_id, posted in retracted.items():
        for interaction in posted:
            count(changes, indexes[identity_id], interaction, tally, times=-1)
    before = [profiles.of(identity_id).counts_of(identity_id) for identity_id in touched]
    after = changes.to([stored.recent for stored, _ in before])
    folded = {
        identity_id: Revised(StoredCounts(recent, stored.older), revision)
        for identity_id, recent, (stored, revision) in zip(touched, after, before, strict=True)
    }
    for identity_id, changed in folded.items():
        profiles.of(identity_id).counts_by_identity[identity_id] = changed
    return folded
