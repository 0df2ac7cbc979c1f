"""All profiles a page at a time, in the order of their ids, with the input of their scores."""

from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from services.scoring.core.counting.counts import NONE, Counts, totals
from services.scoring.core.pricing.price import ScoreInput
from services.scoring.core.profiles.traits import NOTHING_KNOWN, History
from services.scoring.store.counts import counted_in
from services.scoring.store.tables import counts, identities, older_counts
from services.scoring.store.traits import reported_of
from shared.identity import Identity


class ProfilePage(NamedTuple):
    """Profiles in the order of their ids: the input of each score, and the ids of its identities."""

    profile_ids: Sequence[str]
    known: Sequence[ScoreInput]
    identity_ids: Sequence[Sequence[str]]


def number_of_profiles(connection: sa.Connection) -> int:
    """Return how many profiles there are."""
    return connection.execute(_NUMBER).scalar_one()


def ids_after(connection: sa.Connection, after: str, limit: int) -> list[str]:
    """Return the ids of the profiles after an id, in their order."""
    is_profile = identities.c.id == identities.c.profile_id
    query = sa.select(identities.c.id).where(is_profile, identities.c.id > after)
    return list(connection.execute(query.order_by(identities.c.id).limit(limit)).scalars())


def number_of_identities(connection: sa.Connection) -> int:
    """Return how many identities all profiles have together."""
    return connection.execute(_NUMBER_OF_IDENTITIES).scalar_one()


def identities_after(connection: sa.Connection, after: str, size: int) -> Sequence[str]:
    """Return the ids of the next `size` identities after an id, whatever their profiles."""
    return connection.execute(_NEXT_IDENTITIES, {"after": after, "size": size}).scalars().all()


def read(connection: sa.Connection, after: str, size: int, names: Collection[str]) -> ProfilePage:
    """Return the profiles after an id: as many as have `size` identities together, and at least one.

    Only the traits `names` are read. Without names the identities are not read either: a matrix that asks for
    no trait does not need them.
    """
    until = connection.execute(_UNTIL, {"after": after, "size": size}).scalar_one()
    if until is None:
        return ProfilePage((), (), ())
    rows = connection.execute(_IDENTITIES, {"after": after, "until": until}).all()
    profile_ids, ids, kinds, values, entries, by_hand, older = zip(*rows, strict=True)
    starts = [
        0,
        *(row for row, (previous, current) in enumerate(pairwise(profile_ids), 1) if previous != current),
    ]
    spans = [slice(*span) for span in pairwise([*starts, len(rows)])]
    counted = list(map(_counts, entries, by_hand, older))
    histories = [NOTHING_KNOWN] * len(spans)
    if names:
        named, reported = list(map(Identity, kinds, values)), reported_of(connection, ids, names)
        histories = [
            History(
                [trait for i in ids[span] for trait in reported.get(i, ())] if reported else (), named[span]
            )
            for span in spans
        ]
    return ProfilePage(
        [profile_ids[start] for start in starts],
        list(map(ScoreInput, totals([counted[span] for span in spans]), histories)),
        [ids[span] for span in spans],
    )


def _counts(entries: bytes | None, by_hand: str | None, older: bytes | None) -> Counts:
    return NONE if entries is None else counted_in(entries, by_hand, older)


_NUMBER: Final = (
    sa.select(sa.func.count()).select_from(identities).where(identities.c.id == identities.c.profile_id)
)
_NUMBER_OF_IDENTITIES: Final = sa.select(sa.func.count()).select_from(identities)
_NEXT_IDENTITIES: Final = (
    sa.select(identities.c.id)
    .where(identities.c.id > sa.bindparam("after"))
    .order_by(identities.c.id)
    .limit(sa.bindparam("size"))
)
_FOLLOWING: Final = (
    sa.select(identities.c.profile_id)
    .where(identities.c.profile_id > sa.bindparam("after"))
    .order_by(identities.c.profile_id)
    .limit(sa.bindparam("size"))
    .subquery()
)
_UNTIL: Final = sa.select(sa.func.max(_FOLLOWING.c.profile_id))
_IDENTITIES: Final[sa.Select[*tuple[Any, ...]]] = (
    sa.select(
        identities.c.profile_id,
        identities.c.id,
        identities.c.kind,
        identities.c.value,
        counts.c.entries,
        counts.c.by_hand,
        older_counts.c.entries,
    )
    .outerjoin(counts, counts.c.identity_id == identities.c.id)
    .outerjoin(older_counts, older_counts.c.identity_id == identities.c.id)
    .where(identities.c.profile_id > sa.bindparam("after"), identities.c.profile_id <= sa.bindparam("until"))
    .order_by(identities.c.profile_id)
)
