"""The scoring model whole: links with their evidence, corrections, scores, activations.

What was linked before had no evidence kept: it is taken as linked at the founding of its profile, and who
flipped as having flipped with all the identities of now.
"""

import sqlalchemy as sa
from alembic import op

from shared.database.schema import Instant, Key

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_LEAST = "select profile_id, min(id) as least from identities group by profile_id"
_LINK_AS_BEFORE = f"""
    insert into links (one_id, other_id, occurred_at, event_id)
    select least, identities.id, profiles.created_at, 'before-links-were-kept'
    from identities
    join ({_LEAST}) as founders on founders.profile_id = identities.profile_id
    join profiles on profiles.id = identities.profile_id
    where identities.id <> least
"""  # noqa: S608 - it is made of constants alone
_NAME_BY_LEAST = f"""
    update identities set profile_id =
        (select least from ({_LEAST}) as founders where founders.profile_id = identities.profile_id)
"""  # noqa: S608 - it is made of constants alone
_ALL_OF_A_PERSON_FLIPPED = """
    insert into flipped (identity_id, model, profile_id, cycle)
    select identities.id, standings.model, standings.profile_id, standings.cycle
    from standings
    join identities as founders on founders.id = standings.profile_id
    join identities on identities.profile_id = founders.profile_id
"""


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "links",
        sa.Column("one_id", Key, nullable=False),
        sa.Column("other_id", Key, nullable=False),
        sa.Column("occurred_at", Instant, nullable=False),
        sa.Column("event_id", Key, nullable=False),
        sa.Column("refused", sa.Text(), nullable=True, comment="why it joins nobody; null when it holds"),
        sa.PrimaryKeyConstraint("one_id", "other_id", name=op.f("pk_links")),
    )
    op.create_index(op.f("ix_links_other_id"), "links", ["other_id"], unique=False)
    op.create_table(
        "separations",
        sa.Column("identity_id", Key, nullable=False),
        sa.Column("separation_id", Key, nullable=False),
        sa.Column("other", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("separated_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("identity_id", "separation_id", "other", name=op.f("pk_separations")),
    )
    op.create_table(
        "retractions",
        sa.Column("event_id", Key, nullable=False),
        sa.Column("retraction_id", Key, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("retracted_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_retractions")),
    )
    op.create_table(
        "scores",
        sa.Column("profile_id", Key, nullable=False),
        sa.Column("model", Key, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("stage", Key, nullable=True),
        sa.Column("grade", Key, nullable=True),
        sa.Column("state", Key, nullable=False, comment="below, excluded, waiting_for_data, qualified"),
        sa.Column("company", Key, nullable=True),
        sa.Column(
            "due_on",
            sa.Integer(),
            nullable=True,
            comment="the first day on which it may change by itself",
        ),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("profile_id", "model", "version", name=op.f("pk_scores")),
    )
    op.create_index(
        op.f("ix_scores_model_version_score_profile_id"),
        "scores",
        ["model", "version", "score", "profile_id"],
        unique=False,
    )
    op.create_index(op.f("ix_scores_due_on"), "scores", ["due_on"], unique=False)
    op.create_table(
        "activations",
        sa.Column("model", Key, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("handoff", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("author", sa.Text(), nullable=True),
        sa.Column("activated_at", Instant, nullable=False),
        sa.Column(
            "flip_diff",
            sa.Text(),
            nullable=True,
            comment="JSON; null for what was activated before it was kept",
        ),
        sa.PrimaryKeyConstraint("model", "number", name=op.f("pk_activations")),
    )
    op.create_table(
        "preparations",
        sa.Column("model", Key, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("matrix", sa.Text(), nullable=False),
        sa.Column("phase", Key, nullable=False, comment="counting, pricing"),
        sa.Column(
            "uncounted", sa.Text(), nullable=False, comment="JSON: count keys that were not counted before"
        ),
        sa.Column("after", Key, nullable=False, comment="the id up to which the phase has come"),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("started_at", Instant, nullable=False),
        sa.Column("moved_at", Instant, nullable=False, comment="the last sign of life of who prepares it"),
        sa.PrimaryKeyConstraint("model", name=op.f("pk_preparations")),
    )
    op.create_table(
        "flipped",
        sa.Column("identity_id", Key, nullable=False),
        sa.Column("model", Key, nullable=False),
        sa.Column("profile_id", Key, nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("identity_id", "model", "profile_id", "cycle", name=op.f("pk_flipped")),
    )
    op.create_index(
        op.f("ix_flipped_profile_id_model_cycle"), "flipped", ["profile_id", "model", "cycle"], unique=False
    )
    op.execute(_ALL_OF_A_PERSON_FLIPPED)
    op.add_column("versions", sa.Column("author", sa.Text(), nullable=True))
    op.execute(
        "insert into activations (model, number, version, handoff, note, activated_at) "
        "select model, version, version, handoff, note, activated_at from versions"
    )
    op.execute(_LINK_AS_BEFORE)
    convention = {"fk": "fk_%(table_name)s_%(column_0_name)s"}
    with op.batch_alter_table("identities", naming_convention=convention) as table:
        table.drop_constraint(_foreign_key(), type_="foreignkey")
    op.execute(_NAME_BY_LEAST)
    op.drop_table("profiles")


def downgrade() -> None:
    """Take back: links that hold become profiles again, what else is new is forgotten."""
    op.create_table(
        "profiles",
        sa.Column("id", Key, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_profiles")),
    )
    op.execute(
        "insert into profiles (id, created_at) select distinct profile_id, current_timestamp from identities"
    )
    with op.batch_alter_table("identities") as table:
        table.create_foreign_key("identities_profile_id_fkey", "profiles", ["profile_id"], ["id"])
    with op.batch_alter_table("versions") as table:
        table.drop_column("author")
    for name in ("flipped", "preparations", "activations", "scores", "retractions", "separations", "links"):
        op.drop_table(name)


def _foreign_key() -> str:
    """Return the name of the constraint, which has one when PostgreSQL or the way back made it."""
    (found,) = sa.inspect(op.get_bind()).get_foreign_keys("identities")
    return found["name"] or "fk_identities_profile_id"
