"""A PC/SC reader over a MIFARE Classic card: the commands of class FF.

PC/SC Part 3 rev. 2.01.09: Load Keys 3.2.2.1.4, General Authenticate 3.2.2.1.6 and its older form, Read and Update
Binary 3.2.2.1.8 and 3.2.2.1.9. Increment and decrement come in the three dialects that readers speak:
``FF C2 00 03`` with data objects (Part 3, amendment 1, 3.2.2.1.10), ``FF D4``/``FF D8`` (HID OMNIKEY 5321 developer
guide B.4), and ``FF D7``/``FF B1`` (ACS ACR122U API 2.04, 5.5).
"""

from typing import Any, Final

from simulators.cards.apdu import Apdu, Status, StatusError, wrong_le
from simulators.cards.classic import value
from simulators.cards.classic.access import Key
from simulators.cards.classic.chip import BLOCK, ClassicChip, NakError
from simulators.cards.reader import READER_CLASS, memory_card_atr, reader_command

_KEY_SIZE: Final = 6
_VOLATILE_SLOTS, _LASTING_SLOTS = 2, 32
_LASTING, _READER_KEY, _SECURED = 0x20, 0x80, 0x40
_OLD_AUTHENTICATE: Final = 0x88
_NOT_VALID_KEY_NUMBER: Final = Status.WRONG_MAC  # 6988 in the tables of Part 3 for Load Keys and Authenticate
_UNKNOWN_KEY_TYPE: Final = Status.NO_CURRENT_FILE  # 6986 there


