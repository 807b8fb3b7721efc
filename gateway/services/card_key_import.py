"""Card keys that two people bring, so that neither knows them: components, sealed until both are there."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, insert, select

from gateway.domain.errors import ConflictError, MalformedError, NotFoundError
from gateway.ports.cards import KEY_SIZE, KeyPurpose
from gateway.services.card_key_rows import (
    KeySetState,
    all_versions,
    held,
    keep,
    open_sets,
    state_of,
    take_turns,
    versions_in,
)
from gateway.services.card_keys import add_set, make_current
from gateway.signing.components import check_value, combine
from gateway.signing.keyring import Keyring
from gateway.storage.store import UnitOfWork
from gateway.storage.tables import card_key_components as components
from gateway.storage.tables import card_key_sets, card_keys

NUMBERS: Final = (1, 2)


@dataclass(frozen=True, slots=True)
class Entered:
    """What to compare with the sheet: check values, of the whole key once both components are there."""

    version: int
    component: str
    key: str | None
    usable: bool


def begin_import(uow: UnitOfWork) -> int:
    """The version that is being imported; a new one when none is."""
    take_turns(uow.conn)
    begun = versions_in(uow.conn, KeySetState.IMPORTING)
    return begun[0] if begun else add_set(uow)


def importing(conn: Connection) -> int:
    """The version that is being imported. Raises NotFoundError."""
    versions = versions_in(conn, KeySetState.IMPORTING)
    if not versions:
        raise NotFoundError("No card keys are being imported. Begin with “gatehouse keys import --component 1”.")
    return versions[0]


def enter_component(
    uow: UnitOfWork, keyring: Keyring, version: int, purpose: KeyPurpose, *, component: int, key: bytes, by: str
) -> Entered:
    """Keeps one component of 16 bytes; with both from two people the key is made and they are forgotten.

    With the last of the seven keys the version becomes the current one. ``by`` is a person's login; who mistyped may
    enter the component anew until the key is made. Raises MalformedError, and ConflictError when that person entered
    the other component, when another person entered this one, when the key is there, or when it would equal another.
    """
    _check(component, key)
    take_turns(uow.conn)
    refuse_person(uow.conn, version, purpose, component=component, by=by)
    other = _find(uow.conn, version, purpose, 3 - component)
    shown = check_value(key)
    if other is None:
        _keep_component(uow, keyring, version, purpose, component=component, key=key, by=by)
        whole = None
    else:
        made = combine(_open(keyring, other), key)
        _refuse_equal(uow.conn, keyring, purpose, made)
        whole = keep(uow, keyring, version, purpose, made)
        _forget(uow, version, purpose)
    body = {"purpose": purpose.value, "component": component, "by": by, "check_value": shown, "key_check_value": whole}
    uow.record("card_keys.component_entered", f"card_keys:{version}", {"version": version, **body})
    return Entered(version, shown, whole, usable=_use_when_whole(uow, version))


def refuse_person(conn: Connection, version: int, purpose: KeyPurpose, *, component: int, by: str) -> None:
    """Raises ConflictError when this person may not enter this component now, before it has to be shown."""
    _refuse_whole(conn, version, purpose)
    same, other = (_find(conn, version, purpose, number) for number in (component, 3 - component))
    _refuse_same_person(same, other, by)


def complete(uow: UnitOfWork, keyring: Keyring, version: int, random: Callable[[int], bytes]) -> list[KeyPurpose]:
    """Makes at random the keys that nobody brought, and the version current. Raises ConflictError.

    A key of which one component is there is still waited for.
    """
    take_turns(uow.conn)
    _refuse_unless_importing(uow.conn, version)
    half = uow.conn.scalars(select(components.c.purpose).where(components.c.version == version)).first()
    if half is not None:
        raise ConflictError("The key %(purpose)s has one component of two. Enter the other one first.", purpose=half)
    missing = [purpose for purpose in KeyPurpose if purpose not in held(uow.conn, version)]
    for purpose in missing:
        keep(uow, keyring, version, purpose, random(KEY_SIZE))
    uow.record("card_keys.completed", f"card_keys:{version}", {"version": version, "purposes": list(missing)})
    _use_when_whole(uow, version)
    return missing


def discard(uow: UnitOfWork, version: int) -> None:
    """Gives up an import. Its keys were never on a card. Raises ConflictError for a version that is in use."""
    take_turns(uow.conn)
    _refuse_unless_importing(uow.conn, version)
    for table in (components, card_keys, card_key_sets):
        uow.conn.execute(delete(table).where(table.c.version == version))
    uow.record("card_keys.discarded", f"card_keys:{version}", {"version": version})


# --- Checks ---------------------------------------------------------------------------------------


def _check(component: int, key: bytes) -> None:
    if component not in NUMBERS:
        raise MalformedError("A key has component 1 and component 2, and no other.")
    if len(key) != KEY_SIZE:
        raise MalformedError("A component has 16 bytes: 32 hex digits.")
    if not any(key):
        raise MalformedError("A component of zeros would let the other person know the key. Draw 16 random bytes.")


def _refuse_unless_importing(conn: Connection, version: int) -> None:
    if state_of(conn, version) is not KeySetState.IMPORTING:
        raise ConflictError("Version %(version)s of the card keys is whole; nothing can be added.", version=version)


def _refuse_whole(conn: Connection, version: int, purpose: KeyPurpose) -> None:
    _refuse_unless_importing(conn, version)
    if purpose in held(conn, version):
        raise ConflictError(
            "The key %(purpose)s of version %(version)s is there. If it is wrong, give the import up with “gatehouse "
            "keys discard %(version)s” and begin again.",
            purpose=purpose.value,
            version=version,
        )


def _refuse_same_person(same: Row[Any] | None, other: Row[Any] | None, by: str) -> None:
    if other is not None and other.entered_by == by:
        raise ConflictError(
            "%(by)s entered component %(component)s of this key. Someone else has to enter this one.",
            by=by,
            component=other.component,
        )
    if same is not None and same.entered_by != by:
        raise ConflictError(
            "%(by)s entered this component. Only %(by)s may enter it anew.",
            by=same.entered_by,
        )


def _refuse_equal(conn: Connection, keyring: Keyring, purpose: KeyPurpose, key: bytes) -> None:
    """No key serves two purposes or two versions, retired ones included: whoever learns one would have both."""
    for version, known in open_sets(conn, keyring, all_versions(conn)).items():
        for other, there in known.keys.items():
            if hmac.compare_digest(there, key):
                raise ConflictError(
                    "The key %(purpose)s would be the same as the key %(other)s of version %(version)s. Draw new "
                    "components for %(purpose)s: each of you enters one with “--key %(purpose)s”.",
                    purpose=purpose.value,
                    other=other.value,
                    version=version,
                )


# --- Components -----------------------------------------------------------------------------------


def _find(conn: Connection, version: int, purpose: KeyPurpose, component: int) -> Row[Any] | None:
    where = (
        components.c.version == version,
        components.c.purpose == purpose.value,
        components.c.component == component,
    )
    return conn.execute(select(components).where(*where)).first()


def _keep_component(
    uow: UnitOfWork, keyring: Keyring, version: int, purpose: KeyPurpose, *, component: int, key: bytes, by: str
) -> None:
    _forget(uow, version, purpose)  # the same person mistyped it before
    row = {"version": version, "purpose": purpose.value, "component": component, "check_value": check_value(key)}
    sealed = keyring.seal(place(version, purpose.value, component), key)
    uow.conn.execute(insert(components).values(**row, sealed=sealed, entered_by=by, entered_at=uow.now))


def _open(keyring: Keyring, row: Row[Any]) -> bytes:
    return keyring.unseal(place(row.version, row.purpose, row.component), row.sealed)


def _forget(uow: UnitOfWork, version: int, purpose: KeyPurpose) -> None:
    where = (components.c.version == version, components.c.purpose == purpose.value)
    uow.conn.execute(delete(components).where(*where))


def place(version: int, purpose: str, component: int) -> str:
    """What a sealed component is bound to."""
    return f"card-key/{version}/{purpose}/component/{component}"


def _use_when_whole(uow: UnitOfWork, version: int) -> bool:
    if len(held(uow.conn, version)) < len(KeyPurpose):
        return False
    make_current(uow, version)
    uow.record("card_keys.imported", f"card_keys:{version}", {"version": version})
    return True
