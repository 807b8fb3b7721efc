"""What every secure session with a DESFire card offers, whatever its generation."""

from enum import Enum, StrEnum
from typing import Protocol


class Mode(Enum):
    """How a command's data travel: a file's communication mode, or what the command asks for."""

    PLAIN = 0
    MACED = 1
    ENCIPHERED = 3


class KeyKind(StrEnum):
    """DES and 3DES with two keys are both 16 bytes on the card: a DES key is there twice."""

    DES = "des"  # 8 bytes, or 16 with equal halves; with two keys, 16
    TDES3 = "3k3des"  # 24 bytes
    AES = "aes"  # 16 bytes


class Session(Protocol):
    """An authenticated session. It keeps keys, counters and initial vectors, and shows none of them.

    Commands must be sealed and their answers opened in turn: each depends on the ones before. After a card error, and
    after the key in use was changed, the session has ended: :meth:`seal` raises CardRefusedError.

    ``mode`` is MACED for every command that is not about the content of a file (key and file settings, creating and
    deleting, version, commit …) and the file's mode for those that are. Which of these commands carry MACs is the
    session's business: the generations differ. ChangeFileSettings and SetConfiguration are ENCIPHERED.
    """

    @property
    def key_no(self) -> int:
        """The number of the key this session was made with."""

    def seal(self, ins: int, header: bytes = b"", data: bytes = b"", mode: Mode = Mode.MACED) -> bytes:
        """What follows ``ins`` in the command. ``header`` is never enciphered (file number, offset, length)."""

    def open(self, ins: int, status: int, payload: bytes, mode: Mode = Mode.MACED, length: int | None = None) -> bytes:
        """The data of the answer to the command that was sealed last.

        ``length``: how many bytes they are, when the command said so; the card pads what it enciphers otherwise when
        it was not told. Raises CardRefusedError for an error status, CardGarbledError for a wrong MAC or padding.
        """

    def change_key(
        self, key_no_byte: int, new_key: bytes, new_version: int, old_key: bytes | None, kind: KeyKind
    ) -> bytes:
        """What follows C4 in ChangeKey; open its answer as any other.

        ``key_no_byte``: the key's number, at the PICC level with the new kind in its upper bits (40 3K3DES, 80 AES).
        ``old_key``: for another key than the one in use; not looked at for the key in use, after which the session
        has ended. The version goes beside an AES key, and into the lowest bits of a DES key.
        """
