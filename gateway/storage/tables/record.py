"""What happened: the journal, alarms, answers given, leases."""

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, LargeBinary, String, Table, Text

from gateway.storage.tables.columns import Id, metadata

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
