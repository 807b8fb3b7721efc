"""The card: power, SELECT, GET CHALLENGE, and which command goes where."""

import os
from collections.abc import Callable
from typing import Any, Final

from simulators.cards.apdu import Apdu, Status, StatusError
from simulators.cards.fmcos import binary, create, keys
from simulators.cards.fmcos.files import MF_ID, Directory, factory_card
from simulators.cards.fmcos.session import Session

_ATS_HEAD: Final = bytes.fromhex("10788090022090 0000000000")
_CHALLENGE_SIZES: Final = frozenset({4, 8})
_SELECT, _GET_CHALLENGE = 0xA4, 0x84
_PLAIN: Final = frozenset({0x00})
_OWN: Final = frozenset({0x80})

Command = Callable[[Session, Apdu], bytes]


class FmcosCard:
    """Implements simulators.cards.reader.Picc. ``random``: as many bytes as asked, for challenges."""

    def __init__(self, uid: bytes, random: Callable[[int], bytes] = os.urandom) -> None:
        self._uid = uid
        self._random = random
        self._mf = factory_card()
        self._session = Session(self._mf)

    @property
    def uid(self) -> bytes:
        """Four bytes."""
        return self._uid

    @property
    def ats(self) -> bytes:
        """TL 10, T0 78, TA 80, TB 90, TC 02, then eleven historical bytes that end with the UID."""
        return _ATS_HEAD + self._uid

    def reset(self) -> None:
        """The MF is selected, nothing is proven."""
        self._session = Session(self._mf)

    def answer(self, apdu: bytes) -> bytes:
        """Whatever the bytes are: an answer with status bytes. A challenge is good for the next command only."""
        session = self._session
        try:
            parsed = Apdu.parse(apdu)
            return self._command(parsed)(session, parsed) + Status.OK.to_wire()
        except StatusError as error:
            return error.to_wire()
        finally:
            if apdu[1:2] != bytes((_GET_CHALLENGE,)):
                session.challenge = None

    def dump(self) -> dict[str, Any]:
        """Everything from the MF down."""
        return {"mf": self._mf.dump()}

    def load(self, state: dict[str, Any]) -> None:
        """Raises ValueError, LookupError or TypeError for anything that :meth:`dump` did not give."""
        self._mf = Directory.load(state["mf"])
        self.reset()

    def _command(self, apdu: Apdu) -> Command:
        known: dict[int, tuple[frozenset[int], Command]] = {
            _SELECT: (_PLAIN, _select),
            _GET_CHALLENGE: (_PLAIN, self._get_challenge),
            0x82: (_PLAIN, keys.external_authenticate),
            0x88: (_PLAIN, keys.internal_authenticate),
            0xB0: (frozenset({0x00, 0x04}), binary.read_binary),
            0xD6: (frozenset({0x00, 0x04}), binary.update_binary),
            0xE0: (_OWN, create.create_file),
            0x0E: (_OWN, create.erase_df),
            0xD4: (frozenset({0x80, 0x84}), keys.write_key),
        }
        if apdu.cla not in {0x00, 0x04, 0x80, 0x84}:
            raise StatusError(Status.WRONG_CLA)
        if apdu.ins not in known:
            raise StatusError(Status.WRONG_INS)
        classes, command = known[apdu.ins]
        if apdu.cla not in classes:
            raise StatusError(Status.WRONG_CLA)
        if self._session.directory.locked and apdu.ins not in {_SELECT, _GET_CHALLENGE}:
            raise StatusError(Status.APPLICATION_LOCKED)
        return command

    def _get_challenge(self, session: Session, apdu: Apdu) -> bytes:
        """``00 84 00 00 04`` or ``08``."""
        if apdu.p1_p2:
            raise StatusError(Status.WRONG_P1_P2)
        if apdu.data or apdu.le not in _CHALLENGE_SIZES:
            raise StatusError(Status.WRONG_LENGTH)
        session.challenge = self._random(apdu.le)
        return session.challenge


def _select(session: Session, apdu: Apdu) -> bytes:
    """``00 A4 00 00 02 FID``, or without data the MF; ``00 A4 04 00 Lc name``. Le may be there or not.

    Answers the FCI of a directory, and nothing for an EF.
    """
    if apdu.p2 or apdu.p1 not in {0x00, 0x04}:
        raise StatusError(Status.WRONG_P1_P2)
    if apdu.p1 == 0x04:
        found = next((each for each in session.mf.walk() if each.name == apdu.data), None)
        return _enter(session, found)
    apdu.require_length(0, 2)
    number = int.from_bytes(apdu.data) if apdu.data else MF_ID
    file = next((file for file in session.directory.files if file.number == number), None)
    if file is not None:
        session.file = file
        return b""
    return _enter(session, _by_number(session, number))


def _by_number(session: Session, number: int) -> Directory | None:
    """The MF from anywhere; else the current directory, one in it, or one beside it."""
    if number == MF_ID:
        return session.mf
    here = session.directory
    beside = next((each.children for each in session.mf.walk() if here in each.children), [])
    return next((each for each in [here, *here.children, *beside] if each.number == number), None)


def _enter(session: Session, found: Directory | None) -> bytes:
    if found is None:
        raise StatusError(Status.NOT_FOUND)
    if found.locked:
        raise StatusError(Status.APPLICATION_LOCKED)
    session.enter(found)
    return _fci(found)


def _fci(directory: Directory) -> bytes:
    """``6F`` ‖ ``84`` name ‖ ``A5``: short number (88), or what the issuer wrote in the file of that number (9F0C)."""
    issuer = next((file for file in directory.files if file.number == directory.application & 0x1F), None)
    if issuer is not None and directory.number != MF_ID:
        own = b"\x9f\x08\x01\x02\x9f\x0c" + _sized(issuer.content[:64])
    else:
        own = b"\x88" + _sized(bytes((directory.application & 0x1F,)))
    return b"\x6f" + _sized(b"\x84" + _sized(directory.name) + b"\xa5" + _sized(own))


def _sized(value: bytes) -> bytes:
    return bytes((len(value),)) + value
