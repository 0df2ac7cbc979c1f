"""Former ids in the rebuild: which identities exist, and where ids of past identities lead."""

from collections.abc import Collection, Iterable, Sequence
from typing import Final

import sqlalchemy as sa

from services.scoring.store.fold_tables import former_ids
from services.scoring.store.rebuild.evidence import moved
from services.scoring.store.tables import identities
from shared.database import bulk

IDENTITIES: Final = sa.select(identities)
"""all identities"""

FORMER_IDS: Final = sa.select(former_ids)
"""all former ids, each with an identity that it leads to"""


def existing(connection: sa.Connection, ids: Sequence[str]) -> set[str]:
    """Return which of these ids are ids of identities."""
    query = sa.select(identities.c.id).where(bulk.any_of(connection, identities.c.id, ids))
    return set(connection.execute(query).scalars())


def taken_over(connection: sa.Connection, ids: Sequence[str], most: int) -> list[tuple[str, str]]:
    """Return (id, id today) for identities whose interactions other identities have today.

    Of one id it returns `most` pairs at most.
    """
    number = sa.func.row_number().over(partition_by=moved.c.old_id, order_by=moved.c.new_id)
    of_these = bulk.any_of(connection, moved.c.old_id, ids)
    numbered = sa.select(moved, number.label("number")).where(of_these).subquery()
    query = sa.select(numbered.c.old_id, numbered.c.new_id).where(numbered.c.number <= most)
    return [(old_id, new_id) for old_id, new_id in connection.execute(query)]


def members(connection: sa.Connection, profiles: Collection[str]) -> dict[str, list[str]]:
    """Return the identities of each of the profiles."""
    of_profiles = bulk.any_of(connection, identities.c.profile_id, sorted(profiles))
    rows = connection.execute(sa.select(identities.c.profile_id, identities.c.id).where(of_profiles))
    found: dict[str, list[str]] = {}
    for profile_id, identity_id in rows:
        found.setdefault(profile_id, []).append(identity_id)
    return found


def followed(connection: sa.Connection, pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the pairs with each second id replaced by the identities of today that it leads to."""
    ends = sorted({end for _, end in pairs})
    led_to: dict[str, list[str]] = {end: [end] for end in existing(connection, ends)}
    query = sa.select(former_ids).where(bulk.any_of(connection, former_ids.c.id, ends))
    for former, today in connection.execute(query):
        led_to.setdefault(former, []).append(today)
    return [(i, today) for i, end in pairs for today in led_to.get(end, ())]


def leading_nowhere(connection: sa.Connection, ids: Sequence[str]) -> list[str]:
    """Return the former ids that do not lead anywhere yet."""
    query = sa.select(former_ids.c.id).where(bulk.any_of(connection, former_ids.c.id, ids))
    return sorted(set(ids) - set(connection.execute(query).scalars()))


def write(connection: sa.Connection, pairs: Iterable[tuple[str, str]]) -> None:
    """Store former ids, each with an identity that it leads to."""
    rows = [{"id": former, "identity_id": today} for former, today in sorted(set(pairs))]
    bulk.insert_new(connection, former_ids, "id", rows)
