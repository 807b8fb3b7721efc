"""The site: areas, portals, controllers, posts, schedules."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    Table,
)

from gateway.storage.tables.columns import Slug, metadata

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
