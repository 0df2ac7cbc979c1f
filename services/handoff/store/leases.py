"""The holders of leases, and taking leases back from dead workers."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from services.handoff.store.tables import deliveries


def holders(connection: sa.Connection) -> set[str]:
    """Return the workers that hold leases, dead workers included."""
    return set(connection.execute(_holders).scalars())


def release(connection: sa.Connection, workers: Collection[str], now: datetime) -> int:
    """Make all deliveries that the workers had leased due at once and return their number.

    This voids the leases: if one of the workers comes back after all, it changes nothing.
    """
    # Locked in the order of their ids, as when attempts are recorded: two orders could deadlock.
    leased = (
        sa.select(deliveries.c.id)
        .where(deliveries.c.leased_by.in_(sorted(workers)))
        .order_by(deliveries.c.id)
        .with_for_update()
    )
    make_due = sa.update(deliveries).where(deliveries.c.id.in_(leased)).values(due_at=now, leased_by=None)
    return connection.execute(make_due).rowcount


_holders = sa.select(deliveries.c.leased_by).where(deliveries.c.leased_by.is_not(None)).distinct()
