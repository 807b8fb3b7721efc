"""The first schema."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

_HELD = sa.text(
    "state IN ('active', 'confiscated', 'defective', 'encoded', 'expired', "
    "'frozen', 'lost', 'provisional_lost', 'reserved', 'returned')"
)

_ONLY_APPENDED = {
    "sqlite": [
        f"CREATE TRIGGER journal_no_{verb.lower()} BEFORE {verb} ON journal "
        "BEGIN SELECT RAISE(ABORT, 'the journal is only appended to'); END"
        for verb in ("UPDATE", "DELETE")
    ],
    "postgresql": [
        """CREATE FUNCTION journal_only_appended() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'the journal is only appended to'; END $$""",
        """CREATE TRIGGER journal_only_appended BEFORE UPDATE OR DELETE OR TRUNCATE ON journal
        FOR EACH STATEMENT EXECUTE FUNCTION journal_only_appended()""",
    ],
}


def upgrade() -> None:
    """Creates everything, the journal's empty head, and the guard against mistakes on the journal."""
    _create_tables()
    head = sa.table("journal_head", sa.column("id"), sa.column("seq"), sa.column("hash", sa.LargeBinary))
    op.bulk_insert(head, [{"id": 1, "seq": 0, "hash": bytes(32)}])
    for statement in _ONLY_APPENDED[op.get_bind().dialect.name]:
        op.execute(statement)


