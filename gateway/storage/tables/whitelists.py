"""Who stands on which list, and the changes the publisher follows."""

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, LargeBinary, String, Table

from gateway.storage.tables.columns import Slug, metadata

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

controller_events = Table(  # what was already taken from each controller
    "controller_events",
    metadata,
    Column("controller", Slug, primary_key=True),
    Column("boot", String(40), primary_key=True),
    Column("upto", BigInteger, nullable=False),
)
