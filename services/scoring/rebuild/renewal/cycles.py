"""The cycles of the live tables in the rebuild: a profile keeps its cycles, under the ids of today."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any

from sqlalchemy import Connection

from services.scoring.core.profiles.normal_forms import Current
from services.scoring.store.rebuild import cycles, former
from services.scoring.store.rebuild.snapshot import PAGE
from shared.database.connections import OpenConnection
from shared.database.engine import Database
from shared.identity import Identity


async def keep(connection: OpenConnection, rebuilt: Database, current: Current) -> None:
    """Add to the identities that flipped in the rebuild those that only the live tables have.

    The rebuild has the identities of leads on the log. The log lacks cycles that activations kept back, and
    identities that earlier renewals carried along. Finally an identity that has taken over interactions of
    a flipped identity is carried along too, since these interactions may have caused the flip. `connection`
    is that of the live tables.
    """
    async with aclosing(connection.pages(cycles.FLIPPED, PAGE)) as pages:
        async for page in pages:
            await rebuilt.unit(partial(_add, page=page, current=current))
    await rebuilt.unit(cycles.carry_along)


def _add(connection: Connection, page: Sequence[Any], current: Current) -> None:
    """Add the identities of a page of the live tables that the log does not have."""
    leads = cycles.leads_of(connection, {row.profile_id for row in page})
    rows = _not_on_the_log(page, leads)
    existing = former.existing(connection, sorted({row.identity_id for row in rows}))
    cycles.add_flipped(connection, _today(rows, existing, current))


def _not_on_the_log(page: Sequence[Any], leads: Mapping[tuple[str, str, int], str | None]) -> list[Any]:
    """Return the rows whose cycle has no lead on the log, and those that were carried along."""
    return [
        row
        for row in page
        if row.carried
        or row.lead_id is None
        or leads.get((row.profile_id, row.model, row.cycle)) != row.lead_id
    ]


def _today(rows: Sequence[Any], existing: Collection[str], current: Current) -> list[dict[str, Any]]:
    """Return the rows with the identities of today, without placeholders.

    `existing` are those of their identities that exist in the rebuild.
    """
    return [
        {
            "identity_id": identity_id,
            "model": row.model,
            "profile_id": row.profile_id,
            "cycle": row.cycle,
            "carried": row.carried,
        }
        for row in rows
        if (identity_id := row.identity_id if row.identity_id in existing else _id_today(row, current))
    ]


def _id_today(row: Any, current: Current) -> str | None:
    """Return the id of an identity that the rebuild lacks, None when it is a placeholder.

    It may be a former id, which is followed later.
    """
    if row.kind is None:
        return row.identity_id
    form = current.identity(Identity(row.kind, row.value))
    return None if form is None else form.id
