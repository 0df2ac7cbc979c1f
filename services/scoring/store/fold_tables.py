"""The tables about the fold: which fold built the tables, and ids from earlier folds."""

import sqlalchemy as sa

from shared.database.schema import Key, metadata

# Ids of identities, and so of profiles, under earlier normal forms: a stored id still leads to the profile.
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

# Which fold built the tables of a projection (core/fold.py).
folds = sa.Table(
    "folds",
    metadata,
    sa.Column("projection", Key, primary_key=True, comment="scoring"),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("forms", Key, nullable=False, comment="the fingerprint of the rules of normal forms"),
    sa.Column("limits", Key, nullable=False, comment="of the identities that a person can have"),
)
