"""User ids on the tables: whether several may belong to one user (core/aliases.py)."""

from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from services.scoring.store.tables import identities, links
from shared.database import bulk
from shared.identity import USER_ID, Identity


def may_have_aliases(connection: sa.Connection, groups: Iterable[Mapping[str, Identity]]) -> bool:
    """Return whether a user id of the groups was ever linked with another user id."""
    users = sorted({i for group in groups for i, identity in group.items() if identity.kind == USER_ID})
    if not users:
        return False
    both_ways = (links.c.one_id, links.c.other_id), (links.c.other_id, links.c.one_id)
    with_another = sa.union_all(*(
        sa.select(links.c.event_id)
        .join(identities, identities.c.id == other_end)
        .where(bulk.any_of(connection, end, users), identities.c.kind == USER_ID)
        for end, other_end in both_ways
    ))  # fmt: skip
    return connection.execute(with_another.limit(1)).first() is not None
