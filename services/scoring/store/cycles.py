"""The hand-off cycles of profiles: which profile flipped, when, under which version.

A cycle belongs to every profile that has one of the identities that flipped. After an unmerge several
profiles have it, and only their counts can show which of them would have flipped alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from services.scoring.core.pricing.flip import Cycle
from services.scoring.core.profiles.linking import Profile
from services.scoring.matrix.version import Version
from services.scoring.store.fold_tables import former_ids
from services.scoring.store.tables import cycle_identities, cycles, identities
from shared.database import bulk, quick
from shared.events import LeadQualified

Cycles = Mapping[tuple[str, str], Sequence[Cycle]]
"""(profile id, model) -> the cycles in which any identity of the profile flipped"""

_CYCLE = (cycles.c.profile_id, cycles.c.model, cycles.c.cycle)
_FLIPPED_IN = (cycle_identities.c.profile_id, cycle_identities.c.model, cycle_identities.c.cycle)
_OPEN = sa.insert(cycles)


def read(connection: sa.Connection, profiles: Iterable[Profile]) -> Cycles:
    """Return the cycles of the profiles, including those begun under former profile ids."""
    person_of = {i: profile for profile in profiles for i in profile.identities}
    rows = quick.rows(connection, _of_flippers(connection), {"ids": sorted(person_of)})
    flippers: dict[Cycle, set[str]] = {}
    for *cycle, identity_id in rows:
        flippers.setdefault(Cycle(*cycle), set()).add(identity_id)
    found: dict[tuple[str, str], list[Cycle]] = {}
    for cycle, identity_ids in flippers.items():
        for profile in {owner.id: owner for i in identity_ids if (owner := person_of.get(i))}.values():
            is_parted = not identity_ids <= profile.identities.keys()
            found.setdefault((profile.id, cycle.model), []).append(cycle._replace(is_parted=is_parted))
    return found


@bulk.built_once
def _of_flippers(on_postgresql: bool) -> sa.Select[*tuple[Any, ...]]:
    of_them = sa.select(*_FLIPPED_IN).where(bulk.among(on_postgresql, cycle_identities.c.identity_id, "ids"))
    return (
        sa.select(
            *_CYCLE, cycles.c.lead_id, cycles.c.version, cycles.c.flipped_at, cycle_identities.c.identity_id
        )
        .join(cycle_identities, sa.tuple_(*_CYCLE) == sa.tuple_(*_FLIPPED_IN))
        .where(sa.tuple_(*_CYCLE).in_(of_them))
    )


def flipped_profiles(connection: sa.Connection, profile_ids: Sequence[str], model: str) -> dict[str, bool]:
    """Return which of the profiles ever flipped in a model, and whether sales has a lead of any cycle."""
    rows = connection.execute(_flipped_profiles(connection), {"ids": profile_ids, "model": model})
    return {profile_id: bool(has_lead) for profile_id, has_lead in rows}


@bulk.built_once
def _flipped_profiles(on_postgresql: bool) -> sa.Select[str, int]:
    has_lead = sa.func.max(sa.case((cycles.c.lead_id.is_not(None), 1), else_=0))
    return (
        sa.select(identities.c.profile_id, has_lead)
        .join(cycle_identities, cycle_identities.c.identity_id == identities.c.id)
        .join(cycles, sa.tuple_(*_CYCLE) == sa.tuple_(*_FLIPPED_IN))
        .where(
            bulk.among(on_postgresql, identities.c.profile_id, "ids"),
            cycles.c.model == sa.bindparam("model"),
        )
        .group_by(identities.c.profile_id)
    )


def is_in_a_cycle(
    profile_id: sa.ColumnElement[str], model: str | sa.ColumnElement[str], *, with_lead: bool = False
) -> sa.ColumnElement[bool]:
    """Return the SQL condition that any identity of a profile flipped in a model, or became a lead in it."""
    began = sa.exists().where(
        identities.c.profile_id == profile_id,
        cycle_identities.c.identity_id == identities.c.id,
        cycle_identities.c.model == model,
        sa.tuple_(*_CYCLE) == sa.tuple_(*_FLIPPED_IN),
    )
    return began.where(cycles.c.lead_id.is_not(None)) if with_lead else began


def is_kept_back(
    profile_id: sa.ColumnElement[str], model: str | sa.ColumnElement[str]
) -> sa.ColumnElement[bool]:
    """Return the SQL condition that activations kept back each cycle of a profile in a model."""
    return is_in_a_cycle(profile_id, model) & ~is_in_a_cycle(profile_id, model, with_lead=True)


def open_cycles(connection: sa.Connection, leads: Sequence[LeadQualified]) -> None:
    """Store which identities have flipped in which cycle."""
    if leads:
        quick.written(connection, _OPEN, [_row(lead) for lead in leads])
        _write_flipped(connection, leads)


def keep_back(
    connection: sa.Connection, profile_ids: Sequence[str], version: Version, flipped_at: datetime
) -> None:
    """Begin a cycle without a lead for profiles that are in no cycle."""
    if not profile_ids:
        return
    parameters = {"ids": profile_ids, "model": version.model}
    # An earlier profile may have had the same id, while its identities have other ids today.
    taken = dict(connection.execute(_last_cycles(connection), parameters).all())
    cycle = {"model": version.model, "version": version.number, "lead_id": None, "flipped_at": flipped_at}
    new_cycles = [
        cycle | {"profile_id": profile_id, "cycle": taken.get(profile_id, 0) + 1}
        for profile_id in profile_ids
    ]
    bulk.insert(connection, cycles, new_cycles)
    members = connection.execute(_members(connection), {"ids": profile_ids})
    rows = [
        {
            "identity_id": i,
            "model": version.model,
            "profile_id": profile_id,
            "cycle": taken.get(profile_id, 0) + 1,
        }
        for i, profile_id in members
    ]
    bulk.insert(connection, cycle_identities, rows)


@bulk.built_once
def _last_cycles(on_postgresql: bool) -> sa.Select[str, int]:
    of_these = bulk.among(on_postgresql, cycles.c.profile_id, "ids")
    last = sa.select(cycles.c.profile_id, sa.func.max(cycles.c.cycle))
    return last.where(of_these, cycles.c.model == sa.bindparam("model")).group_by(cycles.c.profile_id)


@bulk.built_once
def _members(on_postgresql: bool) -> sa.Select[str, str]:
    of_these = bulk.among(on_postgresql, identities.c.profile_id, "ids")
    return sa.select(identities.c.id, identities.c.profile_id).where(of_these)


def hand_over(connection: sa.Connection, leads: Sequence[LeadQualified]) -> None:
    """Store the leads that sales gets, of new cycles and of cycles that were kept back, which begin again.

    The caller makes sure that no other transaction opens cycles meanwhile.
    """
    restore(connection, leads)


def restore(connection: sa.Connection, leads: Sequence[LeadQualified]) -> None:
    """Write the cycles of leads over the stored ones."""
    if not leads:
        return
    bulk.upsert(connection, cycles, [_row(lead) for lead in leads])
    of_leads = sa.exists().where(
        sa.tuple_(*_CYCLE) == sa.tuple_(*_FLIPPED_IN),
        bulk.any_of(connection, cycles.c.lead_id, [lead.lead_id for lead in leads]),
    )
    connection.execute(sa.delete(cycle_identities).where(of_leads))
    _write_flipped(connection, leads)


def follow_former_ids(connection: sa.Connection) -> None:
    """Replace former ids among the identities that flipped by the ids of today."""
    today = sa.select(former_ids.c.identity_id, *_FLIPPED_IN, cycle_identities.c.carried).join(
        former_ids, former_ids.c.id == cycle_identities.c.identity_id
    )
    rows = [dict(row) for row in connection.execute(today).mappings()]
    bulk.insert_new(connection, cycle_identities, "identity_id", rows)
    connection.execute(
        sa.delete(cycle_identities).where(cycle_identities.c.identity_id.in_(sa.select(former_ids.c.id)))
    )


def _write_flipped(connection: sa.Connection, leads: Iterable[LeadQualified]) -> None:
    rows = [
        {
            "identity_id": identity.id,
            "model": lead.model,
            "profile_id": lead.profile_id,
            "cycle": lead.cycle,
        }
        for lead in leads
        for identity in lead.identities
    ]
    bulk.insert_new(connection, cycle_identities, "identity_id", rows)


def _row(lead: LeadQualified) -> dict[str, Any]:
    return {
        "profile_id": lead.profile_id,
        "model": lead.model,
        "cycle": lead.cycle,
        "lead_id": lead.lead_id,
        "version": lead.version,
        "flipped_at": lead.qualified_at,
    }
