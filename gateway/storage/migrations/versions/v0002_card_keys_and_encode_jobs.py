"""Card master keys, work at the encoder, and the key version that stands on a card."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_HELD = sa.text(
    "state IN ('active', 'confiscated', 'defective', 'encoded', 'expired', "
    "'frozen', 'lost', 'provisional_lost', 'reserved', 'returned')"
)
_OPEN = sa.text("state IN ('intent', 'planned', 'unknown', 'verifying', 'wiping', 'writing')")


def upgrade() -> None:
    """Adds to what is there; cards keep everything they have."""
    op.add_column("cards", sa.Column("key_version", sa.Integer(), nullable=True))
    op.create_index("ix_cards_secure_number", "cards", ["secure_number"], unique=False)
    op.create_index(
        "uq_cards_secure_number_held",
        "cards",
        ["secure_number"],
        unique=True,
        sqlite_where=_HELD,
        postgresql_where=_HELD,
    )
    _create_keys()
    _create_jobs()


def _create_keys() -> None:
    op.create_table(
        "card_key_sets",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(80), nullable=False),
        sa.Column("current_since", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("version", name="pk_card_key_sets"),
    )
    op.create_table(
        "card_keys",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("algorithm", sa.String(16), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("check_value", sa.String(6), nullable=False),
        sa.ForeignKeyConstraint(["version"], ["card_key_sets.version"], name="fk_card_keys_version_card_key_sets"),
        sa.PrimaryKeyConstraint("version", "purpose", name="pk_card_keys"),
    )
    op.create_table(
        "card_key_components",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("component", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("check_value", sa.String(6), nullable=False),
        sa.Column("entered_by", sa.String(80), nullable=False),
        sa.Column("entered_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version"], ["card_key_sets.version"], name="fk_card_key_components_version_card_key_sets"
        ),
        sa.PrimaryKeyConstraint("version", "purpose", "component", name="pk_card_key_components"),
    )


def _create_jobs() -> None:
    op.create_table(
        "encode_batches",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("created_by", sa.String(80), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_encode_batches"),
    )
    op.create_table(
        "encode_jobs",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("what", sa.String(12), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("card_id", _Id, nullable=True),
        sa.Column("uid", sa.LargeBinary(10), nullable=True),
        sa.Column("kind", sa.String(16), nullable=True),
        sa.Column("step", sa.Integer(), server_default="0", nullable=False),
        sa.Column("steps", sa.Integer(), server_default="0", nullable=False),
        sa.Column("plan", sa.JSON(), nullable=True),
        sa.Column("plan_digest", sa.LargeBinary(32), nullable=True),
        sa.Column("key_version", sa.Integer(), nullable=True),
        sa.Column("wanted", sa.JSON(), nullable=False),
        sa.Column("batch_id", sa.String(32), nullable=True),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("encoder", sa.String(32), nullable=True),
        sa.Column("leased_by", sa.String(80), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("why", sa.JSON(), nullable=True),
        sa.Column("created_by", sa.String(80), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("rev", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["encode_batches.id"], name="fk_encode_jobs_batch_id_encode_batches"),
        sa.ForeignKeyConstraint(["card_id"], ["cards.id"], name="fk_encode_jobs_card_id_cards"),
        sa.PrimaryKeyConstraint("id", name="pk_encode_jobs"),
    )
    for column in ("batch_id", "card_id", "state"):
        op.create_index(f"ix_encode_jobs_{column}", "encode_jobs", [column], unique=False)
    op.create_index(
        "uq_encode_jobs_uid_open",
        "encode_jobs",
        ["uid"],
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )
