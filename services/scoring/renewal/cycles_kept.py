"""The cycles of the live tables in the rebuild: who is in one stays in it, under the ids of today."""

from collections.abc import Sequence
from contextlib import aclosing
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from services.scoring.core.current import Current
from services.scoring.renewal.evidence import moved
from services.scoring.replay.snapshot import PAGE
from services.scoring.store import cycles
from services.scoring.tables import flipped, identities, standings
from shared.database import bulk
from shared.database.connections import OpenConnection
from shared.database.engine import Database
from shared.identity import Identity

_FLIPPED_IN = (flipped.c.profile_id, flipped.c.model, flipped.c.cycle)
_CYCLE = (standings.c.profile_id, standings.c.model, standings.c.cycle)
_OF_CYCLE = sa.tuple_(*_FLIPPED_IN) == sa.tuple_(*_CYCLE)


async def keep(connection: OpenConnection, rebuilt: Database, current: Current) -> None:
    """Add to those who flipped by the rebuild the ones that only the live tables know.

    The rebuild has those of whom leads on the log tell. On no log are the cycles that an activation withheld,
    and whom an earlier renewal has carried along. At last it carries those along to whom interactions have
    moved: what they did may have been why somebody flipped. `connection` is that of the live tables.
    """
    async with aclosing(connection.pages(_flipped(), PAGE)) as pages:
        async for page in pages:
            await rebuilt.unit(partial(_add, page=page, current=current))
    await rebuilt.unit(_carry_along)


def _flipped() -> sa.Select[Any]:
    """Select who flipped, with the lead of the cycle and the identity as the live tables have it."""
    return (
        sa.select(flipped, standings.c.lead_id, identities.c.kind, identities.c.value)
        .join(standings, _OF_CYCLE)
        .outerjoin(identities, identities.c.id == flipped.c.identity_id)
    )


def _add(its: sa.Connection, page: Sequence[sa.Row[Any]], current: Current) -> None:
    """Add those of a page of the live tables of whom the log does not tell."""
    rows = _today(its, _not_told(its, page), current)
    bulk.insert_new(its, flipped, "identity_id", rows)


def _carry_along(its: sa.Connection) -> None:
    """Add those to whom interactions have moved of somebody who flipped."""
    cycles.follow_former_ids(its)
    carried = sa.select(moved.c.new_id, *_FLIPPED_IN, sa.true()).join(
        flipped, flipped.c.identity_id == moved.c.old_id
    )
    columns = ["identity_id", "profile_id", "model", "cycle", "carried"]
    its.execute(sqlite.insert(flipped).from_select(columns, carried).prefix_with("or ignore"))


def _not_told(its: sa.Connection, page: Sequence[sa.Row[Any]]) -> list[sa.Row[Any]]:
    """Return those rows whose cycle no lead on the log tells of, and those that were carried along."""
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
    """Return the rows with the identities of today, without those that name nobody."""
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
    """Return the id of an identity that the rebuild has not, None when it names nobody.

    It may be a former id, which is followed later.
    """
    if row.kind is None:
        return row.identity_id
    form = current.identity(Identity(row.kind, row.value))
    return None if form is None else form.id
