"""The models and their versions on the tables; an active version is compiled once a process."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any, Final

import sqlalchemy as sa

from services.scoring.core.asking import traits_asked
from services.scoring.core.counting import Tally
from services.scoring.model.matrix import Version
from services.scoring.model.validation import kept_matrix
from services.scoring.tables import activations, models, preparations, versions
from shared.database import quick
from shared.database.schema import Key

COUNTING: Final = "counting"
"""The phase of a preparation in which what its version asks is counted for everybody."""

# In the place of a phase, of versions that are prepared no more.
_SCORING: Final = ""
# The key of the advisory lock on the set of active versions; any constant that nobody else uses.
_ACTIVE_VERSIONS = 4_201_338
_LOCK = sa.select(sa.func.pg_advisory_xact_lock(_ACTIVE_VERSIONS))
_SHARED_LOCK = sa.select(sa.func.pg_advisory_xact_lock_shared(_ACTIVE_VERSIONS))


@dataclass(frozen=True)
class Active:
    """The versions that score at this moment, by model, and those that are being prepared to."""

    versions: Mapping[str, Version]
    prepared: tuple[Version, ...] = ()
    since: Mapping[str, datetime] = field(default_factory=dict[str, datetime])
    """when each model's version became the one that scores, where that is known"""
    counted: tuple[Version, ...] = ()
    """versions whose conditions are not counted for everybody yet, so that nobody can be priced in them"""

    @cached_property
    def all(self) -> tuple[Version, ...]:
        """The versions in which every profile is priced."""
        return (*self.versions.values(), *self.prepared)

    @cached_property
    def tally(self) -> Tally:
        """What has to be counted for all of them."""
        return Tally(version.matrix for version in (*self.all, *self.counted))

    @cached_property
    def traits_asked(self) -> frozenset[str]:
        """The names of the traits that have to be known to price somebody in all of them."""
        return traits_asked(version.matrix for version in self.all)


def hold(connection: sa.Connection, *, to_activate: bool = False) -> None:
    """Keep the set of active versions as it is until the transaction ends, or be the only one to change it.

    Every batch that scores holds it, so an activation waits for the batches under way and later ones wait
    for it: none counts by the old conditions what the activation has not seen in the ledger. It is a lock on
    the set, not on rows, because a model that is activated for the first time has no row to hold before.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(_LOCK if to_activate else _SHARED_LOCK)


def active(connection: sa.Connection) -> Active:
    """Return the versions that score at this moment and those that are being prepared to."""
    rows = quick.rows(connection, _ACTIVE, {})
    return _compiled(tuple(sorted(map(tuple, rows))))


def _active() -> sa.CompoundSelect[*tuple[Any, ...]]:
    since = (
        sa.select(sa.func.max(activations.c.activated_at))
        .where(activations.c.model == models.c.model)
        .scalar_subquery()
    )
    scoring = (
        sa.select(
            sa.literal(_SCORING, Key), models.c.model, models.c.active_version, versions.c.matrix, since
        )
        .select_from(models)
        # Outer, so that SQLite begins with the models and does not go through all versions there ever were.
        .outerjoin(
            versions, (versions.c.model == models.c.model) & (versions.c.version == models.c.active_version)
        )
        .where(models.c.active_version.is_not(None))
    )
    prepared = sa.select(
        preparations.c.phase, preparations.c.model, preparations.c.version, preparations.c.matrix, sa.null()
    )
    return scoring.union_all(prepared)


_ACTIVE = _active()


@lru_cache(maxsize=8)
def _compiled(rows: tuple[tuple[str, str, int, str, datetime | None], ...]) -> Active:
    each = [(phase, read_version(model, number, text)) for phase, model, number, text, _ in rows]
    return Active(
        {version.model: version for phase, version in each if phase == _SCORING},
        tuple(version for phase, version in each if phase not in {_SCORING, COUNTING}),
        {model: since for _, model, _, _, since in rows if since is not None},
        tuple(version for phase, version in each if phase == COUNTING),
    )


@lru_cache(maxsize=256)
def read_version(model: str, number: int, text: str) -> Version:
    """Return a version of a model, given the text of its matrix; the same ones are read once a process."""
    return Version(model, number, kept_matrix(model, json.loads(text)))


def version_of(connection: sa.Connection, model: str, number: int | None) -> Version | None:
    """Return a version of a model, the active one without a number; None when there is none."""
    wanted = versions.c.version == models.c.active_version if number is None else versions.c.version == number
    row = connection.execute(
        sa.select(versions.c.version, versions.c.matrix)
        .join(models, models.c.model == versions.c.model)
        .where(versions.c.model == model, wanted)
    ).one_or_none()
    return None if row is None else read_version(model, row.version, row.matrix)


def last_to_score(connection: sa.Connection, model: str) -> Version | None:
    """Return the version of a model that was activated last, whether or not the model scores still."""
    of_model = sa.select(activations.c.version).where(activations.c.model == model)
    query = of_model.order_by(activations.c.number.desc()).limit(1)
    number = connection.execute(query).scalar_one_or_none()
    return None if number is None else version_of(connection, model, number)


def draft_of(connection: sa.Connection, model: str) -> Version | None:
    """Return the draft of a model as the version that it would be, or None without one."""
    row = connection.execute(sa.select(models.c.draft).where(models.c.model == model)).one_or_none()
    if row is None or row.draft is None:
        return None
    latest = sa.select(sa.func.max(versions.c.version)).where(versions.c.model == model)
    return read_version(model, (connection.execute(latest).scalar() or 0) + 1, row.draft)
