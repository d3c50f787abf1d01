"""Each vibe that was asked, and its picks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "vibes",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("guild_id", sa.BigInteger()),
        sa.Column("channel_id", sa.BigInteger()),
        sa.Column("message_id", sa.BigInteger()),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("vibe", sa.JSON(), nullable=False),
        sa.Column("notes", sa.JSON(), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("catalogue", sa.String(64), nullable=False),
        sa.Column("parent_id", sa.String(32), sa.ForeignKey("vibes.id", ondelete="SET NULL")),
        sa.Column("quiet", sa.Boolean(), nullable=False),
    )
    op.create_index("ix_vibes_created_at", "vibes", ["created_at"])
    op.create_index("ix_vibes_user_id", "vibes", ["user_id"])
    op.create_table(
        "picks",
        sa.Column("vibe_id", sa.String(32), sa.ForeignKey("vibes.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("position", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("track_id", sa.String(255), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("artists", sa.JSON(), nullable=False),
        sa.Column("year", sa.Integer()),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("duration_ms", sa.Integer()),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("parts", sa.JSON(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
    )
    op.create_index("ix_picks_track_id", "picks", ["track_id"])


def downgrade() -> None:
    op.drop_table("picks")
    op.drop_table("vibes")
