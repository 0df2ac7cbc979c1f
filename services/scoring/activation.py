"""Activation: a draft becomes the version that scores, for all profiles at one instant."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from services.scoring import store
from services.scoring.counting import Tally, day_of
from services.scoring.flip import FIRST_CYCLE, qualify, reaches
from services.scoring.matrix import Version
from services.scoring.validation import read_matrix
from services.scoring.models import active, hold
from services.scoring.people import find
from services.scoring.recount import pages, recount
from services.scoring.tables import models, profiles, versions
from shared.database import outbox
from shared.errors import Conflict, NotFound
from shared.events import LEADS, MATRICES, LeadQualified, MatrixActivated, encode
from shared.ids import derived_id
from shared.log.port import Record

Handoff = Literal["all", "new_activity_only", "none"]


@dataclass
class FlipDiff:
    """What activating a version changed for the hand-off, in profiles."""

    newly_flipped: int = 0
    un_flipped: int = 0
    already_handed_over: int = 0
    handed_over_now: int = 0


async def activate(
    connection: AsyncConnection, model: str, *, handoff: Handoff, note: str | None, now: datetime
) -> tuple[int, FlipDiff]:
    """Turn the draft into the active version and return its number and what that changed.

    Conditions that nobody counted so far are counted from the ledger first. Batches that score wait until
    the transaction ends. Raises NotFound without the model and Conflict without a draft.
    """
    await hold(connection, to_activate=True)
    row = (await connection.execute(sa.select(models).where(models.c.model == model))).one_or_none()
    if row is None:
        raise NotFound("model_unknown", f"There is no model {model}; PUT its draft first.")
    if row.draft is None:
        raise Conflict("draft_missing", f"Model {model} has no draft to activate; PUT one first.")
    before = await active(connection)
    latest = sa.select(sa.func.max(versions.c.version)).where(versions.c.model == model)
    number = ((await connection.execute(latest)).scalar() or 0) + 1
    version = Version(model, number, read_matrix(model, json.loads(row.draft)))

    new_conditions = Tally([version.matrix], leave_out=before.tally.keys)
    if new_conditions.keys:
        await recount(connection, new_conditions)
    diff, newly_flipped = await _review(connection, before.versions.get(model), version, now)
    await _publish(connection, version, row.draft, handoff=handoff, note=note, now=now)
    if handoff != "new_activity_only":
        await store.open_cycle(connection, newly_flipped, handed_over=handoff == "all")
    if handoff == "all":
        diff.handed_over_now = len(newly_flipped)
        records = [Record(LEADS, lead.profile_id, encode(lead)) for lead in newly_flipped]
        await outbox.put(connection, records)
    return number, diff


async def _publish(
    connection: AsyncConnection,
    version: Version,
    draft: str,
    *,
    handoff: Handoff,
    note: str | None,
    now: datetime,
) -> None:
    await connection.execute(
        sa.insert(versions).values(
            model=version.model,
            version=version.number,
            matrix=draft,
            handoff=handoff,
            note=note,
            activated_at=now,
        )
    )
    await connection.execute(
        sa.update(models)
        .where(models.c.model == version.model)
        .values(active_version=version.number, draft=None)
    )
    activated = MatrixActivated(
        id=derived_id("evt", version.model, version.number, "activated"),
        model=version.model,
        version=version.number,
        matrix=json.loads(draft),
        handoff=handoff,
        activated_at=now,
        note=note,
    )
    await outbox.put(connection, [Record(MATRICES, version.model, encode(activated))])


async def _review(
    connection: AsyncConnection, old: Version | None, new: Version, now: datetime
) -> tuple[FlipDiff, list[LeadQualified]]:
    """Compare who reaches the flip number under both versions; return the newly flipped as leads."""
    diff, newly_flipped = FlipDiff(), list[LeadQualified]()
    async for profile_ids in pages(connection, profiles.c.id):
        # A merged profile's id leads to the survivor, which has a page of its own.
        persons = [one for one in await find(connection, profile_ids) if one.id in set(profile_ids)]
        identity_ids = [i for person in persons for i in person.identities]
        handed = {i for i, model in await store.open_cycles(connection, identity_ids) if model == new.model}
        traits = await store.read_traits(connection, identity_ids, day_of(now))
        for person in persons:
            counts = person.counts
            flips = reaches(counts, new, now)
            already = not handed.isdisjoint(person.identities)
            diff.already_handed_over += flips and already
            diff.un_flipped += not flips and old is not None and reaches(counts, old, now)
            if flips and not already:
                diff.newly_flipped += 1
                known = traits.of(person.identities)
                newly_flipped.append(qualify(person, counts, new, traits=known, cycle=FIRST_CYCLE, at=now))
    return diff, newly_flipped
