"""The list of models."""

from collections.abc import Sequence

import sqlalchemy as sa

from services.scoring.store.tables import models, preparations


def page(connection: sa.Connection, after: str | None, limit: int) -> Sequence[sa.RowMapping]:
    """Return models by name, from a name on, each with the version that is being prepared, if any."""
    query = sa.select(
        models.c.model,
        models.c.active_version,
        models.c.draft.is_not(None).label("has_draft"),
        models.c.retired_at,
        preparations.c.version.label("activating"),
    ).outerjoin(preparations, preparations.c.model == models.c.model)
    if after is not None:
        query = query.where(models.c.model > after)
    return connection.execute(query.order_by(models.c.model).limit(limit)).mappings().all()
