"""One command inside a session, from plain data to plain data."""

from drivers.cards.desfire.protocol import framing
from drivers.cards.desfire.protocol.keys import KeyKind
from drivers.cards.desfire.protocol.session import CHANGE_KEY, Mode, Session
from drivers.cards.exchange import Procedure


def transact(
    session: Session,
    ins: int,
    header: bytes = b"",
    data: bytes = b"",
    mode: Mode = Mode.MACED,
    *,
    length: int | None = None,
) -> Procedure[bytes]:
    """Seals, sends and opens. Raises CardRefusedError for an error status and CardGarbledError for a wrong answer."""
    status, payload = yield from framing.exchange(ins, session.seal(ins, header, data, mode))
    return session.open(ins, status, payload, mode, length)


def change_key(
    session: Session, key_no_byte: int, new_key: bytes, new_version: int, *, old_key: bytes | None, kind: KeyKind
) -> Procedure[None]:
    """ChangeKey as :meth:`Session.change_key` words it. Raises as :func:`transact`."""
    cryptogram = session.change_key(key_no_byte, new_key, new_version, old_key, kind)
    status, payload = yield from framing.exchange(CHANGE_KEY, cryptogram)
    session.open(CHANGE_KEY, status, payload)
