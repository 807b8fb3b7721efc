"""Release slips: the authorisation, the right to release, and what happened at the posts."""

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
    Text,
    UniqueConstraint,
    text,
)

from gateway.storage.tables.columns import Id, Slug, metadata

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
