"""What every secure session with a DESFire card offers, whatever its generation."""

from abc import ABC, abstractmethod
from enum import Enum
from typing import Final

from drivers.cards.desfire.protocol.errors import DesfireRefusedError, Status
from drivers.cards.desfire.protocol.keys import KeyChange, KeyKind
from gateway.ports.cards import CardGarbledError, CardRefusedError

CHANGE_KEY: Final = 0xC4
READS: Final = frozenset({0x51, 0x6C, 0xAB, 0xAD, 0xBB, 0xBD})
"""Commands whose answers travel in the mode of the file: GetCardUID, GetValue, ReadRecords and ReadData."""


class Mode(Enum):
    """How a command's data travel: a file's communication mode, or what the command asks for."""

    PLAIN = 0
    MACED = 1
    ENCIPHERED = 3


class Session(ABC):
    """An authenticated session. It keeps keys, counters and initial vectors, and shows none of them.

    Commands must be sealed and their answers opened in turn: each depends on the ones before. After an error of the
    card, a wrong answer, and a change of the key in use the session has ended: :meth:`seal` raises CardRefusedError.

    ``mode`` is MACED for every command that is not about the content of a file (key and file settings, creating and
    deleting, version, commit …) and the file's mode for those that are. Which of these commands carry MACs is the
    session's business: the generations differ. ChangeFileSettings, SetConfiguration and GetCardUID are ENCIPHERED.
    """

    def __init__(self, key_no: int) -> None:
        self.key_no: Final = key_no
        self._ended = False
        self._bare_answer = False

    def __repr__(self) -> str:
        return f"{type(self).__name__}(key_no={self.key_no})"

    def seal(self, ins: int, header: bytes = b"", data: bytes = b"", mode: Mode = Mode.MACED) -> bytes:
        """What follows ``ins`` in the command.

        ``header`` is never enciphered: file number, offset and length, or all of a command that is not about content.
        ``data`` travel as ``mode`` says.
        """
        self._check_alive()
        return self._seal(ins, header, data, mode)

    def open(self, ins: int, status: int, payload: bytes, mode: Mode = Mode.MACED, length: int | None = None) -> bytes:
        """The data of the answer to the command that was sealed last.

        ``length``: how many bytes they are, when the command said so: without it the end is found by the padding.
        Raises CardRefusedError for any status but 00, CardGarbledError for a wrong MAC, checksum, padding or length.
        """
        self._check_alive()
        bare, self._ended = self._bare_answer, True
        if status != Status.OK:
            raise DesfireRefusedError(ins, status)
        data = payload if bare else self._open(ins, payload, mode, length)
        if len(data) != (0 if bare else len(data) if length is None else length):
            raise CardGarbledError("The card's answer has another length than was asked for: lay the card down again.")
        self._ended = bare
        return data

    def change_key(
        self, key_no_byte: int, new_key: bytes, new_version: int, old_key: bytes | None, kind: KeyKind
    ) -> bytes:
        """What follows C4 in ChangeKey; open its answer as any other.

        ``key_no_byte``: the key's number, at the PICC level with the new kind in its upper bits (40 3K3DES, 80 AES).
        ``old_key``: needed for another key than the one in use, as it lies on the card (with the version in its lowest
        bits when it is DES). The version goes beside an AES key, and into the lowest bits of a DES key.
        """
        self._check_alive()
        in_use = key_no_byte & 0x3F == self.key_no
        change = KeyChange.of(kind, new_key, new_version, None if in_use else old_key)
        if not in_use and old_key is None:
            raise ValueError("the old key is needed to change a key that is not in use")
        self._bare_answer = in_use
        return self._seal_key(bytes([key_no_byte]), change)

    def _check_alive(self) -> None:
        if self._ended:
            raise CardRefusedError("The session with the card has ended: lay the card down again.")

    @abstractmethod
    def _seal(self, ins: int, header: bytes, data: bytes, mode: Mode) -> bytes: ...

    @abstractmethod
    def _open(self, ins: int, payload: bytes, mode: Mode, length: int | None) -> bytes: ...

    @abstractmethod
    def _seal_key(self, key_no: bytes, change: KeyChange) -> bytes: ...
