"""The tables, for SQLite and PostgreSQL alike.

Times are unix seconds. JSON columns hold small lists and objects that no query looks into. Personal
data stands in ``people`` and in ``journal_pii`` only, so that it can be erased.
"""

from typing import Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from gateway.domain.card import HELD

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite counts rows by itself only in an INTEGER primary key.
Id: Final = BigInteger().with_variant(Integer, "sqlite")
Slug: Final = String(32)


# --- The site -------------------------------------------------------------------------------------

site = Table(
    "site",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("slug", Slug, nullable=False),
    Column("number", Integer, nullable=False),
    Column("name", String(80), nullable=False),
    Column("timezone", String(40), nullable=False),
    Column("calendar_version", BigInteger, nullable=False, server_default="1"),
    Column("config_version", BigInteger, nullable=False, server_default="1"),
    Column("settings", JSON, nullable=False),  # the site's own choices where practice differs, such as quotas
    CheckConstraint("id = 1", name="one_site"),
)

secrets = Table(  # sealed by the keyring; never in clear
    "secrets",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
)

holidays = Table("holidays", metadata, Column("day", String(10), primary_key=True))

schedules = Table(
    "schedules",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("name", String(80), nullable=False),
    Column("weekdays", JSON, nullable=False),
    Column("holidays", JSON, nullable=False),
)

areas = Table(  # each area has one whitelist of the same name
    "areas",
    metadata,
    Column("id", Slug, primary_key=True),
    Column("name", String(80), nullable=False),
    Column("forms", JSON, nullable=False),
    Column("epoch", BigInteger, nullable=False, server_default="1"),
    Column("version", BigInteger, nullable=False, server_default="0"),
)

access_rules = Table(
    "access_rules",
    metadata,
    Column("basis", String(20), primary_key=True),
    Column("common_areas", JSON, nullable=False),
    Column("unit_areas", Boolean, nullable=False),
    Column("schedule", Integer, nullable=False, server_default="0"),
    Column("flags", Integer, nullable=False, server_default="0"),
)

