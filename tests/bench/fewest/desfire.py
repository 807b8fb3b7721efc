"""DESFire: 18 commands, the frames that follow included; 24 with what the desk must check."""

from drivers.cards import record
from drivers.cards.desfire.protocol import authenticate
from drivers.cards.desfire.protocol.framing import native
from drivers.cards.desfire.protocol.keys import KeyKind
from drivers.cards.desfire.protocol.session import CHANGE_KEY, Mode, Session
from drivers.cards.exchange import drive
from gateway.domain.card_data import CardKind
from gateway.ports.cards import KeyPurpose
from tests.bench.fewest.script import Script

_FACTORY_KEY = bytes(16)
_OURS_ALONE = b"\x09"
"""Key settings: nobody lists, creates or deletes without the master key."""

_NUMBER, _HEAD, _SIZE = 1, bytes.fromhex("01000000200000"), 32
_NUMBER_FILE = bytes.fromhex("01 03 0012 200000")
_COUNTER_FILE = bytes.fromhex("02 03 0033 00000000 FFFF0000 00000000 01")
_AES_KEYS = 0x80
_CARD_KEY = _AES_KEYS
_PURPOSES = (KeyPurpose.READ, KeyPurpose.WRITE, KeyPurpose.COUNTER, KeyPurpose.PROOF)


def issue(script: Script) -> None:
    """Blank to whole. When the card is laid down, the card itself is selected."""
    job = script.job
    key = job.secrets
    sealed = record.seal(job.plan.data, job.plan.uid, key[KeyPurpose.ISSUER])

    # Two frames: nothing on the card itself changes without its master key; the factory's is DES.
    card = drive(authenticate.iso(0, _FACTORY_KEY, job.random), script.card.answer)
    script.same_card()
    _tell(script, card, 0x54, data=_OURS_ALONE, mode=Mode.ENCIPHERED)  # ChangeKeySettings: nobody else may list or make
    _tell(script, card, 0xCA, _aid(script) + _OURS_ALONE + bytes([_AES_KEYS | 5]))  # CreateApplication: it is ours
    _change_key(script, card, _CARD_KEY, key[KeyPurpose.PICC])  # ours from now on

    _select(script)  # files are made in the application
    # Two frames: files are made, and keys changed, by the application's master key alone.
    session = _open(script, 0, _FACTORY_KEY)
    script.same_card()
    _tell(script, session, 0xCB, _NUMBER_FILE)  # CreateBackupDataFile
    _tell(script, session, 0xCC, _COUNTER_FILE)  # CreateValueFile
    # WriteData, two frames: 7 bytes of header and 48 of cipher are more than the 54 that fit into one.
    _tell(script, session, 0x3D, _HEAD, sealed, Mode.ENCIPHERED)
    _tell(script, session, 0xC7)  # CommitTransaction: what stands in a backup file counts from here on
    script.same_card()
    for number, purpose in enumerate(_PURPOSES, 1):
        _change_key(script, session, number, key[purpose], old=_FACTORY_KEY)  # four keys, each of its own
    _change_key(script, session, 0, key[KeyPurpose.APPLICATION])  # the key in use: the session ends, so it is the last
    if script.checked:
        assert read(script, select=False) == sealed


def read(script: Script, *, select: bool = True) -> bytes:
    """The 32 bytes, as a gate asks for them: the file is enciphered, and read by key 1."""
    if select:
        _select(script)
    session = _open(script, 1, script.job.secrets[KeyPurpose.READ])
    return _tell(script, session, 0xBD, _HEAD, mode=Mode.ENCIPHERED, length=_SIZE)


def _aid(script: Script) -> bytes:
    return script.job.plan.templates.desfire.aid[::-1]


def _select(script: Script) -> None:
    (apdu,) = native(0x5A, _aid(script))
    assert script.card.answer(apdu) == b"\x91\x00"


def _open(script: Script, key_no: int, key: bytes) -> Session:
    is_ev2 = script.job.plan.kind is CardKind.DESFIRE_EV2
    first = authenticate.ev2_first if is_ev2 else authenticate.aes
    return drive(first(key_no, key, script.job.random), script.card.answer)


def _tell(
    script: Script,
    session: Session,
    ins: int,
    header: bytes = b"",
    data: bytes = b"",
    mode: Mode = Mode.MACED,
    *,
    length: int | None = None,
) -> bytes:
    status, answer = _frames(script, ins, session.seal(ins, header, data, mode))
    return session.open(ins, status, answer, mode, length)


def _change_key(script: Script, session: Session, key_no: int, new: bytes, old: bytes | None = None) -> None:
    sealed = session.change_key(key_no, new, script.job.plan.data.key_version, old, KeyKind.AES)
    status, answer = _frames(script, CHANGE_KEY, sealed)
    session.open(CHANGE_KEY, status, answer)


def _frames(script: Script, ins: int, payload: bytes) -> tuple[int, bytes]:
    """Every answer of this layout fits into one frame."""
    answer = b""
    for apdu in native(ins, payload):
        answer = script.card.answer(apdu)
    return answer[-1], answer[:-2]
