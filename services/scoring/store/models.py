"""The models and their versions on the tables; an active version is compiled once per process."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any, Final

import sqlalchemy as sa

from services.scoring.core.counting.tally import Tally, keys_of
from services.scoring.matrix.matrix import Matrix
from services.scoring.matrix.needed_traits import needed_traits
from services.scoring.matrix.version import Version
from services.scoring.store.preparations import COUNTING
from services.scoring.store.tables import activations, models, preparations, versions
from shared.database import quick
from shared.database.lock_numbers import ACTIVE_VERSIONS
from shared.database.schema import Key

# Instead of a phase: for versions whose preparation is over, and for locked rows.
_SCORING: Final = ""
_LOCKED: Final = "locked"
_LOCK = sa.select(sa.func.pg_advisory_xact_lock(ACTIVE_VERSIONS))
_TO_SHARE = sa.func.pg_advisory_xact_lock_shared(ACTIVE_VERSIONS)
_SHARED_LOCK = sa.select(_TO_SHARE)

SHARED: Final = _TO_SHARE.alias("held", joins_implicitly=True)
"""the shared lock of `hold`, for a statement that takes it before it writes (`bulk.insert_new_returning`)"""


@dataclass(frozen=True)
class Active:
    """The versions that score at this moment, by model, and those that are being prepared."""

    versions: Mapping[str, Version]
    prepared: tuple[Version, ...] = ()
    since: Mapping[str, datetime] = field(default_factory=dict[str, datetime])
    """when each model's version became the active one, where that is known"""
    counted: tuple[Version, ...] = ()
    """versions whose conditions are not yet counted for all profiles, so that they cannot price any"""

    @cached_property
    def all(self) -> tuple[Version, ...]:
        """The versions in which every profile is priced."""
        return (*self.versions.values(), *self.prepared)

    @cached_property
    def tally(self) -> Tally:
        """What has to be counted for all of these versions."""
        return Tally(version.matrix for version in (*self.all, *self.counted))

    @cached_property
    def needed_traits(self) -> frozenset[str]:
        """The names of the traits that have to be read to price a profile in all of these versions."""
        return needed_traits(version.matrix for version in self.all)

    def uncounted(self, matrix: Matrix) -> frozenset[str]:
        """Return the count keys that a matrix reads and no active version counts."""
        counted = {key for version in self.versions.values() for key in keys_of(version.matrix)}
        return frozenset(keys_of(matrix)) - counted


def hold(connection: sa.Connection, *, to_activate: bool = False) -> None:
    """Lock the set of active versions until the transaction ends: shared, or exclusively to change it.

    Every batch that scores takes the shared lock, so an activation waits for the batches under way, and later
    batches wait for the activation: no batch counts by the old conditions what the activation did not see in
    the ledger. The lock is on the set, not on rows, because before its first activation a model has no row
    to lock.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(_LOCK if to_activate else _SHARED_LOCK)


def active(connection: sa.Connection) -> Active:
    """Return the versions that score at this moment and those that are being prepared."""
    return _read(quick.rows(connection, _ACTIVE, {}))


def active_and_locked(
    connection: sa.Connection, locks: sa.Select[str], parameters: Mapping[str, Any]
) -> tuple[Active, set[str]]:
    """Do what `active` does and what a query with `FOR UPDATE` does, in one statement on PostgreSQL.

    Returns the keys of the rows that are locked. The caller holds the active versions, so they do not change
    while the statement waits for a row. SQLite has one writer, and nothing is locked.
    """
    if connection.dialect.name != "postgresql":
        return active(connection), set()
    rows = quick.rows(connection, _with_locks(locks), parameters)
    locked = {key for phase, key, *_ in rows if phase == _LOCKED}
    return _read(row for row in rows if row[0] != _LOCKED), locked


@lru_cache(maxsize=2)
def _with_locks(locks: sa.Select[str]) -> sa.CompoundSelect[*tuple[Any, ...]]:
    # A union cannot lock rows, but it can read from a query that does.
    keys = locks.cte("locked")
    locked = sa.select(sa.literal(_LOCKED, Key), *keys.c, sa.null(), sa.null(), sa.null())
    return sa.union_all(*_active(), locked)


def _active() -> Sequence[sa.SelectBase]:
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
        # An outer join, so that SQLite begins with the models and does not scan all versions there ever were.
        .outerjoin(
            versions, (versions.c.model == models.c.model) & (versions.c.version == models.c.active_version)
        )
        .where(models.c.active_version.is_not(None))
    )
    prepared = sa.select(
        preparations.c.phase, preparations.c.model, preparations.c.version, preparations.c.matrix, sa.null()
    )
    return scoring, prepared


_ACTIVE = sa.union_all(*_active())


def _read(rows: Iterable[Sequence[Any]]) -> Active:
    return _compiled(tuple(sorted(map(tuple, rows))))


@lru_cache(maxsize=8)
def _compiled(rows: tuple[tuple[str, str, int, str, datetime | None], ...]) -> Active:
    each = [(phase, Version.read(model, number, text)) for phase, model, number, text, _ in rows]
    return Active(
        {version.model: version for phase, version in each if phase == _SCORING},
        tuple(version for phase, version in each if phase not in {_SCORING, COUNTING}),
        {model: since for _, model, _, _, since in rows if since is not None},
        tuple(version for phase, version in each if phase == COUNTING),
    )


def version_of(connection: sa.Connection, model: str, number: int | None) -> Version | None:
    """Return a version of a model, without a number the active version; None when it does not exist."""
    is_requested = (
        versions.c.version == models.c.active_version if number is None else versions.c.version == number
    )
    row = connection.execute(
        sa.select(versions.c.version, versions.c.matrix)
        .join(models, models.c.model == versions.c.model)
        .where(versions.c.model == model, is_requested)
    ).one_or_none()
    return None if row is None else Version.read(model, row.version, row.matrix)


def last_to_score(connection: sa.Connection, model: str) -> Version | None:
    """Return the version of a model that was activated last, whether or not the model still scores."""
    of_model = sa.select(activations.c.version).where(activations.c.model == model)
    query = of_model.order_by(activations.c.number.desc()).limit(1)
    number = connection.execute(query).scalar_one_or_none()
    return None if number is None else version_of(connection, model, number)


def draft_of(connection: sa.Connection, model: str) -> Version | None:
    """Return the draft of a model as the version that it would become, or None without a draft."""
    row = connection.execute(sa.select(models.c.draft).where(models.c.model == model)).one_or_none()
    if row is None or row.draft is None:
        return None
    return Version.read(model, next_number(connection, model), row.draft)


def next_number(connection: sa.Connection, model: str) -> int:
    """Return the number that the next version of a model gets."""
    latest = sa.select(sa.func.max(versions.c.version)).where(versions.c.model == model)
    return (connection.execute(latest).scalar() or 0) + 1
