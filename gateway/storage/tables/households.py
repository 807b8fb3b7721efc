"""Units, people, who lives where, and cards. Personal data stands in ``people`` only."""

from sqlalchemy import JSON, BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, text

from gateway.domain.card import HELD
from gateway.storage.tables.columns import Id, metadata

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
    Column("secure_number", LargeBinary(8), index=True),
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
    Column("key_version", Integer),  # whose keys are on the card
)

_HELD_STATES = ", ".join(f"'{state.value}'" for state in sorted(HELD))
for _column in (cards.c.uid, cards.c.secure_number):
    Index(
        f"uq_cards_{_column.name}_held",
        _column,
        unique=True,
        sqlite_where=text(f"state IN ({_HELD_STATES})"),
        postgresql_where=text(f"state IN ({_HELD_STATES})"),
    )
