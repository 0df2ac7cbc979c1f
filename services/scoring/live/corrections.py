"""Corrections by hand: retractions, unmerges and adjustments.

Each is an event. It takes effect at once, in the transaction that also puts it into the outbox; when it comes
back from the log it has no further effect, and a rebuild from the log gives the same tables.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
from sqlalchemy import Connection

from services.scoring.core.counting.adjustments import Adjustment
from services.scoring.core.counting.tally import day_of
from services.scoring.core.pricing.flip import Cycle
from services.scoring.core.profiles.linking import Profile
from services.scoring.live.consume import Facts, Scorer
from services.scoring.live.lookup import reaches_in
from services.scoring.store import cycles, ledger, profile_locks
from services.scoring.store.models import hold
from services.scoring.store.profiles import find, find_one
from services.scoring.store.selection import Selection, chosen
from services.scoring.store.vocabulary import active_version_of
from shared.database import outbox
from shared.errors import Conflict, Refused
from shared.events import ADJUSTMENT, INTERACTIONS, Event, Interaction, Retraction, Separation, encode
from shared.identity import Identity, by_strength, twin_of
from shared.ids import NewId
from shared.log.port import Record
from shared.process.clock import Clock
from shared.values import check_known

CHUNK: Final = 500


@dataclass(frozen=True)
class Note:
    """Why a correction is made, and who makes it."""

    reason: str
    author: str


class Corrections:
    """Applies corrections within the caller's transaction."""

    def __init__(self, scorer: Scorer, clock: Clock, new_id: NewId) -> None:
        self._scorer = scorer
        self._clock = clock
        self._new_id = new_id

    def retract(
        self, connection: Connection, profile_id: str, selection: Selection, note: Note
    ) -> Sequence[str]:
        """Take interactions out of all counts and return their ids.

        Raises NotFound when no selected interaction counts, TooLarge for more than MAX_RETRACTED.
        """
        profile = _held(connection, profile_id)
        ids_of = chosen(connection, profile, selection)
        events = [
            Retraction(
                id=self._new_id(),
                identity=identity,
                interactions=tuple(ids[start : start + CHUNK]),
                reason=note.reason,
                author=note.author,
                retracted_at=self._clock.now(),
            )
            for identity_id, ids in sorted(ids_of.items())
            for identity in [profile.identities[identity_id]]
            for start in range(0, len(ids), CHUNK)
        ]
        self._take_in(connection, Facts(retractions=events), [(e.identity, e) for e in events])
        return sorted(i for ids in ids_of.values() for i in ids)

    def unmerge(
        self, connection: Connection, profile_id: str, apart: Sequence[Identity], note: Note
    ) -> Sequence[Profile]:
        """Part identities from the others of a profile for good; return the profiles that result."""
        profile = _held(connection, profile_id, to_separate=True)
        separated = {identity.id: identity for identity in apart}
        # Naming a user id also means the former user id with the same value, and the reverse.
        twins = filter(None, map(twin_of, apart))
        separated |= {twin.id: twin for twin in twins if twin.id in profile.identities}
        for identity_id, identity in separated.items():
            if identity_id not in profile.identities:
                kinds = {known.kind for known in profile.identities.values()}
                check_known("identity_unknown", {"identities": identity.kind}, sorted(kinds))
                raise Refused(
                    "identity_unknown",
                    f"The profile has no {identity.kind} {identity.value}.",
                    "identities",
                )
        others = [identity for i, identity in profile.identities.items() if i not in separated]
        if not others:
            raise Refused(
                "nothing_left", "Name some of the profile's identities, not all of them.", "identities"
            )
        event = Separation(
            id=self._new_id(),
            identities=by_strength(separated.values()),
            others=by_strength(others),
            reason=note.reason,
            author=note.author,
            separated_at=self._clock.now(),
        )
        self._take_in(connection, Facts(separations=[event]), [(event.identities[0], event)])
        return sorted(find(connection, sorted(profile.identities)), key=lambda result: result.id)

    def adjust(self, connection: Connection, profile_id: str, given: Adjustment, event_id: str | None) -> str:
        """Give or take points by hand and return the id of the event; a repeated id has no further effect.

        Raises Refused when the points would never count, Conflict when the id belongs to another event.
        """
        profile = _held(connection, profile_id)
        active_version_of(connection, given.model, "model")
        if event_id is not None and _was_given(connection, profile, given, event_id):
            return event_id
        now = self._clock.now()
        if given.until is not None and given.until.toordinal() < day_of(now):
            raise Refused("until_past", f"{given.until} is over, so the points would never count.", "until")
        strongest = by_strength(profile.identities.values())[0]
        event = Interaction(
            id=event_id or self._new_id(),
            type=ADJUSTMENT,
            identities=(strongest,),
            occurred_at=now,
            received_at=now,
            source="ops",
            properties=msgspec.to_builtins(given),
        )
        self._take_in(connection, Facts(interactions=[event]), [(strongest, event)])
        # Another request may have used the id at this moment; this raises unless it was for the same.
        _was_given(connection, profile, given, event.id)
        return event.id

    def _take_in(
        self, connection: Connection, facts: Facts, events: Sequence[tuple[Identity, Event]]
    ) -> None:
        outcome = self._scorer.take_in(connection, facts)
        if facts.interactions and not outcome.new:
            return  # a repeated request, whose event is published already
        outbox.put(
            connection, [Record(INTERACTIONS, identity.id, encode(event)) for identity, event in events]
        )


def _held(connection: Connection, profile_id: str, *, to_separate: bool = False) -> Profile:
    """Return the profile of an id, locked against other corrections; raises NotFound."""
    # In the order in which live scoring takes both locks, and at once as strongly as needed: a deadlock would
    # cost both a second.
    hold(connection, to_activate=to_separate)
    known = find_one(connection, profile_id)
    (profile,) = profile_locks.lock(connection, [known.id], {known.id})
    return profile


def _was_given(connection: Connection, profile: Profile, given: Adjustment, event_id: str) -> bool:
    """Return whether this adjustment exists already; raises Conflict when the id belongs to another event."""
    known = ledger.find(connection, event_id)
    if known is None:
        return False
    same = known.type == ADJUSTMENT and known.identity_id in profile.identities
    if not same or known.properties != msgspec.to_builtins(given):
        raise Conflict("id_taken", f"{event_id} is the id of another interaction; give one of its own.", "id")
    return True


def undone(connection: Connection, profile_id: str) -> list[Cycle]:
    """Return the cycles of a profile that have a lead and would not have begun by today's counts.

    It may read all interactions of the profile, so its transaction must not be one that others wait for.
    Raises NotFound.
    """
    profile = find_one(connection, profile_id)
    handed_over = [
        cycle
        for of_model in cycles.read(connection, [profile]).values()
        for cycle in of_model
        if cycle.lead_id is not None
    ]
    return [cycle for cycle in handed_over if not reaches_in(connection, profile, cycle)]