def _create_tables() -> None:
    op.create_table(
        "access_rules",
        sa.Column("basis", sa.String(20), nullable=False),
        sa.Column("common_areas", sa.JSON(), nullable=False),
        sa.Column("unit_areas", sa.Boolean(), nullable=False),
        sa.Column("schedule", sa.Integer(), server_default="0", nullable=False),
        sa.Column("flags", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("basis", name="pk_access_rules"),
    )
    op.create_table(
        "alarms",
        sa.Column("id", _Id, nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("raised_at", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.Integer(), server_default="1", nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("acknowledged_at", sa.BigInteger(), nullable=True),
        sa.Column("acknowledged_by", sa.String(80), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_alarms"),
    )
    op.create_table(
        "areas",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("forms", sa.JSON(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("version", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_areas"),
    )
    op.create_table(
        "controller_events",
        sa.Column("controller", sa.String(32), nullable=False),
        sa.Column("boot", sa.String(40), nullable=False),
        sa.Column("upto", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("controller", "boot", name="pk_controller_events"),
    )
    op.create_table(
        "controllers",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("enrolled_at", sa.BigInteger(), nullable=True),
        sa.Column("mqtt_username", sa.String(64), nullable=True),
        sa.Column("report", sa.JSON(), nullable=True),
        sa.Column("seen_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_controllers"),
    )
    op.create_table(
        "holidays", sa.Column("day", sa.String(10), nullable=False), sa.PrimaryKeyConstraint("day", name="pk_holidays")
    )
    op.create_table(
        "idempotency",
        sa.Column("actor", sa.String(80), nullable=False),
        sa.Column("key", sa.String(80), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("actor", "key", name="pk_idempotency"),
    )
    op.create_index("ix_idempotency_created_at", "idempotency", ["created_at"], unique=False)
    op.create_table(
        "journal",
        sa.Column("seq", _Id, autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("boot", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("actor", sa.String(80), nullable=False),
        sa.Column("target", sa.String(64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("pii_commit", sa.LargeBinary(32), nullable=True),
        sa.Column("prev", sa.LargeBinary(32), nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_journal"),
    )
    op.create_index("ix_journal_kind_seq", "journal", ["kind", "seq"], unique=False)
    op.create_index("ix_journal_target_seq", "journal", ["target", "seq"], unique=False)
    op.create_table(
        "journal_head",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_journal_head"),
    )
    op.create_table(
        "journal_pii",
        sa.Column("seq", _Id, autoincrement=False, nullable=False),
        sa.Column("salt", sa.LargeBinary(32), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_journal_pii"),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("holder", sa.String(64), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_leases"),
    )
    op.create_table(
        "list_changes",
        sa.Column("list", sa.String(32), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.LargeBinary(8), nullable=False),
        sa.Column("entry", sa.LargeBinary(18), nullable=True),
        sa.PrimaryKeyConstraint("list", "version", "key", name="pk_list_changes"),
    )
    op.create_table(
        "people",
        sa.Column("id", _Id, nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("phone", sa.String(32), server_default="", nullable=False),
        sa.Column("phone_tail", sa.String(4), server_default="", nullable=False),
        sa.Column("id_hash", sa.LargeBinary(), nullable=True),
        sa.Column("id_last4", sa.String(4), server_default="", nullable=False),
        sa.Column("rev", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_people"),
    )
    op.create_index("ix_people_phone_tail", "people", ["phone_tail"], unique=False)
    op.create_table(
        "schedules",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("weekdays", sa.JSON(), nullable=False),
        sa.Column("holidays", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_schedules"),
    )
    op.create_table(
        "secrets",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_secrets"),
    )
    op.create_table(
        "sign_in_failures",
        sa.Column("who", sa.String(80), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("who", name="pk_sign_in_failures"),
    )
    op.create_table(
        "site",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("timezone", sa.String(40), nullable=False),
        sa.Column("calendar_version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("config_version", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_site_one_site")),
        sa.PrimaryKeyConstraint("id", name="pk_site"),
    )
    op.create_table(
        "slip_counter",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_slip_counter"),
    )
    op.create_table(
        "tokens",
        sa.Column("id", _Id, nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_tokens"),
        sa.UniqueConstraint("hash", name="uq_tokens_hash"),
    )
    op.create_table(
        "units",
        sa.Column("id", _Id, nullable=False),
        sa.Column("code", sa.String(32), nullable=False),
        sa.Column("building", sa.String(16), nullable=False),
        sa.Column("entrance", sa.String(16), nullable=False),
        sa.Column("room", sa.String(16), nullable=False),
        sa.Column("areas", sa.JSON(), nullable=False),
        sa.Column("handed_over_at", sa.BigInteger(), nullable=True),
        sa.Column("arrears", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("rev", sa.Integer(), server_default="1", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_units"),
        sa.UniqueConstraint("code", name="uq_units_code"),
    )
    op.create_table(
        "cards",
        sa.Column("id", _Id, nullable=False),
        sa.Column("number", sa.String(16), nullable=False),
        sa.Column("uid", sa.LargeBinary(10), nullable=True),
        sa.Column("secure_number", sa.LargeBinary(8), nullable=True),
        sa.Column("kind", sa.String(16), server_default="uid", nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("holder_id", _Id, nullable=True),
        sa.Column("unit_id", _Id, nullable=True),
        sa.Column("ledger", sa.String(12), server_default="resident", nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=True),
        sa.Column("valid_until", sa.BigInteger(), nullable=True),
        sa.Column("issued_at", sa.BigInteger(), nullable=True),
        sa.Column("state_since", sa.BigInteger(), nullable=False),
        sa.Column("receipt", sa.String(40), nullable=True),
        sa.Column("waived_by", sa.String(80), nullable=True),
        sa.Column("replaces_id", _Id, nullable=True),
        sa.Column("rev", sa.Integer(), server_default="1", nullable=False),
        sa.ForeignKeyConstraint(["holder_id"], ["people.id"], name="fk_cards_holder_id_people"),
        sa.ForeignKeyConstraint(["replaces_id"], ["cards.id"], name="fk_cards_replaces_id_cards"),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name="fk_cards_unit_id_units"),
        sa.PrimaryKeyConstraint("id", name="pk_cards"),
        sa.UniqueConstraint("number", name="uq_cards_number"),
    )
    op.create_index("ix_cards_holder_id", "cards", ["holder_id"], unique=False)
    op.create_index("ix_cards_uid", "cards", ["uid"], unique=False)
    op.create_index("ix_cards_unit_id", "cards", ["unit_id"], unique=False)
    op.create_index("uq_cards_uid_held", "cards", ["uid"], unique=True, sqlite_where=_HELD, postgresql_where=_HELD)
    op.create_table(
        "list_entries",
        sa.Column("list", sa.String(32), nullable=False),
        sa.Column("key", sa.LargeBinary(8), nullable=False),
        sa.Column("credential", sa.String(32), nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("valid_until", sa.BigInteger(), nullable=False),
        sa.Column("schedule", sa.Integer(), nullable=False),
        sa.Column("flags", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["list"], ["areas.id"], name="fk_list_entries_list_areas"),
        sa.PrimaryKeyConstraint("list", "key", name="pk_list_entries"),
    )
    op.create_index("ix_list_entries_credential", "list_entries", ["credential"], unique=False)
    op.create_table(
        "occupants",
        sa.Column("id", _Id, nullable=False),
        sa.Column("unit_id", _Id, nullable=False),
        sa.Column("person_id", _Id, nullable=False),
        sa.Column("relation", sa.String(12), nullable=False),
        sa.Column("basis", sa.String(20), nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("valid_until", sa.BigInteger(), nullable=False),
        sa.Column("proof", sa.String(20), nullable=False),
        sa.Column("consent", sa.JSON(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_occupants_person_id_people"),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name="fk_occupants_unit_id_units"),
        sa.PrimaryKeyConstraint("id", name="pk_occupants"),
    )
    op.create_index("ix_occupants_person_id", "occupants", ["person_id"], unique=False)
    op.create_index("ix_occupants_unit_id", "occupants", ["unit_id"], unique=False)
    op.create_table(
        "portals",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("direction", sa.String(3), nullable=False),
        sa.Column("lists", sa.JSON(), nullable=False),
        sa.Column("controller", sa.String(32), nullable=True),
        sa.Column("unlock_ms", sa.Integer(), server_default="1000", nullable=False),
        sa.Column("held_open_s", sa.Integer(), server_default="30", nullable=False),
        sa.Column("mode", sa.String(12), server_default="normal", nullable=False),
        sa.Column("stale", sa.String(5), server_default="hold", nullable=False),
        sa.Column("offline_grace_s", sa.Integer(), server_default="604800", nullable=False),
        sa.ForeignKeyConstraint(["controller"], ["controllers.id"], name="fk_portals_controller_controllers"),
        sa.PrimaryKeyConstraint("id", name="pk_portals"),
    )
    op.create_index("ix_portals_controller", "portals", ["controller"], unique=False)
    op.create_table(
        "posts",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("portal", sa.String(32), nullable=True),
        sa.ForeignKeyConstraint(["portal"], ["portals.id"], name="fk_posts_portal_portals"),
        sa.PrimaryKeyConstraint("id", name="pk_posts"),
        sa.UniqueConstraint("number", name="uq_posts_number"),
    )
    op.create_table(
        "slips",
        sa.Column("id", _Id, nullable=False),
        sa.Column("slip_no", sa.BigInteger(), nullable=True),
        sa.Column("rev", sa.Integer(), server_default="0", nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("unit_id", _Id, nullable=False),
        sa.Column("applicant_id", _Id, nullable=True),
        sa.Column("applicant", sa.String(80), nullable=False),
        sa.Column("plate", sa.String(16), nullable=True),
        sa.Column("post", sa.String(32), nullable=False),
        sa.Column("posts", sa.JSON(), nullable=False),
        sa.Column("consent", sa.JSON(), nullable=True),
        sa.Column("review", sa.JSON(), nullable=True),
        sa.Column("several_trips", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("arrears", sa.String(16), server_default="clear", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(80), nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("token", sa.Text(), nullable=True),
        sa.Column("remarks", sa.String(200), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["applicant_id"], ["people.id"], name="fk_slips_applicant_id_people"),
        sa.ForeignKeyConstraint(["post"], ["posts.id"], name="fk_slips_post_posts"),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"], name="fk_slips_unit_id_units"),
        sa.PrimaryKeyConstraint("id", name="pk_slips"),
        sa.UniqueConstraint("slip_no", name="uq_slips_slip_no"),
    )
    op.create_index("ix_slips_unit_id", "slips", ["unit_id"], unique=False)
    op.create_table(
        "users",
        sa.Column("id", _Id, nullable=False),
        sa.Column("login", sa.String(40), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("password_hash", sa.String(200), nullable=True),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("language", sa.String(8), server_default="zh-Hans", nullable=False),
        sa.Column("post", sa.String(32), nullable=True),
        sa.Column("disabled_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["post"], ["posts.id"], name="fk_users_post_posts"),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("login", name="uq_users_login"),
    )
    op.create_table(
        "sessions",
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("user_id", _Id, nullable=False),
        sa.Column("csrf", sa.String(64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_sessions_user_id_users"),
        sa.PrimaryKeyConstraint("hash", name="pk_sessions"),
    )
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"], unique=False)
    op.create_table(
        "sign_in_links",
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("user_id", _Id, nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_sign_in_links_user_id_users"),
        sa.PrimaryKeyConstraint("hash", name="pk_sign_in_links"),
    )
    op.create_table(
        "slip_items",
        sa.Column("slip_id", _Id, nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("qty", sa.Integer(), nullable=False),
        sa.Column("unit", sa.String(10), nullable=False),
        sa.Column("serial", sa.String(40), nullable=True),
        sa.ForeignKeyConstraint(["slip_id"], ["slips.id"], name="fk_slip_items_slip_id_slips"),
        sa.PrimaryKeyConstraint("slip_id", "line", name="pk_slip_items"),
    )
    op.create_table(
        "slip_movements",
        sa.Column("id", _Id, nullable=False),
        sa.Column("release_id", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("slip_id", _Id, nullable=True),
        sa.Column("slip_no", sa.BigInteger(), nullable=True),
        sa.Column("rev", sa.Integer(), nullable=True),
        sa.Column("post", sa.String(32), nullable=False),
        sa.Column("boot", sa.String(40), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("lines", sa.JSON(), nullable=False),
        sa.Column("guard", sa.String(80), nullable=False),
        sa.Column("plate_seen", sa.String(16), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("mode", sa.String(12), server_default="online", nullable=False),
        sa.Column("detail", sa.JSON(), nullable=True),
        sa.Column("body_hash", sa.LargeBinary(32), nullable=False),
        sa.ForeignKeyConstraint(["slip_id"], ["slips.id"], name="fk_slip_movements_slip_id_slips"),
        sa.PrimaryKeyConstraint("id", name="pk_slip_movements"),
        sa.UniqueConstraint("post", "boot", "seq", name="uq_slip_movements_post_boot_seq"),
        sa.UniqueConstraint("release_id", "kind", name="uq_slip_movements_release_id_kind"),
    )
    op.create_index("ix_slip_movements_slip_id", "slip_movements", ["slip_id"], unique=False)
    op.create_table(
        "slip_rights",
        sa.Column("slip_id", _Id, nullable=False),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("post", sa.String(32), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("released", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("released >= 0 AND released <= quantity", name=op.f("ck_slip_rights_within_right")),
        sa.ForeignKeyConstraint(["slip_id"], ["slips.id"], name="fk_slip_rights_slip_id_slips"),
        sa.PrimaryKeyConstraint("slip_id", "rev", "line", "post", name="pk_slip_rights"),
    )
