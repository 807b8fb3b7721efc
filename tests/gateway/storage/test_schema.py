"""The migrations build exactly the tables the code is written against, in one step or not at all."""

import re
from pathlib import Path
from threading import Thread

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, insert, text
from sqlalchemy.exc import IntegrityError

from gateway.domain.errors import ForbiddenError
from gateway.storage import schema, tables
from gateway.storage.engine import open_engines
from gateway.storage.store import Store

# What a database itself says of its tables: one line a column, constraint or index.
_POSTGRESQL = """
    SELECT concat_ws(' ', table_name, column_name, data_type, character_maximum_length, is_nullable, column_default)
    FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL SELECT concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'"""


_FILLED = (
    "INSERT INTO units (id, code, building, entrance, room, areas) VALUES (1, '3-1-502', '3', '1', '502', '[]')",
    "INSERT INTO people (id, name) VALUES (1, '李娜')",
    "INSERT INTO cards (id, number, state, holder_id, unit_id, state_since) VALUES (1, '0001', 'active', 1, 1, 5)",
    "INSERT INTO cards (id, number, state, replaces_id, state_since) VALUES (2, '0002', 'blank', 1, 6)",
)
_CARD = {"uid": None, "secure_number": bytes(range(8)), "kind": "fmcos", "state_since": 5}


def _description(conn: Connection) -> list[str]:
    if conn.dialect.name == "postgresql":
        lines = conn.scalars(text(_POSTGRESQL)).all()
    else:
        found = conn.execute(
            text("SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'index') AND sql IS NOT NULL")
        )
        lines = [f"{name} {part}" for name, sql in found for part in _parts(sql)]
    return sorted(line for line in lines if "alembic_version" not in line)


def _parts(sql: str) -> list[str]:
    """What stands between commas: a column that was added later stands behind the constraints."""
    depth, parts = 0, [""]
    for letter in " ".join(sql.split()):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and depth == 1:
            parts.append("")
        else:
            parts[-1] += letter
    head, _, first = parts[0].partition("(")
    parts[-1] = parts[-1].removesuffix(")")
    return [part.strip() for part in (head, first, *parts[1:])]


def test_migrations_equal_the_tables(empty_url: str) -> None:
    """Every column, default, key, constraint and index, by the databases' own description."""
    engines = open_engines(empty_url)
    with engines.writer.begin() as conn:
        tables.metadata.create_all(conn)
        wanted = _description(conn)
        tables.metadata.drop_all(conn)
    schema.migrate(engines.writer)
    with engines.reader.connect() as conn:
        assert _description(conn) == wanted
    engines.dispose()


def test_every_revision_is_known() -> None:
    """The list the quick check uses is that of the files."""
    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).parent / "migrations"))
    files = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    assert tuple(reversed(files)) == schema.REVISIONS


def test_up_to_date_is_only_looked_at(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A start on an up-to-date store upgrades nothing."""

    def upgrade(_conn: Connection) -> None:
        raise AssertionError("nothing to upgrade")

    monkeypatch.setattr(schema, "upgrade", upgrade)
    store.migrate()


def test_cards_of_the_first_schema_are_kept(empty_url: str) -> None:
    """A store that was filled under schema 0001 has the same cards, holders and units after the upgrade."""
    engines = open_engines(empty_url)
    with engines.writer.begin() as conn:
        schema.upgrade(conn, "0001")
        for statement in _FILLED:
            conn.execute(text(statement))
    with engines.writer.begin() as conn:
        before = conn.execute(text("SELECT * FROM cards ORDER BY id")).mappings().all()
    schema.migrate(engines.writer)
    with engines.reader.connect() as conn:
        after = conn.execute(text("SELECT * FROM cards ORDER BY id")).mappings().all()
        assert [dict(row) for row in after] == [{**row, "key_version": None} for row in before]
        assert schema.found_revision(conn) == schema.REVISIONS[-1]
    engines.dispose()


def test_a_secure_number_has_one_holder(store: Store) -> None:
    """Two cards that someone holds never share one; a cancelled card may have had it."""
    with store.engines.writer.begin() as conn:
        conn.execute(insert(tables.cards).values(**_CARD, number="1", state="cancelled"))
        conn.execute(insert(tables.cards).values(**_CARD, number="2", state="active"))
    with store.engines.writer.begin() as conn, pytest.raises(IntegrityError), conn.begin_nested():
        conn.execute(insert(tables.cards).values(**_CARD, number="3", state="reserved"))


def test_a_newer_schema_is_refused(store: Store) -> None:
    """In a sentence that says what to do."""
    with store.engines.writer.begin() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ForbiddenError, match=re.escape("newer Gatehouse (schema 9999; this one knows up to")):
        store.migrate()


def test_two_at_once(empty_url: str) -> None:
    """Two processes that start together on an empty store both find it ready."""
    stores = [Store(empty_url) for _ in range(2)]
    failed: list[Exception] = []

    def migrate(store: Store) -> None:
        try:
            store.migrate()
        except Exception as error:  # noqa: BLE001 - the test below judges it
            failed.append(error)

    threads = [Thread(target=migrate, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    with stores[0].read() as conn:
        assert schema.found_revision(conn) == schema.REVISIONS[-1]
    for store in stores:
        store.close()
    assert failed == []
