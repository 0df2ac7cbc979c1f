"""The table of ingest: what was refused or parked, by whom, and whether it was replayed."""

import sqlalchemy as sa

from shared.database.schema import Instant, Key, metadata

dead_letters = sa.Table(
    "dead_letters",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("code", Key, nullable=False),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Column("refused_at", Instant, nullable=False),
    sa.Column("refused_by", Key, nullable=False, comment="ingest, or the consumer group that parked it"),
    sa.Column("source", sa.Text, nullable=False, comment="the path it came in by, or topic/partition/offset"),
    sa.Column("replayed_at", Instant),
    sa.Index(None, "refused_at", "id"),
)
