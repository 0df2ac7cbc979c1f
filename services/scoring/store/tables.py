"""The tables of scoring: projections of the log, except for drafts, which exist only here.

All data about a person belongs to an identity, never to a profile: a profile is the set of identities that
point to it. So a merge re-points identities and moves no count, cannot pay twice, and can be undone. The id
of a profile is the least id of its identities; an id from before a merge is still the id of an identity, and
so it always leads to the profile of today.
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
    sa.Column("retired_at", Instant, nullable=True, comment="null: it scores, or never did"),
    sa.Column("retired_by", sa.Text, nullable=True),
    sa.Column("retired_note", sa.Text, nullable=True),
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
    sa.Column("author", sa.Text, nullable=True),
)

# Who activated which version, when and why; a version that was activated twice has two rows.
activations = sa.Table(
    "activations",
    metadata,
    sa.Column("model", Key, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("handoff", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=True),
    sa.Column("author", sa.Text, nullable=True),
    sa.Column("activated_at", Instant, nullable=False),
    sa.Column(
        "flip_diff", sa.Text, nullable=True, comment="JSON; null for what was activated before it was kept"
    ),
)

# Hand-overs of kept-back profiles without a new version, and the progress of each.
handovers = sa.Table(
    "handovers",
    metadata,
    sa.Column("id", Key, primary_key=True, comment="time-ordered"),
    sa.Column("model", Key, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=True),
    sa.Column("begun_at", Instant, nullable=False),
    sa.Column("moved_at", Instant, nullable=False, comment="the last sign of life of who does it"),
    sa.Column("done", sa.Integer, nullable=False),
    sa.Column("total", sa.Integer, nullable=False),
    sa.Column("handed_over", sa.Integer, nullable=False),
    sa.Index(None, "model", "id"),
)

# A version that is being prepared: counted and priced beside the active one.
preparations = sa.Table(
    "preparations",
    metadata,
    sa.Column("model", Key, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("matrix", sa.Text, nullable=False),
    sa.Column("phase", Key, nullable=False, comment="counting, pricing"),
    sa.Column("uncounted", sa.Text, nullable=False, comment="JSON: count keys that were not counted before"),
    sa.Column("after", Key, nullable=False, comment="the id up to which the phase has come"),
    sa.Column("done", sa.Integer, nullable=False),
    sa.Column("total", sa.Integer, nullable=False),
    sa.Column("started_at", Instant, nullable=False),
    sa.Column("moved_at", Instant, nullable=False, comment="the last sign of life of who prepares it"),
)

identities = sa.Table(
    "identities",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("kind", Key, nullable=False, index=True),
    sa.Column("value", Key, nullable=False),
    sa.Column("profile_id", Key, nullable=False, index=True),
)

# The earliest evidence for each pair of identities that was ever linked.
links = sa.Table(
    "links",
    metadata,
    sa.Column("one_id", Key, primary_key=True),
    sa.Column("other_id", Key, primary_key=True),
    sa.Column("occurred_at", Instant, nullable=False),
    sa.Column("event_id", Key, nullable=False),
    sa.Column("refused", sa.Text, nullable=True, comment="why it joins nobody; null when it holds"),
    sa.Index(None, "other_id"),
)

# Identities that were separated by hand: an identity of one side and one of the other never share a profile.
separations = sa.Table(
    "separations",
    metadata,
    sa.Column("identity_id", Key, primary_key=True),
    sa.Column("separation_id", Key, primary_key=True),
    sa.Column("other", sa.Boolean, primary_key=True),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("separated_at", Instant, nullable=False),
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

# Interactions that do not count, by their id, whether they have arrived yet or not.
retractions = sa.Table(
    "retractions",
    metadata,
    sa.Column("event_id", Key, primary_key=True),
    sa.Column("retraction_id", Key, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("retracted_at", Instant, nullable=False),
)

# One row holds the counts of an identity: a batch reads and writes one row per profile, not one per match.
counts = sa.Table(
    "counts",
    metadata,
    sa.Column("identity_id", Key, primary_key=True),
    sa.Column("entries", sa.LargeBinary, nullable=False, comment="(key, by, day, times), sorted"),
    sa.Column("by_hand", sa.Text, comment="adjustments: (day, JSON, times); null: none"),
    sa.Column("revision", sa.BigInteger, nullable=False),
)

# What was too much for a row of `counts`, so that an event of an identity with very many counts rewrites few.
# The counts are the sum of both rows. This one is written only with the other, whose revision guards both.
older_counts = sa.Table(
    "older_counts",
    metadata,
    sa.Column("identity_id", Key, primary_key=True),
    sa.Column("mark", Key, nullable=False, comment="hash of the entries"),
    sa.Column("entries", sa.LargeBinary, nullable=False, comment="(key, by, day, times), sorted"),
)

# The last value of each day, so that a score as of a past day can use the traits of that day.
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

# The traits that interactions set by their type: for each type and day the last one that is not retracted.
effects = sa.Table(
    "effects",
    metadata,
    sa.Column("identity_id", Key, primary_key=True),
    sa.Column("type", Key, primary_key=True),
    sa.Column("day", sa.Integer, primary_key=True),
    sa.Column("occurred_at", Instant, nullable=False),
    sa.Column("event_id", Key, nullable=False),
)

# Each profile's score in each model, as of the day it was priced: for lists, sums and changes of stage.
scores = sa.Table(
    "scores",
    metadata,
    sa.Column("profile_id", Key, primary_key=True),
    sa.Column("model", Key, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("score", sa.Float, nullable=False),
    sa.Column("stage", Key, nullable=True),
    sa.Column("grade", Key, nullable=True),
    sa.Column("state", Key, nullable=False, comment="below, excluded, waiting_for_data, qualified"),
    sa.Column("company", Key, nullable=True),
    sa.Column(
        "excluded",
        sa.Boolean,
        nullable=False,
        server_default=sa.false(),
        comment="by an exclusion of the matrix, whatever the score",
    ),
    sa.Column("due_on", sa.Integer, nullable=True, comment="the first day on which it may change by itself"),
    sa.Column("revision", sa.BigInteger, nullable=False),
    sa.Index(None, "model", "version", "score", "profile_id"),
    sa.Index(None, "due_on"),
)

# The cycles of a profile in a model: a cycle is open once it has a row here.
cycles = sa.Table(
    "cycles",
    metadata,
    sa.Column("profile_id", Key, primary_key=True),
    sa.Column("model", Key, primary_key=True),
    sa.Column("cycle", sa.Integer, primary_key=True),
    sa.Column("lead_id", Key, nullable=True),  # null: an activation kept it back
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("flipped_at", Instant, nullable=False),
)

# Which identities flipped in a cycle: those of the profile at that time, since it may be unmerged later.
cycle_identities = sa.Table(
    "cycle_identities",
    metadata,
    sa.Column("identity_id", Key, primary_key=True),
    sa.Column("model", Key, primary_key=True),
    sa.Column("profile_id", Key, primary_key=True),
    sa.Column("cycle", sa.Integer, primary_key=True),
    sa.Column(
        "carried",
        sa.Boolean,
        nullable=False,
        server_default=sa.false(),
        comment="by a renewal of the tables: no lead tells of it, but what they did was part of the flip",
    ),
    sa.Index(None, "profile_id", "model", "cycle"),
)

# Every name that came with an event: a matrix that asks for any other name gets a warning.
seen_names = sa.Table(
    "seen_names",
    metadata,
    sa.Column("kind", Key, primary_key=True, comment="type, property, trait"),
    sa.Column("name", Key, primary_key=True),
    sa.Column("form", Key, primary_key=True, comment="of a property's or trait's values; '' for types"),
)
