"""Alembic's way in. The connection and its transaction are the caller's (gateway.storage.schema)."""

from alembic import context

from gateway.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,  # SQLite's too, because our own BEGIN precedes it
)
context.run_migrations()
