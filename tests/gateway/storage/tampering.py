"""What somebody with the database's own tools could do to the journal."""

from sqlalchemy import text

from gateway.storage.store import Store


def tamper(store: Store, *statements: str, **values: object) -> None:
    """Runs SQL past the triggers that guard against mistakes."""
    with store.engines.writer.begin() as conn:
        if store.engines.path:
            for name in conn.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
                conn.execute(text(f"DROP TRIGGER {name}"))
        else:
            conn.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in statements:
            conn.execute(text(statement), {k: v for k, v in values.items() if f":{k}" in statement})
