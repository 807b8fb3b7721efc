"""What a printed or framed card number means: a setting of the reader, learnt by holding a known card to it."""

from enum import StrEnum

from gateway.domain.errors import MalformedError
from gateway.domain.identity import Identity, IdentityKind


class NumberForm(StrEnum):
    """How the reader writes the number down."""

    HEX = "hex"
    DECIMAL = "decimal"
    BINARY = "binary"


class Meaning(StrEnum):
    """What the number is of the card."""

    UID = "uid"
    UID_REVERSED = "uid-reversed"
    W26 = "w26"
    W34 = "w34"


_UID_LENGTHS = (4, 7, 10)
_WIEGAND_BITS = {Meaning.W26: 24, Meaning.W34: 32}


def identity_of_number(form: NumberForm, meaning: Meaning, message: bytes) -> Identity:
    """Raises MalformedError when the message is no number, or one too long for what it should mean."""
    number = _bytes_of(form, message)
    if meaning in _WIEGAND_BITS:
        bits = _WIEGAND_BITS[meaning]
        return Identity.wiegand(bits, int.from_bytes(number) & ((1 << bits) - 1))
    significant = number.lstrip(b"\x00")
    for length in _UID_LENGTHS:
        if len(significant) <= length <= max(len(number), 4):
            uid = significant.rjust(length, b"\x00")
            return Identity(IdentityKind.UID, uid[::-1] if meaning is Meaning.UID_REVERSED else uid)
    raise MalformedError("A card number of %(length)s bytes cannot be.", length=len(number))


def _bytes_of(form: NumberForm, message: bytes) -> bytes:
    """The number, most significant byte first."""
    number = message if form is NumberForm.BINARY else _typed(form, message)
    if not 1 <= len(number) <= 10:
        raise MalformedError("A card number of %(length)s bytes cannot be.", length=len(number))
    return number


def _typed(form: NumberForm, message: bytes) -> bytes:
    text = message.decode("ascii", "replace").strip().replace(":", "").replace(" ", "")
    try:
        if form is NumberForm.HEX:
            return bytes.fromhex(text)
        if text.isascii() and text.isdigit() and len(text) <= 24:
            value = int(text)
            return value.to_bytes(max(4, (value.bit_length() + 7) // 8))
    except ValueError as error:
        raise MalformedError("“%(text)s” is no card number.", text=text[:40]) from error
    raise MalformedError("“%(text)s” is no card number.", text=text[:40])
