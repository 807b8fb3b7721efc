"""Bringing the schema up to date, and refusing one that a newer Gatehouse wrote."""

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, inspect, text

from gateway.domain.errors import ForbiddenError
from gateway.storage import crash

crash.register("schema.before_commit")

REVISIONS: Final = ("0001", "0002")
"""The schema versions this Gatehouse knows, oldest first; migrations/versions holds one file for each."""

_ADVISORY_LOCK: Final = 0x6761_7465  # "gate": PostgreSQL lets one process at a time migrate


def migrate(engine: Engine) -> None:
    """Upgrades to the newest schema in one transaction; up to date, it only reads one row.

    Raises ForbiddenError when the schema is newer than this program.
    """
    with engine.begin() as conn:
        if conn.dialect.name == "postgresql":
            conn.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _ADVISORY_LOCK})
        found = found_revision(conn)
        if found is not None and found not in REVISIONS:
            raise ForbiddenError(
                "The store was written by a newer Gatehouse (schema %(found)s; this one knows up to %(known)s). "
                "Install that version, or restore the backup made before the upgrade.",
                found=found,
                known=REVISIONS[-1],
            )
        if found != REVISIONS[-1]:
            upgrade(conn)
            crash.crashpoint("schema.before_commit")


def found_revision(conn: Connection) -> str | None:
    """The schema version of the store; None when it is empty."""
    if not inspect(conn).has_table("alembic_version"):
        return None
    revision: str | None = conn.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def upgrade(conn: Connection, revision: str = "head") -> None:
    """Runs the migrations up to ``revision`` in the caller's transaction."""
    # Alembic takes a third of a second to import: a start on an up-to-date store does without it.
    from alembic import command  # noqa: PLC0415 - see above
    from alembic.config import Config  # noqa: PLC0415 - see above

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = conn
    command.upgrade(config, revision)
