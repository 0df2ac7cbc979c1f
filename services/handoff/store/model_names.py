"""The names of models as rows: those that the topic `matrices` told of, and those that there are leads of."""

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from services.handoff.tables import leads, model_names
from shared.database.bulk import any_of, insert_new, listed
from shared.database.distinct import distinct_values

_MAX_NAMES: Final = 1_000


async def add(connection: AsyncConnection, models: Sequence[str]) -> None:
    """Note that there are these models."""
    await insert_new(connection, model_names, "model", [{"model": model} for model in sorted(models)])


async def remove(connection: AsyncConnection, models: Sequence[str]) -> None:
    """Note that there are these models no more."""
    if models:
        await connection.execute(
            sa.delete(model_names).where(any_of(connection, model_names.c.model, models))
        )


async def among(connection: AsyncConnection, models: Sequence[str]) -> set[str]:
    """Return which of these names are those of models."""
    named = listed(connection, model_names.c.model, models)
    there = (
        sa.exists().where(model_names.c.model == named.c.value)
        | sa.exists().where(leads.c.model == named.c.value)
    )  # fmt: skip
    return set((await connection.execute(sa.select(named.c.value).where(there))).scalars())


async def every(connection: AsyncConnection) -> list[str]:
    """Return the names of models, in their order."""
    told = await connection.execute(sa.select(model_names.c.model).limit(_MAX_NAMES))
    with_leads = await distinct_values(connection, leads.c.model, _MAX_NAMES)
    return sorted({*told.scalars(), *with_leads})
