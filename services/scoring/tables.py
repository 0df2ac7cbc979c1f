"""The tables of scoring: projections of the log, except for drafts, which exist only here.

Everything about a person hangs on an identity, never on a profile: a profile is the set of identities that
point to it. So a merge re-points identities and moves no count, cannot pay twice, and can be undone. The id
of a profile is the id of the identity that founded it; since that identity goes along with every merge, an
old profile id can always be followed to where the person is now.
"""

import sqlalchemy as sa

from shared.database.schema import Instant, Key, metadata

models = sa.Table(
    "models",
    metadata,
    sa.Column("model", Key, primary_key=True),
    sa.Column("active_version", sa.Integer, nullable=True),
    sa.Column("draft", sa.Text, nullable=True),
    sa.Column("created_at", Instant, nullable=False),
)

versions = sa.Table(
    "versions",
    metadata,
    sa.Column("model", Key, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("matrix", sa.Text, nullable=False),
    sa.Column("handoff", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=True),
    sa.Column("activated_at", Instant, nullable=False),
)

profiles = sa.Table(
    "profiles",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("created_at", Instant, nullable=False),
)

identities = sa.Table(
    "identities",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("kind", Key, nullable=False),
    sa.Column("value", Key, nullable=False),
    sa.Column("profile_id", Key, sa.ForeignKey("profiles.id"), nullable=False, index=True),
)

# The interactions that were taken in, each once: the primary key is what makes a redelivery harmless.
ledger = sa.Table(
    "ledger",
    metadata,
    sa.Column("event_id", Key, primary_key=True),
    sa.Column("identity_id", Key, nullable=False),
    sa.Column("type", Key, nullable=False),
    sa.Column("occurred_at", Instant, nullable=False),
    sa.Column("source", sa.Text, nullable=True),
    sa.Column("campaign", sa.Text, nullable=True),
    sa.Column("properties", sa.Text, nullable=False),
    sa.Column("machine", sa.Text, nullable=True),
    sa.Index("ix_ledger_identity_id", "identity_id", "occurred_at"),
)

# One row holds all counts of an identity: a batch reads and writes a row per person, not one per match.
counts = sa.Table(
    "counts",
    metadata,
    sa.Column("identity_id", Key, primary_key=True),
    sa.Column("counts", sa.Text, nullable=False),
    sa.Column("revision", sa.BigInteger, nullable=False),
)

# The last value of each day, so that a score as of a past day can see what was known then.
traits = sa.Table(
    "traits",
    metadata,
    sa.Column("identity_id", Key, primary_key=True),
    sa.Column("name", Key, primary_key=True),
    sa.Column("day", sa.Integer, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("occurred_at", Instant, nullable=False),
    sa.Column("event_id", Key, nullable=False),
)

# What became of a profile's crossings in a model: a cycle is open once it stands here.
standings = sa.Table(
    "standings",
    metadata,
    sa.Column("profile_id", Key, primary_key=True),
    sa.Column("model", Key, primary_key=True),
    sa.Column("cycle", sa.Integer, primary_key=True),
    sa.Column("lead_id", Key, nullable=True),  # none when activation withheld it from sales
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("flipped_at", Instant, nullable=False),
)
