"""What the row remembers of ended sessions, so that sign-out reaches every process.

Revision: 0002, after 0001. It only adds: code of the release before runs beside it.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the two columns and the index."""
    op.add_column(
        "users", sa.Column("ended", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True)
    )
    op.add_column("users", sa.Column("ended_at", sa.BigInteger(), nullable=True))
    op.create_index("ix_users_ended_at", "users", ["ended_at"])


def downgrade() -> None:
    """Take them away again."""
    op.drop_index("ix_users_ended_at", "users")
    with op.batch_alter_table("users") as table:
        table.drop_column("ended_at")
        table.drop_column("ended")
