"""The card master keys of the site: made, renewed and withdrawn as whole sets, a version each. There is no export."""

from collections.abc import Callable
from typing import Final

from sqlalchemy import Connection, insert, select, update

from gateway.domain.errors import ConflictError, NotFoundError
from gateway.ports.cards import KEY_SIZE, CardKeys, KeyPurpose
from gateway.services.card_key_report import count_by_version, open_work_with
from gateway.services.card_key_rows import (
    MAX_VERSION,
    KeySetState,
    held,
    keep,
    newest,
    open_sets,
    state_of,
    take_turns,
    versions_in,
)
from gateway.signing.keyring import Keyring
from gateway.storage.store import UnitOfWork
from gateway.storage.tables import card_key_sets

Generation = tuple[tuple[int, str], ...]
Random = Callable[[int], bytes]

_USABLE: Final = (KeySetState.CURRENT, KeySetState.ACCEPTED)


def generation(conn: Connection) -> Generation:
    """Equal as long as :func:`load` would give the same keys; costs one small query."""
    usable = card_key_sets.c.state.in_(_USABLE)
    rows = conn.execute(select(card_key_sets.c.version, card_key_sets.c.state).where(usable).order_by("version"))
    return tuple((row.version, row.state) for row in rows)


def load(conn: Connection, keyring: Keyring) -> CardKeys | None:
    """The current and all accepted versions in clear; None before there is a current one.

    Raises UnsealError with the wrong keyring.
    """
    current = versions_in(conn, KeySetState.CURRENT)
    if not current:
        return None
    return CardKeys(current[0], open_sets(conn, keyring, versions_in(conn, *_USABLE)))


# --- Whole sets -----------------------------------------------------------------------------------


def create(uow: UnitOfWork, keyring: Keyring, random: Random) -> int:
    """The first set, of random keys. Raises ConflictError when there is one, or one is being imported."""
    take_turns(uow.conn)
    if newest(uow.conn):
        raise ConflictError("The site has card keys already. Make a new version with “gatehouse keys rotate”.")
    return _make(uow, keyring, random, "card_keys.created")


def rotate(uow: UnitOfWork, keyring: Keyring, random: Random) -> int:
    """A new set of random keys becomes the current one; the one before stays accepted. Returns the new version.

    Raises NotFoundError before the first set, ConflictError while another one is being imported.
    """
    take_turns(uow.conn)
    if not versions_in(uow.conn, KeySetState.CURRENT):
        raise NotFoundError("The site has no card keys yet. Make them with “gatehouse keys init”.")
    refuse_import(uow.conn)
    return _make(uow, keyring, random, "card_keys.rotated")


def _make(uow: UnitOfWork, keyring: Keyring, random: Random, kind: str) -> int:
    version = add_set(uow)
    for purpose in KeyPurpose:
        keep(uow, keyring, version, purpose, random(KEY_SIZE))
    make_current(uow, version)
    uow.record(kind, f"card_keys:{version}", {"version": version})
    return version


def add_set(uow: UnitOfWork) -> int:
    """An empty set under the next version."""
    version = newest(uow.conn) + 1
    if version > MAX_VERSION:
        raise ConflictError("All 255 versions of the card keys are used up: a card has one byte for it.")
    row = {"version": version, "state": KeySetState.IMPORTING, "created_at": uow.now, "created_by": uow.actor.name[:80]}
    uow.conn.execute(insert(card_key_sets).values(row))
    return version


def make_current(uow: UnitOfWork, version: int) -> None:
    """Cards are written with this version from now on; the one before stays accepted."""
    missing = [purpose for purpose in KeyPurpose if purpose not in held(uow.conn, version)]
    if missing:
        raise ConflictError(
            "Version %(version)s of the card keys has no key for %(purposes)s yet.",
            version=version,
            purposes=", ".join(missing),
        )
    for before in versions_in(uow.conn, KeySetState.CURRENT):
        _set_state(uow, before, KeySetState.ACCEPTED)
    _set_state(uow, version, KeySetState.CURRENT)
    known = card_key_sets.c.version == version
    uow.conn.execute(update(card_key_sets).where(known).values(current_since=uow.now))


def refuse_import(conn: Connection) -> None:
    """Raises ConflictError while a set is being imported."""
    for version in versions_in(conn, KeySetState.IMPORTING):
        raise ConflictError(
            "Version %(version)s of the card keys is being imported. Finish it with “gatehouse keys import”, or "
            "give it up with “gatehouse keys discard %(version)s”.",
            version=version,
        )


# --- Withdrawing ----------------------------------------------------------------------------------


def retire(uow: UnitOfWork, version: int) -> None:
    """Cards with this version are no longer ours. The keys stay sealed: :func:`accept` takes them back.

    Raises ConflictError while it is not ``accepted``, while someone holds such a card or one is being written.
    """
    take_turns(uow.conn)
    if state_of(uow.conn, version) is not KeySetState.ACCEPTED:
        raise ConflictError(
            "Version %(version)s is %(state)s; only one that is accepted can be retired. A current one is replaced "
            "with “gatehouse keys rotate” first.",
            version=version,
            state=state_of(uow.conn, version).value,
        )
    _refuse_while_on_cards(uow.conn, version)
    _set_state(uow, version, KeySetState.RETIRED)
    uow.record("card_keys.retired", f"card_keys:{version}", {"version": version})


def accept(uow: UnitOfWork, version: int) -> None:
    """Takes a retired version back, for a card with it that turned up. Raises ConflictError for any other."""
    take_turns(uow.conn)
    if state_of(uow.conn, version) is not KeySetState.RETIRED:
        raise ConflictError("Version %(version)s is not retired.", version=version)
    _set_state(uow, version, KeySetState.ACCEPTED)
    uow.record("card_keys.accepted", f"card_keys:{version}", {"version": version})


def _refuse_while_on_cards(conn: Connection, version: int) -> None:
    count = count_by_version(conn).get(version, 0)
    if count:
        raise ConflictError(
            "%(count)s cards still carry version %(version)s and would open nothing. “gatehouse keys report” lists "
            "them: lay each on a desk encoder, or cancel it.",
            count=count,
            version=version,
        )
    if open_work_with(conn, version):
        raise ConflictError("A card is being written with version %(version)s. Finish that first.", version=version)


def _set_state(uow: UnitOfWork, version: int, state: KeySetState) -> None:
    uow.conn.execute(update(card_key_sets).where(card_key_sets.c.version == version).values(state=state.value))
