"""Activation: a draft, or an older version, becomes the active version for all profiles at one instant."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection

from services.scoring.change import preparation
from services.scoring.change.flip_diff import FlipDiff, compare
from services.scoring.change.leads_ahead import AT_MOST, LeadsAhead, leads_ahead, qualifying, still_true
from services.scoring.change.pages import Pages
from services.scoring.core.counting.tally import day_of
from services.scoring.matrix.version import Version
from services.scoring.store import activations, cycles, preparations, scores
from services.scoring.store.activations import Activated
from services.scoring.store.drafts import check_unchanged
from services.scoring.store.lifecycle import make_active, state_of
from services.scoring.store.models import lock_active_versions, next_number, version_of
from services.scoring.store.preparations import COUNTING, READY, Phase
from services.scoring.store.vocabulary import not_there
from shared.database import outbox
from shared.database.engine import Database
from shared.errors import Conflict
from shared.events import LEADS, MATRICES, encode
from shared.ids import derived_id
from shared.log.port import Record
from shared.model_events import MatrixActivated
from shared.process.clock import Clock

Handoff = Literal["all", "new_activity_only", "none"]


@dataclass(frozen=True)
class Activation:
    """What to activate: the draft, or a named older version; and its author and note.

    `handoff` says which profiles sales gets of those that qualify only now: all, those with a new interaction
    from now on, or none. With `all` sales also gets the profiles that earlier activations kept back.
    `if_match` is the tag that the draft must have.
    """

    handoff: Handoff
    version: int | None = None
    if_match: str | None = None
    note: str | None = None
    author: str | None = None


async def activate(
    database: Database, clock: Clock, model: str, activation: Activation
) -> tuple[int, FlipDiff]:
    """Prepare a version beside the active one, then let it take over.

    Returns its number and the flip-diff as of the moment before it takes over.

    Live scoring goes on meanwhile and only pauses for the change itself. Raises NotFound without the model,
    the version or the draft, Conflict during another activation, Outdated when `if_match` does not name the
    draft's tag.
    """

    def started(connection: Connection) -> Version:
        lock_active_versions(connection, exclusive=True)
        version = _version_to_activate(connection, model, activation)
        preparation.start(connection, version, clock.now())
        return version

    def compared(connection: Connection) -> FlipDiff:
        return compare(connection, version_of(connection, model, None), version)

    def worked_out(connection: Connection) -> list[LeadsAhead]:
        profile_ids = scores.qualified_without_lead(connection, version, kept_back=True)
        return leads_ahead(connection, version, profile_ids[:AT_MOST], clock.now())

    def taken_over(connection: Connection) -> None:
        lock_active_versions(connection, exclusive=True)
        now = clock.now()
        _check_prepared(connection, version)
        if activation.handoff == "all":
            diff.handed_over_now = _hand_over(connection, version, ahead, now)
        elif activation.handoff == "none":
            _keep_back(connection, version, now)
        _publish(connection, version, activation, diff, now)
        preparations.delete(connection, version.model)

    # Reading a large matrix and removing a million old scores take long, so no transaction waits for them.
    version_to_clear = await database.read(
        lambda connection: _version_to_activate(connection, model, activation)
    )
    clearing = Pages(database, preparation.CLEARED_AT_ONCE)
    while await clearing.take(lambda connection, size: preparation.clear(connection, version_to_clear, size)):
        pass
    version = await database.unit(started)
    await _prepare(database, clock, model)
    # For a million profiles this takes tens of seconds, too long to pause scoring. Live batches price their
    # profiles in both versions, so what is compared is complete at any moment.
    diff = await database.read(compared)
    ahead = await database.read(worked_out) if activation.handoff == "all" else []
    await database.unit(taken_over)
    return version.number, diff


def _version_to_activate(connection: Connection, model: str, activation: Activation) -> Version:
    state = state_of(connection, model)
    if state is None:
        raise not_there(connection, model, activation.version)
    number = activation.version
    if number is None:
        check_unchanged(state.draft, activation.if_match)
        if state.draft is None:
            raise not_there(connection, model, "draft")
        return Version.read(model, next_number(connection, model), state.draft)
    if number == state.active_version:
        raise Conflict("version_active", f"Version {number} of {model} is the active one.")
    version = version_of(connection, model, number)
    if version is None:
        raise not_there(connection, model, number, "version")
    return version


async def _prepare(database: Database, clock: Clock, model: str) -> None:
    counting = Pages(database, preparation.COUNTED_AT_ONCE)
    pricing = Pages(database, preparation.PRICED_AT_ONCE)
    phase: Phase = COUNTING
    while phase != READY:
        pages = counting if phase == COUNTING else pricing
        phase = await pages.take(lambda c, size: preparation.advance(c, model, clock.now(), size))


def _check_prepared(connection: Connection, version: Version) -> None:
    prepared = preparations.read(connection, version.model)
    if prepared is None or prepared.version != version or prepared.phase != READY:
        raise Conflict("activation_lost", f"The activation of {version.model} was ended by another request.")


def _hand_over(connection: Connection, version: Version, ahead: Sequence[LeadsAhead], now: datetime) -> int:
    """Hand over every profile that qualifies and has no lead yet; return their number."""
    profile_ids = scores.qualified_without_lead(connection, version, kept_back=True)
    lead_of = {computed.lead.profile_id: computed for computed in ahead}
    leads = still_true(connection, [lead_of[i] for i in profile_ids if i in lead_of], now)
    done = {lead.profile_id for lead in leads}
    late = leads_ahead(connection, version, [i for i in profile_ids if i not in done], now)
    leads += [computed.lead for computed in late]
    cycles.hand_over(connection, leads)
    outbox.put(connection, [Record(LEADS, lead.profile_id, encode(lead)) for lead in leads])
    return len(leads)


def _keep_back(connection: Connection, version: Version, now: datetime) -> None:
    """Keep back every profile that qualifies and is in no cycle."""
    day = day_of(now)
    profile_ids = scores.qualified_without_lead(connection, version, kept_back=False)
    old = scores.overdue(connection, version, day).intersection(profile_ids)
    still = {profile.id for page in qualifying(connection, version, sorted(old), day) for profile, _ in page}
    cycles.keep_back(connection, [i for i in profile_ids if i not in old or i in still], version, now)


def _publish(
    connection: Connection, version: Version, activation: Activation, diff: FlipDiff, now: datetime
) -> None:
    activated = Activated(
        version.model, version.number, activation.handoff, activation.note, activation.author, now
    )
    if activation.version is None:
        activations.add_version(connection, activated, version.matrix.text())
    make_active(connection, version.model, version.number)
    number = activations.add(connection, activated, json.dumps(asdict(diff)))
    event = MatrixActivated(
        id=derived_id("evt", version.model, number, "activated"),
        matrix=version.matrix.canonical(),
        **activated._asdict(),
    )
    outbox.put(connection, [Record(MATRICES, version.model, encode(event))])
