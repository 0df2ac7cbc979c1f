"""Ids from before normal forms changed: where they lead today."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from services.scoring.fold_tables import former_ids


async def identities_of(connection: AsyncConnection, former_id: str) -> Sequence[str]:
    """Return the ids of the identities that a former id leads to, none when it never was one."""
    query = sa.select(former_ids.c.identity_id).where(former_ids.c.id == former_id)
    return sorted((await connection.execute(query)).scalars())
