"""The cycles of the live tables in the rebuild: a profile keeps its cycles, under the ids of today."""

from collections.abc import Sequence
from contextlib import aclosing
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from services.scoring.core.profiles.normal_forms import Current
from services.scoring.rebuild.renewal.evidence import moved
from services.scoring.rebuild.snapshot import PAGE
from services.scoring.store import cycles
from services.scoring.store.tables import flipped, identities, standings
from shared.database import bulk
from shared.database.connections import OpenConnection
from shared.database.engine import Database
from shared.identity import Identity

_FLIPPED_IN = (flipped.c.profile_id, flipped.c.model, flipped.c.cycle)
_CYCLE = (standings.c.profile_id, standings.c.model, standings.c.cycle)
_OF_CYCLE = sa.tuple_(*_FLIPPED_IN) == sa.tuple_(*_CYCLE)


async def keep(connection: OpenConnection, rebuilt: Database, current: Current) -> None:
    """Add to the identities that flipped in the rebuild those that only the live tables have.

    The rebuild has the identities of leads on the log. The log lacks cycles that activations kept back, and
    identities that earlier renewals carried along. Finally an identity that has taken over interactions of
    a flipped identity is carried along too, since these interactions may have caused the flip. `connection`
    is that of the live tables.
    """
    async with aclosing(connection.pages(_flipped(), PAGE)) as pages:
        async for page in pages:
            await rebuilt.unit(partial(_add, page=page, current=current))
    await rebuilt.unit(_carry_along)


def _flipped() -> sa.Select[Any]:
    """Select the identities that flipped, with kind and value in the live tables and the cycle's lead."""
    return (
        sa.select(flipped, standings.c.lead_id, identities.c.kind, identities.c.value)
        .join(standings, _OF_CYCLE)
        .outerjoin(identities, identities.c.id == flipped.c.identity_id)
    )


def _add(its: sa.Connection, page: Sequence[sa.Row[Any]], current: Current) -> None:
    """Add the identities of a page of the live tables that the log does not have."""
    rows = _today(its, _not_told(its, page), current)
    bulk.insert_new(its, flipped, "identity_id", rows)


def _carry_along(its: sa.Connection) -> None:
    """Add the identities that have taken over interactions of an identity that flipped."""
    cycles.follow_former_ids(its)
    carried = sa.select(moved.c.new_id, *_FLIPPED_IN, sa.true()).join(
        flipped, flipped.c.identity_id == moved.c.old_id
    )
    columns = ["identity_id", "profile_id", "model", "cycle", "carried"]
    its.execute(sqlite.insert(flipped).from_select(columns, carried).prefix_with("or ignore"))


def _not_told(its: sa.Connection, page: Sequence[sa.Row[Any]]) -> list[sa.Row[Any]]:
    """Return the rows whose cycle has no lead on the log, and those that were carried along."""
    of_profiles = bulk.any_of(its, standings.c.profile_id, sorted({row.profile_id for row in page}))
    told = its.execute(sa.select(*_CYCLE, standings.c.lead_id).where(of_profiles))
    leads = {(profile_id, model, cycle): lead_id for profile_id, model, cycle, lead_id in told}
    return [
        row
        for row in page
        if row.carried
        or row.lead_id is None
        or leads.get((row.profile_id, row.model, row.cycle)) != row.lead_id
    ]


def _today(its: sa.Connection, rows: Sequence[sa.Row[Any]], current: Current) -> list[dict[str, Any]]:
    """Return the rows with the identities of today, without placeholders."""
    ids = sorted({row.identity_id for row in rows})
    query = sa.select(identities.c.id).where(bulk.any_of(its, identities.c.id, ids))
    there = set(its.execute(query).scalars())
    return [
        {
            "identity_id": identity_id,
            "model": row.model,
            "profile_id": row.profile_id,
            "cycle": row.cycle,
            "carried": row.carried,
        }
        for row in rows
        if (identity_id := row.identity_id if row.identity_id in there else _id_today(row, current))
    ]


def _id_today(row: sa.Row[Any], current: Current) -> str | None:
    """Return the id of an identity that the rebuild lacks, None when it is a placeholder.

    It may be a former id, which is followed later.
    """
    if row.kind is None:
        return row.identity_id
    form = current.identity(Identity(row.kind, row.value))
    return None if form is None else form.id
