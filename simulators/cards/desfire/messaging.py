"""How commands and answers are protected on their way: the card's end, before authentication and in general."""

from enum import Enum
from typing import Protocol

from simulators.cards.desfire.keys import Key, KeyKind
from simulators.cards.desfire.status import Status, must


class Mode(Enum):
    """PLAIN, MACED and ENCIPHERED are a file's communication settings; CONTROL is for commands about no content."""

    PLAIN = 0
    MACED = 1
    ENCIPHERED = 3
    CONTROL = None


class Messaging(Protocol):
    """One way of protecting messages, with its keys and counters."""

    @property
    def key_no(self) -> int | None:
        """The key that was proved, or nothing."""

    @property
    def survives_errors(self) -> bool:
        """Whether the card stays authenticated after it refused a command."""

    def body_size(self, size: int, mode: Mode) -> int:
        """How many bytes ``size`` bytes of command data take on the wire."""

    def open(self, ins: int, header: bytes, body: bytes, mode: Mode, size: int | None) -> bytes:
        """The data of a command. ``size``: how many there must be; None when only their padding tells."""

    def seal(self, data: bytes, mode: Mode, *, size_known: bool) -> bytes:
        """The answer's data with what protects them. ``size_known``: the reader asked for that many bytes."""

    def open_key(self, key_no_byte: int, body: bytes, kind: KeyKind, old: Key | None) -> Key:
        """The new key out of ChangeKey. ``old``: the key that is replaced, unless it is the one in use."""


class Unprotected:
    """Before authentication."""

    key_no: int | None = None
    survives_errors = True

    def body_size(self, size: int, mode: Mode) -> int:
        """No more than the data."""
        del mode
        return size

    def open(self, ins: int, header: bytes, body: bytes, mode: Mode, size: int | None) -> bytes:
        """As it came. What must be enciphered cannot come now."""
        del ins, header, size
        must(mode is not Mode.ENCIPHERED, Status.AUTHENTICATION)
        return body

    def seal(self, data: bytes, mode: Mode, *, size_known: bool) -> bytes:
        """As it is."""
        del mode, size_known
        return data

    def open_key(self, key_no_byte: int, body: bytes, kind: KeyKind, old: Key | None) -> Key:
        """Never."""
        del key_no_byte, body, kind, old
        raise AssertionError("ChangeKey asks for authentication first")


def unpad(data: bytes) -> bytes:
    """Takes 80 and the zeros after it off. INTEGRITY when they are not there."""
    text, mark, rest = data.rpartition(b"\x80")
    must(mark and not any(rest), Status.INTEGRITY)
    return text


def key_of(kind: KeyKind, sent: bytes, version: int, old: Key | None) -> Key:
    """Undoes the exclusive or with the key that is replaced."""
    value = bytes(a ^ b for a, b in zip(sent, old.value, strict=True)) if old is not None else sent
    return Key(kind, value, version)
