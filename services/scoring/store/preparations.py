"""Preparations on their table: the version of a model that is counted and priced beside the active one."""

import json
from datetime import datetime, timedelta
from typing import Any, Final, Literal, NamedTuple

import sqlalchemy as sa

from services.scoring.matrix.version import Version
from services.scoring.store.tables import preparations
from shared.errors import Conflict

COUNTING: Final = "counting"
"""The phase that counts the conditions of the version for all profiles."""
PRICING: Final = "pricing"
READY: Final = "ready"
Phase = Literal["counting", "pricing", "ready"]

SILENT_AFTER = timedelta(seconds=30)
"""A preparation without progress for this long has lost its process, and another process may take over."""


class Preparation(NamedTuple):
    """How far a version has come: `done` of `total` identities (counting) or profiles (pricing)."""

    version: Version
    phase: Phase
    uncounted: frozenset[str]
    after: str
    done: int
    total: int
    started_at: datetime
    moved_at: datetime

    def has_stalled(self, now: datetime) -> bool:
        """Return whether no process works on it any more, as after a crash."""
        return now - self.moved_at >= SILENT_AFTER


def is_under_way(connection: sa.Connection, model: str) -> bool:
    """Return whether a version of a model is being prepared."""
    return connection.execute(_NUMBER, {"model": model}).one_or_none() is not None


def require_none(connection: sa.Connection, model: str) -> None:
    """Raise Conflict while a version of a model is being prepared."""
    if is_under_way(connection, model):
        raise Conflict(
            "activation_under_way",
            f"An activation of {model} is under way; wait for it, or give it up with "
            f"DELETE /v1/models/{model}/activation.",
        )


def read(connection: sa.Connection, model: str, *, to_move: bool = False) -> Preparation | None:
    """Return the preparation that is under way in a model, if any; with `to_move` its row is locked."""
    row = connection.execute(_TO_MOVE if to_move else _OF_MODEL, {"model": model}).one_or_none()
    if row is None:
        return None
    return Preparation(
        Version.read(model, row.version, row.matrix),
        row.phase,
        frozenset(json.loads(row.uncounted)),
        row.after,
        row.done,
        row.total,
        row.started_at,
        row.moved_at,
    )


def add(connection: sa.Connection, preparation: Preparation) -> None:
    """Store a preparation; the model has none."""
    version = preparation.version
    row = {
        "model": version.model,
        "version": version.number,
        "matrix": version.matrix.text(),
        "uncounted": json.dumps(sorted(preparation.uncounted)),
        "started_at": preparation.started_at,
    }
    connection.execute(_ADD, row | _progress(preparation))


def move(connection: sa.Connection, preparation: Preparation) -> None:
    """Store the progress of a preparation."""
    connection.execute(_MOVE, {"of_model": preparation.version.model} | _progress(preparation))


def delete(connection: sa.Connection, model: str) -> None:
    """Delete the preparation of a model: its version is active, or the activation was given up."""
    connection.execute(_DELETE, {"model": model})


def _progress(preparation: Preparation) -> dict[str, Any]:
    return {name: getattr(preparation, name) for name in ("phase", "after", "done", "total", "moved_at")}


_IS_OF_MODEL: Final = preparations.c.model == sa.bindparam("model")
_NUMBER: Final = sa.select(preparations.c.version).where(_IS_OF_MODEL)
_OF_MODEL: Final = sa.select(preparations).where(_IS_OF_MODEL)
_TO_MOVE: Final = _OF_MODEL.with_for_update()
_ADD: Final = sa.insert(preparations)
# An update keeps the names of columns for the values that it sets.
_MOVE: Final = sa.update(preparations).where(preparations.c.model == sa.bindparam("of_model"))
_DELETE: Final = sa.delete(preparations).where(_IS_OF_MODEL)
