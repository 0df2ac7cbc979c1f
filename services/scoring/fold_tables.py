"""The tables about the fold: by which one the others were built, and ids from before it."""

import sqlalchemy as sa

from shared.database.schema import Key, metadata

# Ids that identities had under other normal forms, and so profiles: who has kept one is led to the person.
former_ids = sa.Table(
    "former_ids",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column(
        "identity_id",
        Key,
        primary_key=True,
        index=True,
        comment="of today; several when strangers had one id",
    ),
)

# By which fold the tables of a projection were built (core/fold.py).
folds = sa.Table(
    "folds",
    metadata,
    sa.Column("projection", Key, primary_key=True, comment="scoring"),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("forms", Key, nullable=False, comment="the fingerprint of the rules of normal forms"),
    sa.Column("limits", Key, nullable=False, comment="of the identities that a person can have"),
)
