"""The first vibe of each chain of "Again", so that no list of a chain repeats a song."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Existing vibes get their root by walking down from those without a parent.
_FILL = """
WITH RECURSIVE family (id, root_id) AS (
    SELECT id, id FROM vibes WHERE parent_id IS NULL
    UNION ALL
    SELECT vibes.id, family.root_id FROM vibes JOIN family ON vibes.parent_id = family.id
)
UPDATE vibes SET root_id = (SELECT family.root_id FROM family WHERE family.id = vibes.id)
"""


def upgrade() -> None:
    op.add_column("vibes", sa.Column("root_id", sa.String(32), nullable=True))
    op.execute(_FILL)
    with op.batch_alter_table("vibes") as batch:
        batch.alter_column("root_id", existing_type=sa.String(32), nullable=False)
    op.create_index("ix_vibes_root_id", "vibes", ["root_id"])


def downgrade() -> None:
    op.drop_index("ix_vibes_root_id", "vibes")
    op.drop_column("vibes", "root_id")