controllers = Table(
    "controllers",
    metadata,
    Column("id", Slug, primary_key=True),
    Column("name", String(80), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("enrolled_at", BigInteger),
    Column("mqtt_username", String(64)),
    Column("report", JSON),  # its last status report, as the fleet view shows it
    Column("seen_at", BigInteger),
)

portals = Table(
    "portals",
    metadata,
    Column("id", Slug, primary_key=True),
    Column("name", String(80), nullable=False),
    Column("direction", String(3), nullable=False),
    Column("lists", JSON, nullable=False),
    Column("controller", Slug, ForeignKey("controllers.id"), index=True),  # null: wired to the gateway
    Column("unlock_ms", Integer, nullable=False, server_default="1000"),
    Column("held_open_s", Integer, nullable=False, server_default="30"),
    Column("mode", String(12), nullable=False, server_default="normal"),
    Column("stale", String(5), nullable=False, server_default="hold"),
    Column("offline_grace_s", Integer, nullable=False, server_default="604800"),
)

posts = Table(
    "posts",
    metadata,
    Column("id", Slug, primary_key=True),
    Column("number", Integer, nullable=False, unique=True),  # 0 to 31, as slips name it
    Column("name", String(80), nullable=False),
    Column("portal", Slug, ForeignKey("portals.id")),  # the barrier that opens on a release, if any
)

# --- Households -----------------------------------------------------------------------------------

units = Table(
    "units",
    metadata,
    Column("id", Id, primary_key=True),
    Column("code", String(32), nullable=False, unique=True),  # building-entrance-room: 3-1-502
    Column("building", String(16), nullable=False),
    Column("entrance", String(16), nullable=False),
    Column("room", String(16), nullable=False),
    Column("areas", JSON, nullable=False),  # the unit's own areas, besides the common ones
    Column("handed_over_at", BigInteger),
    Column("arrears", Boolean, nullable=False, server_default=text("false")),
    Column("rev", Integer, nullable=False, server_default="1"),
)

people = Table(
    "people",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", String(80), nullable=False),
    Column("phone", String(32), nullable=False, server_default=""),
    Column("phone_tail", String(4), nullable=False, server_default="", index=True),
    Column("id_hash", LargeBinary),  # keyed hash of the identity document number
    Column("id_last4", String(4), nullable=False, server_default=""),
    Column("rev", Integer, nullable=False, server_default="1"),
)

occupants = Table(  # the basis "residence" or "tenancy"
    "occupants",
    metadata,
    Column("id", Id, primary_key=True),
    Column("unit_id", Id, ForeignKey("units.id"), nullable=False, index=True),
    Column("person_id", Id, ForeignKey("people.id"), nullable=False, index=True),
    Column("relation", String(12), nullable=False),
    Column("basis", String(20), nullable=False),
    Column("valid_from", BigInteger, nullable=False),
    Column("valid_until", BigInteger, nullable=False),
    Column("proof", String(20), nullable=False),
    Column("consent", JSON),
    Column("ended_at", BigInteger),
)

cards = Table(
    "cards",
    metadata,
    Column("id", Id, primary_key=True),
    Column("number", String(16), nullable=False, unique=True),  # printed on the card
    Column("uid", LargeBinary(10), index=True),
    Column("secure_number", LargeBinary(8)),
    Column("kind", String(16), nullable=False, server_default="uid"),
    Column("state", String(20), nullable=False),
    Column("holder_id", Id, ForeignKey("people.id"), index=True),
    Column("unit_id", Id, ForeignKey("units.id"), index=True),
    Column("ledger", String(12), nullable=False, server_default="resident"),
    Column("valid_from", BigInteger),
    Column("valid_until", BigInteger),
    Column("issued_at", BigInteger),
    Column("state_since", BigInteger, nullable=False),
    Column("receipt", String(40)),
    Column("waived_by", String(80)),
    Column("replaces_id", Id, ForeignKey("cards.id")),
    Column("rev", Integer, nullable=False, server_default="1"),
)

_HELD_STATES = ", ".join(f"'{state.value}'" for state in sorted(HELD))
Index(
    "uq_cards_uid_held",
    cards.c.uid,
    unique=True,
    sqlite_where=text(f"state IN ({_HELD_STATES})"),
    postgresql_where=text(f"state IN ({_HELD_STATES})"),
)

# --- Whitelists -----------------------------------------------------------------------------------

list_entries = Table(
    "list_entries",
    metadata,
    Column("list", Slug, ForeignKey("areas.id"), primary_key=True),
    Column("key", LargeBinary(8), primary_key=True),
    Column("credential", String(32), nullable=False, index=True),  # "card:417"
    Column("valid_from", BigInteger, nullable=False),
    Column("valid_until", BigInteger, nullable=False),
    Column("schedule", Integer, nullable=False),
    Column("flags", Integer, nullable=False),
)

list_changes = Table(  # the outbox: what the publisher and the gateway's own memory follow
    "list_changes",
    metadata,
    Column("list", Slug, primary_key=True),
    Column("version", BigInteger, primary_key=True),
    Column("key", LargeBinary(8), primary_key=True),
    Column("entry", LargeBinary(18)),  # null: dropped
)

publisher_state = Table(
    "publisher_state", metadata, Column("list", Slug, primary_key=True), Column("state", JSON, nullable=False)
)

controller_events = Table(  # what was already taken from each controller
    "controller_events",
    metadata,
    Column("controller", Slug, primary_key=True),
    Column("boot", String(40), primary_key=True),
    Column("upto", BigInteger, nullable=False),
)

# --- Slips ----------------------------------------------------------------------------------------

slips = Table(
    "slips",
    metadata,
    Column("id", Id, primary_key=True),
    Column("slip_no", BigInteger, unique=True),  # strictly consecutive, given when issued
    Column("rev", Integer, nullable=False, server_default="0"),
    Column("kind", String(12), nullable=False),
    Column("state", String(20), nullable=False),
    Column("unit_id", Id, ForeignKey("units.id"), nullable=False, index=True),
    Column("applicant_id", Id, ForeignKey("people.id")),
    Column("applicant", String(80), nullable=False),
    Column("plate", String(16)),
    Column("post", Slug, ForeignKey("posts.id"), nullable=False),  # home post: holds the right
    Column("posts", JSON, nullable=False),
    Column("consent", JSON),
    Column("review", JSON),  # who read it besides the clerk, when the goods are not the owner's own
    Column("several_trips", Boolean, nullable=False, server_default=text("false")),
    Column("arrears", String(16), nullable=False, server_default="clear"),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", String(80), nullable=False),
    Column("issued_at", BigInteger),
    Column("expires_at", BigInteger),
    Column("token", Text),
    Column("remarks", String(200), nullable=False, server_default=""),
)

slip_items = Table(
    "slip_items",
    metadata,
    Column("slip_id", Id, ForeignKey("slips.id"), primary_key=True),
    Column("line", Integer, primary_key=True),
    Column("name", String(60), nullable=False),
    Column("qty", Integer, nullable=False),
    Column("unit", String(10), nullable=False),
    Column("serial", String(40)),
)

slip_rights = Table(  # the right to release, at exactly one post; spent by a guarded update
    "slip_rights",
    metadata,
    Column("slip_id", Id, ForeignKey("slips.id"), primary_key=True),
    Column("rev", Integer, primary_key=True),
    Column("line", Integer, primary_key=True),
    Column("post", Slug, primary_key=True),
    Column("quantity", Integer, nullable=False),
    Column("released", Integer, nullable=False, server_default="0"),
    CheckConstraint("released >= 0 AND released <= quantity", name="within_right"),
)

slip_movements = Table(  # append-only; (post, boot, seq) and release_id name an event for ever
    "slip_movements",
    metadata,
    Column("id", Id, primary_key=True),
    Column("release_id", String(32), nullable=False),
    Column("kind", String(12), nullable=False),
    Column("slip_id", Id, ForeignKey("slips.id"), index=True),
    Column("slip_no", BigInteger),
    Column("rev", Integer),
    Column("post", Slug, nullable=False),
    Column("boot", String(40), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("lines", JSON, nullable=False),
    Column("guard", String(80), nullable=False),
    Column("plate_seen", String(16)),
    Column("at", BigInteger, nullable=False),
    Column("mode", String(12), nullable=False, server_default="online"),
    Column("detail", JSON),
    Column("body_hash", LargeBinary(32), nullable=False),
    UniqueConstraint("release_id", "kind"),
    UniqueConstraint("post", "boot", "seq"),
)

slip_counter = Table(  # one row: numbers are given without gaps, inside the issuing transaction
    "slip_counter", metadata, Column("id", Integer, primary_key=True), Column("last", BigInteger, nullable=False)
)

# --- People who use Gatehouse ---------------------------------------------------------------------

users = Table(
    "users",
    metadata,
    Column("id", Id, primary_key=True),
    Column("login", String(40), nullable=False, unique=True),
    Column("name", String(80), nullable=False),
    Column("password_hash", String(200)),
    Column("roles", JSON, nullable=False),
    Column("language", String(8), nullable=False, server_default="zh-Hans"),
    Column("post", Slug, ForeignKey("posts.id")),
    Column("disabled_at", BigInteger),
)

sessions = Table(
    "sessions",
    metadata,
    Column("hash", LargeBinary(32), primary_key=True),
    Column("user_id", Id, ForeignKey("users.id"), nullable=False, index=True),
    Column("csrf", String(64), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)

sign_in_links = Table(
    "sign_in_links",
    metadata,
    Column("hash", LargeBinary(32), primary_key=True),
    Column("user_id", Id, ForeignKey("users.id"), nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", Id, primary_key=True),
    Column("hash", LargeBinary(32), nullable=False, unique=True),
    Column("name", String(80), nullable=False),
    Column("roles", JSON, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
    Column("revoked_at", BigInteger),
)

sign_in_failures = Table(
    "sign_in_failures",
    metadata,
    Column("who", String(80), primary_key=True),  # "login:…" or "net:…"
    Column("count", Integer, nullable=False),
    Column("last_at", BigInteger, nullable=False),
)

# --- The record -----------------------------------------------------------------------------------

journal = Table(
    "journal",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),  # milliseconds
    Column("boot", String(32), nullable=False),
    Column("kind", String(40), nullable=False),  # "access.granted", "card.report_loss"
    Column("actor", String(80), nullable=False),
    Column("target", String(64), nullable=False),  # "card:417", "portal:main-in"
    Column("body", Text, nullable=False),  # canonical JSON
    Column("pii_commit", LargeBinary(32)),
    Column("prev", LargeBinary(32), nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
    Index("ix_journal_target_seq", "target", "seq"),
    Index("ix_journal_kind_seq", "kind", "seq"),
)

journal_pii = Table(  # erasing a row here leaves the chain valid
    "journal_pii",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("salt", LargeBinary(32), nullable=False),
    Column("body", Text, nullable=False),
)

journal_head = Table(
    "journal_head",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
)

alarms = Table(
    "alarms",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", String(40), nullable=False),
    Column("source", String(64), nullable=False),
    Column("detail", JSON, nullable=False),
    Column("raised_at", BigInteger, nullable=False),
    Column("count", Integer, nullable=False, server_default="1"),
    Column("last_at", BigInteger, nullable=False),
    Column("acknowledged_at", BigInteger),
    Column("acknowledged_by", String(80)),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("actor", String(80), primary_key=True),
    Column("key", String(80), primary_key=True),
    Column("request_hash", LargeBinary(32), nullable=False),
    Column("status", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False, index=True),
)

leases = Table(  # one publisher a site; the fence rises with each new holder
    "leases",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("holder", String(64), nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)
