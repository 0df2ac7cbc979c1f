"""The names of models as rows: those from the topic `matrices`, and those of stored leads."""

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa

from services.handoff.store.tables import leads, model_names
from shared.database.bulk import any_of, built_once, insert_new, listed
from shared.database.distinct import distinct_values

_MAX_NAMES: Final = 1_000


def add(connection: sa.Connection, models: Sequence[str]) -> None:
    """Store that these models exist."""
    insert_new(connection, model_names, "model", [{"model": model} for model in sorted(models)])


def remove(connection: sa.Connection, models: Sequence[str]) -> None:
    """Store that these models no longer exist."""
    if models:
        connection.execute(sa.delete(model_names).where(any_of(connection, model_names.c.model, models)))


def among(connection: sa.Connection, models: Sequence[str]) -> set[str]:
    """Return which of these names are models."""
    return set(connection.execute(_existing(connection), {"models": models}).scalars())


@built_once
def _existing(on_postgresql: bool) -> sa.Select[str]:
    named = listed(on_postgresql, model_names.c.model, "models")
    exists = (
        sa.exists().where(model_names.c.model == named.c.value)
        | sa.exists().where(leads.c.model == named.c.value)
    )  # fmt: skip
    return sa.select(named.c.value).where(exists)


def every(connection: sa.Connection) -> list[str]:
    """Return the names of all models, in their order."""
    from_topic = connection.execute(sa.select(model_names.c.model).limit(_MAX_NAMES))
    with_leads = distinct_values(connection, leads.c.model, _MAX_NAMES)
    return sorted({*from_topic.scalars(), *with_leads})
