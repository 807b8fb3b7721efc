"""WRITE KEY, EXTERNAL AUTHENTICATE and INTERNAL AUTHENTICATE."""

import hmac

from simulators.cards.apdu import Apdu, Status, StatusError
from simulators.cards.fmcos import crypto
from simulators.cards.fmcos.files import ENCRYPTED, PROTECTION, Key, KeyFile, KeyType
from simulators.cards.fmcos.protection import PROTECTED_CLASS, open_command
from simulators.cards.fmcos.session import Session

_ADD = 0x01
_MASTER = 0
_HEAD = 5  # type, usage, change, third, fourth


def write_key(session: Session, apdu: Apdu) -> bytes:
    """``80 D4 01 number``: adds a key; ``80 D4 type number`` changes it. Data: type ‖ usage ‖ change ‖ 2 bytes ‖ key.

    The two bytes: state it leads to and counter (39), FF and counter (36, 37, 38), version and algorithm (others).
    ``84 D4``: the same, encrypted and with a MAC under the directory's external key 00; keys whose type has C0 in it
    are written in no other way.
    """
    old = None if apdu.p1 == _ADD else session.key(apdu.p1 & ~PROTECTION, apdu.p2)
    key_file = session.directory.key_file
    if key_file is None:
        raise StatusError(Status.NOT_FOUND)
    session.require(old.change if old else key_file.add)
    data = _clear(session, apdu)
    new = _parse(data, apdu.p2)
    is_protected = bool(apdu.cla & PROTECTED_CLASS)
    if not is_protected and (new.protection or (old and old.protection)):
        raise StatusError(Status.WRONG_PROTECTION)
    if old is None:
        _add(key_file, new)
    else:
        _change(key_file, old, new)
    return b""


def _clear(session: Session, apdu: Apdu) -> bytes:
    if apdu.cla & PROTECTED_CLASS:
        return open_command(session, apdu, session.key(KeyType.EXTERNAL, _MASTER), ENCRYPTED)
    return apdu.data


def _parse(data: bytes, number: int) -> Key:
    if len(data) - _HEAD not in crypto.KEY_SIZES:
        raise StatusError(Status.WRONG_LENGTH)
    type_, usage, change, third, fourth = data[:_HEAD]
    if type_ & ~PROTECTION not in KeyType.ALL or type_ & PROTECTION not in {0, ENCRYPTED}:
        raise StatusError(Status.WRONG_DATA)
    return Key(type_ & ~PROTECTION, type_ & PROTECTION, number, usage, change, third, fourth, data[_HEAD:])


def _add(key_file: KeyFile, new: Key) -> None:
    if any((key.type, key.number) == (new.type, new.number) for key in key_file.keys):
        raise StatusError(Status.WRONG_DATA)
    if new.room > key_file.free:
        raise StatusError(Status.NO_ROOM)
    key_file.keys.append(new)


def _change(key_file: KeyFile, old: Key, new: Key) -> None:
    if new.type != old.type:
        raise StatusError(Status.WRONG_DATA)
    if len(new.value) != len(old.value):
        raise StatusError(Status.WRONG_LENGTH)
    key_file.keys[key_file.keys.index(old)] = new


def external_authenticate(session: Session, apdu: Apdu) -> bytes:
    """``00 82 00 number 08``: the challenge (zeros after 4 bytes), encrypted. Right: the key's state; wrong: 63Cx."""
    if apdu.p1:
        raise StatusError(Status.WRONG_P1_P2)
    apdu.require_length(crypto.BLOCK)
    key = session.key(KeyType.EXTERNAL, apdu.p2)
    session.require(key.usage)
    if not key.tries_left:
        raise StatusError(Status.BLOCKED)
    if not hmac.compare_digest(crypto.encrypt(key.value, session.take_challenge()), apdu.data):
        key.count_wrong()
        raise StatusError(0x63C0 | key.tries_left)
    key.count_right()
    session.state = key.leads_to
    return b""


def internal_authenticate(session: Session, apdu: Apdu) -> bytes:
    """``00 88 00 number``: encrypts blocks with a key of type 30 or 34; ``00 88 01 number`` decrypts with type 31."""
    if apdu.p1 not in {0, 1}:
        raise StatusError(Status.WRONG_P1_P2)
    if not apdu.data or len(apdu.data) % crypto.BLOCK:
        raise StatusError(Status.WRONG_LENGTH)
    if apdu.p1 == 1:
        key = session.key(KeyType.DECRYPT, apdu.p2)
    else:
        key = session.directory.key(KeyType.ENCRYPT, apdu.p2) or session.key(KeyType.INTERNAL, apdu.p2)
    session.require(key.usage)
    return (crypto.decrypt if apdu.p1 else crypto.encrypt)(key.value, apdu.data)
