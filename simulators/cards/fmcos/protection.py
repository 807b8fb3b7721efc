"""Line protection: MACs on commands and answers, with or without encryption.

``CLA | 04``, data ‖ MAC(CLA INS P1 P2 Lc ‖ data); encrypted data are ECB(length ‖ data ‖ padding). The MAC's initial
value is the challenge asked for just before.
"""

from simulators.cards.apdu import Apdu, Status, StatusError
from simulators.cards.fmcos import crypto
from simulators.cards.fmcos.files import ENCRYPTED, Key, KeyType
from simulators.cards.fmcos.session import Session

PROTECTED_CLASS = 0x04


def open_command(session: Session, apdu: Apdu, key: Key, protection: int) -> bytes:
    """The data in clear. A wrong MAC costs a try; the last one of a line protection key locks its directory.

    Raises StatusError 9303, 6983, 6984, 6700, 6988 or 6A80.
    """
    if not key.tries_left:
        raise StatusError(Status.BLOCKED)
    initial = session.take_challenge()
    if len(apdu.data) < crypto.MAC:
        raise StatusError(Status.WRONG_LENGTH)
    data, mac = apdu.data[: -crypto.MAC], apdu.data[-crypto.MAC :]
    head = bytes((apdu.cla, apdu.ins, apdu.p1, apdu.p2, len(apdu.data)))
    if crypto.mac(key.value, head + data, initial) != mac:
        _punish(session, key)
        raise StatusError(Status.WRONG_MAC)
    key.count_right()
    return _decrypted(key, data) if protection == ENCRYPTED and data else data


def seal_answer(session: Session, data: bytes, key: Key, protection: int) -> bytes:
    """Data, encrypted where the file asks for it, and its MAC."""
    if protection == ENCRYPTED:
        data = crypto.encrypt(key.value, crypto.pad(bytes((len(data),)) + data))
    return data + crypto.mac(key.value, data, session.take_challenge())


def _punish(session: Session, key: Key) -> None:
    key.count_wrong()
    if key.type == KeyType.LINE_PROTECTION and not key.tries_left:
        session.directory.locked = True


def _decrypted(key: Key, data: bytes) -> bytes:
    """The padding may be missing where the length already fills whole blocks: both habits exist."""
    if len(data) % crypto.BLOCK:
        raise StatusError(Status.WRONG_LENGTH)
    clear = crypto.decrypt(key.value, data)
    size, body, padding = clear[0], clear[1 : 1 + clear[0]], clear[1 + clear[0] :]
    if len(body) != size or (padding and padding != crypto.pad(clear[: 1 + size])[1 + size :]):
        raise StatusError(Status.WRONG_DATA)
    return body
