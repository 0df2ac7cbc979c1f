"""The state of a model: drafted, being activated, scoring or retired; and how a model ends."""

import json
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from services.scoring.store.drafts import etag, names_tag
from services.scoring.store.tables import activations, models, preparations
from shared.errors import Outdated


class State(NamedTuple):
    """A model; `activating` is the version that is being prepared to score, if any.

    `activations` is how often one of its versions was activated.
    """

    model: str
    active_version: int | None
    draft: str | None
    created_at: datetime
    retired_at: datetime | None
    retired_by: str | None
    retired_note: str | None
    activating: int | None
    activations: int

    @property
    def has_draft(self) -> bool:
        """Whether the model has a draft."""
        return self.draft is not None

    @property
    def etag(self) -> str:
        """The tag of the state, which changes with every change of the model."""
        values = (self.created_at, self.active_version, self.draft, self.retired_at, self.activating)
        return etag(json.dumps([*values, self.activations], default=datetime.isoformat))


def state_of(connection: sa.Connection, model: str) -> State | None:
    """Return the state of a model, or None when there is no such model."""
    times = sa.select(sa.func.max(activations.c.number)).where(activations.c.model == models.c.model)
    query = (
        sa.select(
            models.c.model,
            models.c.active_version,
            models.c.draft,
            models.c.created_at,
            models.c.retired_at,
            models.c.retired_by,
            models.c.retired_note,
            preparations.c.version,
            sa.func.coalesce(times.scalar_subquery(), 0),
        )
        .outerjoin(preparations, preparations.c.model == models.c.model)
        .where(models.c.model == model)
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else State(*row)


def check_unchanged(state: State, if_match: str | None) -> None:
    """Raise Outdated when `if_match` is given and does not name the tag of the state."""
    if if_match is not None and not names_tag(if_match, state.etag):
        raise Outdated("model_changed", "Somebody changed the model since you read it; GET it again.")


def retire(connection: sa.Connection, model: str, at: datetime, *, author: str, note: str | None) -> None:
    """End the scoring of a model; its versions, activations and cycles stay."""
    connection.execute(
        sa.update(models)
        .where(models.c.model == model)
        .values(active_version=None, retired_at=at, retired_by=author, retired_note=note)
    )


def make_active(connection: sa.Connection, model: str, version: int) -> None:
    """Make a version the active one, also in a retired model."""
    connection.execute(
        sa.update(models)
        .where(models.c.model == model)
        .values(active_version=version, retired_at=None, retired_by=None, retired_note=None)
    )
