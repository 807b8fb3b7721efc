"""Card master keys, sealed under the key-encrypting key: never in clear, and never a card's own key."""

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, LargeBinary, String, Table

from gateway.storage.tables.columns import metadata

card_key_sets = Table(
    "card_key_sets",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),  # 1 to 255: one byte on the card
    Column("state", String(12), nullable=False),  # importing, current, accepted, retired
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", String(80), nullable=False),
    Column("current_since", BigInteger),
)

card_keys = Table(
    "card_keys",
    metadata,
    Column("version", Integer, ForeignKey("card_key_sets.version"), primary_key=True),
    Column("purpose", String(16), primary_key=True),
    Column("algorithm", String(16), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("check_value", String(6), nullable=False),
)

card_key_components = Table(  # halves of two people, until both are there
    "card_key_components",
    metadata,
    Column("version", Integer, ForeignKey("card_key_sets.version"), primary_key=True),
    Column("purpose", String(16), primary_key=True),
    Column("component", Integer, primary_key=True),  # 1 or 2
    Column("sealed", LargeBinary, nullable=False),
    Column("check_value", String(6), nullable=False),
    Column("entered_by", String(80), nullable=False),
    Column("entered_at", BigInteger, nullable=False),
)
