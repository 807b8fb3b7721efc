"""Work on cards that lie on an encoder, and batches of it. No column holds a key."""

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, text

from gateway.domain.encode_job import OPEN
from gateway.storage.tables.columns import Id, metadata

encode_batches = Table(
    "encode_batches",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", String(80), nullable=False),
    Column("created_by", String(80), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("closed_at", BigInteger),
)

encode_jobs = Table(
    "encode_jobs",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("what", String(12), nullable=False),
    Column("state", String(12), nullable=False, index=True),
    Column("card_id", Id, ForeignKey("cards.id"), index=True),
    Column("uid", LargeBinary(10)),  # None in a batch, until a card lies there
    Column("kind", String(16)),
    Column("step", Integer, nullable=False, server_default="0"),
    Column("steps", Integer, nullable=False, server_default="0"),
    Column("plan", JSON),
    Column("plan_digest", LargeBinary(32)),
    Column("key_version", Integer),
    Column("wanted", JSON, nullable=False),
    Column("batch_id", String(32), ForeignKey("encode_batches.id"), index=True),
    Column("position", Integer),
    Column("encoder", String(32)),
    Column("leased_by", String(80)),
    Column("lease_until", BigInteger),
    Column("why", JSON),  # the sentence of the last failure: template and params
    Column("created_by", String(80), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("rev", Integer, nullable=False, server_default="1"),
)

_OPEN_STATES = ", ".join(f"'{state.value}'" for state in sorted(OPEN))
Index(
    "uq_encode_jobs_uid_open",
    encode_jobs.c.uid,
    unique=True,
    sqlite_where=text(f"state IN ({_OPEN_STATES})"),
    postgresql_where=text(f"state IN ({_OPEN_STATES})"),
)
