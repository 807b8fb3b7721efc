"""The store for whoever only looks: it is neither made nor brought to another schema."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.daemon.config import Config, ConfigError
from gateway.daemon.opening import connect
from gateway.domain.errors import ForbiddenError, NotFoundError
from gateway.storage.schema import REVISIONS, found_revision
from gateway.storage.store import Store


@contextmanager
def looked_at(config: Config) -> Iterator[Store]:
    """The store as it is, beside a running gateway or without one.

    Raises NotFoundError while it has no schema, ForbiddenError when it has another one, ConfigError for a bad URL.
    """
    store = connect(config)
    try:
        _refuse_other_schema(store)
        yield store
    finally:
        store.close()


def is_new(store: Store) -> bool:
    """Whether there is no SQLite file yet, or nothing in it; to connect would make one."""
    if store.engines.path is None:
        return False
    path = Path(store.engines.path)
    try:
        return path.stat().st_size == 0
    except FileNotFoundError:
        return True
    except OSError as error:
        raise ConfigError("store.url: %(path)s: %(why)s.", path=str(path), why=error.strerror) from error


def _refuse_other_schema(store: Store) -> None:
    found = None
    if not is_new(store):
        with store.read() as conn:
            found = found_revision(conn)
    if found is None:
        raise NotFoundError(
            "The store has no schema yet: the gateway's first start makes it, and so does “gatehouse keys init”."
        )
    if found != REVISIONS[-1]:
        raise ForbiddenError(
            "The store has schema %(found)s and this Gatehouse works with %(known)s: start the gateway of this "
            "version once, which upgrades an older schema, or use the version that wrote a newer one.",
            found=found,
            known=REVISIONS[-1],
        )
