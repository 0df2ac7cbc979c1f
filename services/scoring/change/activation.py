"""Activation: a draft, or an older version, becomes the active version for all profiles at one instant."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from services.scoring.change import preparation
from services.scoring.change.flip_diff import FlipDiff, compare, without_lead
from services.scoring.change.leads_ahead import AT_MOST, LeadsAhead, leads_ahead, qualifying, still_true
from services.scoring.change.pages import Pages
from services.scoring.core.counting.tally import day_of
from services.scoring.matrix.version import Version
from services.scoring.store import cycles, scores
from services.scoring.store.drafts import check_unchanged
from services.scoring.store.lifecycle import make_active
from services.scoring.store.models import hold, next_number, version_of
from services.scoring.store.tables import activations, models, versions
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

    Live scoring goes on meanwhile and only pauses for the change itself. Raises NotFound without the model or
    the version, Conflict without a draft or during another activation, Outdated when `if_match` does
    not name the draft's tag.
    """

    def started(connection: sa.Connection) -> Version:
        hold(connection, to_activate=True)
        version = _wanted(connection, model, activation)
        preparation.start(connection, version, clock.now())
        return version

    def compared(connection: sa.Connection) -> FlipDiff:
        return compare(connection, version_of(connection, model, None), version)

    def worked_out(connection: sa.Connection) -> list[LeadsAhead]:
        wanted = without_lead(connection, version, kept_back=True)
        return leads_ahead(connection, version, wanted[:AT_MOST], clock.now())

    def taken_over(connection: sa.Connection) -> None:
        hold(connection, to_activate=True)
        now = clock.now()
        _check_prepared(connection, version)
        if activation.handoff == "all":
            diff.handed_over_now = _hand_over(connection, version, ahead, now)
        elif activation.handoff == "none":
            _withhold(connection, version, now)
        _publish(connection, version, activation, diff, now)
        preparation.end(connection, version.model)

    # Reading a large matrix and removing a million old scores take long, so no transaction waits for them.
    wanted = await database.read(lambda connection: _wanted(connection, model, activation))
    clearing = Pages(database, preparation.CLEARED_AT_ONCE)
    while await clearing.take(lambda connection, size: preparation.clear(connection, wanted, size)):
        pass
    version = await database.unit(started)
    await _prepare(database, clock, model)
    # For a million profiles this takes tens of seconds, too long to pause scoring. Live batches price their
    # profiles in both versions, so what is compared is complete at any moment.
    diff = await database.read(compared)
    ahead = await database.read(worked_out) if activation.handoff == "all" else []
    await database.unit(taken_over)
    return version.number, diff


def _wanted(connection: sa.Connection, model: str, activation: Activation) -> Version:
    row = connection.execute(sa.select(models).where(models.c.model == model)).one_or_none()
    if row is None:
        raise not_there(connection, model, activation.version)
    number = activation.version
    if number is None:
        check_unchanged(row.draft, activation.if_match)
        if row.draft is None:
            raise Conflict("draft_unknown", f"Model {model} has no draft to activate; PUT one first.")
        return Version.read(model, next_number(connection, model), row.draft)
    if number == row.active_version:
        raise Conflict("version_active", f"Version {number} of {model} is the active one.")
    of_number = sa.select(versions.c.matrix).where(versions.c.model == model, versions.c.version == number)
    text = connection.execute(of_number).scalar_one_or_none()
    if text is None:
        raise not_there(connection, model, number, "version")
    return Version.read(model, number, text)


async def _prepare(database: Database, clock: Clock, model: str) -> None:
    counting = Pages(database, preparation.COUNTED_AT_ONCE)
    pricing = Pages(database, preparation.PRICED_AT_ONCE)
    phase: preparation.Phase = preparation.COUNTING
    while phase != preparation.READY:
        pages = counting if phase == preparation.COUNTING else pricing
        phase = await pages.take(lambda c, size: preparation.advance(c, model, clock.now(), size))


def _check_prepared(connection: sa.Connection, version: Version) -> None:
    prepared = preparation.read(connection, version.model)
    if prepared is None or prepared.version != version or prepared.phase != preparation.READY:
        raise Conflict("activation_lost", f"The activation of {version.model} was ended by somebody else.")


def _hand_over(
    connection: sa.Connection, version: Version, ahead: Sequence[LeadsAhead], now: datetime
) -> int:
    """Hand over every profile that qualifies and has no lead yet; return their number."""
    wanted = without_lead(connection, version, kept_back=True)
    worked_out = {one.lead.profile_id: one for one in ahead}
    leads = still_true(connection, [worked_out[one] for one in wanted if one in worked_out], now)
    done = {lead.profile_id for lead in leads}
    others = leads_ahead(connection, version, [one for one in wanted if one not in done], now)
    leads += [one.lead for one in others]
    cycles.hand_over(connection, leads)
    outbox.put(connection, [Record(LEADS, lead.profile_id, encode(lead)) for lead in leads])
    return len(leads)


def _withhold(connection: sa.Connection, version: Version, now: datetime) -> None:
    """Keep back every profile that qualifies and is in no cycle."""
    day = day_of(now)
    wanted = without_lead(connection, version, kept_back=False)
    old = scores.overdue(connection, version, day).intersection(wanted)
    still = {profile.id for page in qualifying(connection, version, sorted(old), day) for profile, _ in page}
    cycles.withhold(connection, [one for one in wanted if one not in old or one in still], version, now)


def _publish(
    connection: sa.Connection, version: Version, activation: Activation, diff: FlipDiff, now: datetime
) -> None:
    matrix = version.matrix.text()
    row: dict[str, Any] = {
        "model": version.model,
        "version": version.number,
        "handoff": activation.handoff,
        "note": activation.note,
        "author": activation.author,
        "activated_at": now,
    }
    if activation.version is None:
        connection.execute(sa.insert(versions).values(**row, matrix=matrix))
        # Unless another draft was written meanwhile, the draft is now this version.
        connection.execute(
            sa.update(models)
            .where(models.c.model == version.model, models.c.draft == matrix)
            .values(draft=None)
        )
    make_active(connection, version.model, version.number)
    latest = sa.select(sa.func.max(activations.c.number)).where(activations.c.model == version.model)
    number = (connection.execute(latest).scalar() or 0) + 1
    connection.execute(
        sa.insert(activations).values(**row, number=number, flip_diff=json.dumps(asdict(diff)))
    )
    activated = MatrixActivated(
        id=derived_id("evt", version.model, number, "activated"),
        matrix=version.matrix.canonical(),
        **row,
    )
    outbox.put(connection, [Record(MATRICES, version.model, encode(activated))])