class ClassicReader:
    """Implements simulators.cards.state.StoredCard. The key slots are the reader's: a reset of the card keeps them."""

    def __init__(self, chip: ClassicChip) -> None:
        self.chip = chip
        self._slots: dict[int, bytes] = {}
        self._commands = {
            0x82: self._load_key,
            0x86: self._authenticate,
            0xB0: self._read,
            0xD6: self._update,
            0xB1: self._read_value,
            0xD7: self._value,
            0xD4: self._increment,
            0xD8: self._decrement,
            0xC2: self._data_object,
        }

    @property
    def uid(self) -> bytes:
        """The card's."""
        return self.chip.uid

    def atr(self) -> bytes:
        """Card name 0001 or 0002."""
        return memory_card_atr(self.chip.model.name)

    def answer(self, apdu: bytes) -> bytes:
        """The card itself speaks no APDUs: other classes than FF are answered 6E00."""
        try:
            return self._answer(apdu) + Status.OK.to_wire()
        except StatusError as error:
            return error.to_wire()
        except NakError:
            return Status.NOT_ALLOWED_NOW.to_wire()

    def reset(self) -> None:
        """Power off and on for the card."""
        self.chip.reset()

    def dump(self) -> dict[str, Any]:
        """The card's."""
        return self.chip.dump()

    def load(self, state: dict[str, Any]) -> None:
        """The card's."""
        self.chip.load(state)

    def _answer(self, raw: bytes) -> bytes:
        if raw[:1] != bytes((READER_CLASS,)):
            raise StatusError(Status.WRONG_CLA if len(raw) >= 4 else Status.WRONG_LENGTH)
        if raw[1:2] == bytes((_OLD_AUTHENTICATE,)):
            return self._old_authenticate(raw)
        apdu = Apdu.parse(raw)
        command = self._commands.get(apdu.ins)
        return command(apdu) if command else reader_command(apdu, self.uid, b"")

    def _load_key(self, apdu: Apdu) -> bytes:
        if apdu.p1 & _READER_KEY:
            raise StatusError(Status.BLOCKED)
        if apdu.p1 & _SECURED:
            raise StatusError(Status.CONDITIONS)
        if apdu.p2 >= (_LASTING_SLOTS if apdu.p1 & _LASTING else _VOLATILE_SLOTS):
            raise StatusError(_NOT_VALID_KEY_NUMBER)
        if len(apdu.data) != _KEY_SIZE:
            raise StatusError(Status.WRONG_KEY_SIZE)
        self._slots[apdu.p2] = apdu.data
        return b""

    def _authenticate(self, apdu: Apdu) -> bytes:
        """``FF 86 00 00 05 01 00 block type slot``."""
        if apdu.p1_p2:
            raise StatusError(Status.WRONG_OFFSET)
        apdu.require_length(5)
        version, high, block, which, slot = apdu.data
        if version != 1:
            raise StatusError(Status.WRONG_DATA)
        self._open(high << 8 | block, which, slot)
        return b""

    def _old_authenticate(self, raw: bytes) -> bytes:
        """``FF 88 00 block type slot``: six bytes, older than the rules for APDUs."""
        if len(raw) != 6:
            raise StatusError(Status.WRONG_LENGTH)
        self._open(raw[2] << 8 | raw[3], raw[4], raw[5])
        return b""

    def _open(self, block: int, which: int, slot: int) -> None:
        self._require_block(block)
        if which not in {key.value for key in Key}:
            raise StatusError(_UNKNOWN_KEY_TYPE)
        if slot not in self._slots:
            raise StatusError(_NOT_VALID_KEY_NUMBER)
        try:
            self.chip.authenticate(block, Key(which), self._slots[slot])
        except NakError as error:
            raise StatusError(Status.FAILED) from error

    def _read(self, apdu: Apdu) -> bytes:
        self._require_block(apdu.p1_p2)
        if apdu.data or apdu.le is None:
            raise StatusError(Status.WRONG_LENGTH)
        if apdu.le > BLOCK:
            raise wrong_le(BLOCK)
        return self.chip.read(apdu.p1_p2)[: apdu.le or BLOCK]

    def _update(self, apdu: Apdu) -> bytes:
        self._require_block(apdu.p1_p2)
        apdu.require_length(BLOCK)
        self.chip.write(apdu.p1_p2, apdu.data)
        return b""

    def _read_value(self, apdu: Apdu) -> bytes:
        """``FF B1 00 block 04``: the value, signed, most significant byte first."""
        self._require_block(apdu.p1_p2)
        if apdu.data or apdu.le not in {None, 0, 4}:
            raise wrong_le(4)
        known = value.decode(self.chip.read(apdu.p1_p2))
        if known is None:
            raise StatusError(Status.FAILED)
        return known[0].to_bytes(4, "big", signed=True)

    def _value(self, apdu: Apdu) -> bytes:
        """``FF D7 00 block``: 00 store, 01 increment, 02 decrement (value most significant byte first), 03 copy."""
        self._require_block(apdu.p1_p2)
        apdu.require_length(2, 5)
        operation, operand = apdu.data[0], apdu.data[1:]
        if len(operand) == 1 and operation == 3:
            self._copy(apdu.p1_p2, operand[0])
        elif len(operand) == 4 and operation == 0:
            self.chip.write(apdu.p1_p2, value.encode(int.from_bytes(operand, "big", signed=True), apdu.p2))
        elif len(operand) == 4 and operation in {1, 2}:
            amount = int.from_bytes(operand, "big", signed=True)
            self._add(apdu.p1_p2, amount, up=operation == 1)
        else:
            raise StatusError(Status.WRONG_DATA)
        return b""

    def _increment(self, apdu: Apdu) -> bytes:
        """``FF D4 00 block 04``: least significant byte first."""
        return self._simple(apdu, up=True)

    def _decrement(self, apdu: Apdu) -> bytes:
        """``FF D8 00 block 04``: least significant byte first."""
        return self._simple(apdu, up=False)

    def _simple(self, apdu: Apdu, *, up: bool) -> bytes:
        self._require_block(apdu.p1_p2)
        apdu.require_length(1, 4)
        self._add(apdu.p1_p2, int.from_bytes(apdu.data, "little", signed=len(apdu.data) == 4), up=up)
        return b""

    def _data_object(self, apdu: Apdu) -> bytes:
        """``FF C2 00 03``: ``A0`` up or ``A1`` down ‖ 09 ‖ ``80 01`` block ‖ ``81 04`` value, low byte first."""
        if apdu.p1_p2 != 3:
            raise StatusError(Status.NOT_SUPPORTED)
        data = apdu.data
        if len(data) != 11 or data[0] not in {0xA0, 0xA1} or data[1:4] != b"\x09\x80\x01" or data[5:7] != b"\x81\x04":
            raise StatusError(Status.WRONG_DATA)
        self._require_block(data[4])
        self._add(data[4], int.from_bytes(data[7:], "little", signed=True), up=data[0] == 0xA0)
        return bytes.fromhex("C003009000")

    def _add(self, block: int, amount: int, *, up: bool) -> None:
        if up:
            self.chip.increment(block, amount)
        else:
            self.chip.decrement(block, amount)
        self.chip.transfer(block)

    def _copy(self, source: int, target: int) -> None:
        self._require_block(target)
        self.chip.restore(source)
        self.chip.transfer(target)

    def _require_block(self, block: int) -> None:
        if block >= self.chip.model.blocks:
            raise StatusError(Status.NOT_FOUND)
