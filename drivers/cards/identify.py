"""Which kind of card lies there: by what the reader says of it first, then by asking the card.

PC/SC Part 3 rev. 2.01.09, 3.1.3.2.3: a reader makes up the answer to reset. ``3B 8F 80 01 80 4F 0C`` ‖ RID ``A0 00 00
03 06`` ‖ standard ‖ card name stands for a memory card; ``3B 8n 80 01`` ‖ historical bytes for a card that speaks
ISO/IEC 14443-4.
"""

from typing import Final

from drivers.cards.desfire.protocol.commands.applications import PICC, select_application
from drivers.cards.desfire.protocol.commands.picc import Version, get_version
from drivers.cards.desfire.protocol.errors import DesfireRefusedError
from drivers.cards.exchange import Procedure
from drivers.cards.fmcos.protocol import commands as fmcos
from drivers.cards.presence import read_uid
from gateway.domain.card_data import CardKind
from gateway.domain.identity import is_random_uid
from gateway.ports.cards import CardKindError

_MEMORY_CARD: Final = bytes.fromhex("804F0CA000000306")
_ISO_14443_A_3: Final = 0x03
_CLASSIC_NAMES: Final = frozenset({0x0001, 0x0002})
"""MIFARE Classic 1K and 4K, in the supplement to Part 3."""

_NXP: Final = 0x04
_DESFIRE: Final = 0x01
_EV1: Final = 0x01
_EV2: Final = 0x10
_OK: Final = b"\x90\x00"
_RANDOM: Final = "This card or phone tells another UID at each tap (%(uid)s now): it cannot be issued. Take another."


def identify(atr: bytes) -> Procedure[tuple[CardKind, bytes]]:
    """The kind and the UID. Leaves nothing selected that matters to what follows. Raises as :func:`lasting_uid`."""
    uid = yield from lasting_uid()
    kind = kind_by_reader(atr)
    return (kind or (yield from _ask())), uid


def lasting_uid() -> Procedure[bytes]:
    """What the reader says of the card's UID.

    Raises CardKindError for a card that draws a random UID, CardGarbledError when it tells none.
    """
    uid = yield from read_uid()
    if is_random_uid(uid):
        raise CardKindError(_RANDOM, uid=uid.hex().upper())
    return uid


def kind_by_reader(atr: bytes) -> CardKind | None:
    """None when the reader does not know, and the card itself has to be asked."""
    historical = historical_bytes(atr)
    if historical.startswith(_MEMORY_CARD):
        return _memory_card(historical[len(_MEMORY_CARD) :])
    return None if historical else CardKind.UID


def is_fmcos() -> Procedure[bool]:
    """Whether a card that does not know DESFire's commands has a master file: FMCOS has."""
    return (yield fmcos.select(fmcos.MF))[-2:] == _OK


def historical_bytes(atr: bytes) -> bytes:
    """Without its check byte; empty for an answer to reset that is none of Part 3's."""
    if len(atr) < 4 or atr[0] != 0x3B or atr[1] & 0xF0 != 0x80 or atr[2:4] != b"\x80\x01":
        return b""
    return atr[4 : 4 + (atr[1] & 0x0F)]


def _memory_card(rest: bytes) -> CardKind:
    """``rest``: standard (1), card name (2), 4 zeros."""
    is_classic = rest[:1] == bytes([_ISO_14443_A_3]) and int.from_bytes(rest[1:3]) in _CLASSIC_NAMES
    return CardKind.CLASSIC if is_classic else CardKind.UID


def _ask() -> Procedure[CardKind]:
    try:
        yield from select_application(PICC)  # ends a session that earlier work may have left open
        return _generation((yield from get_version()))
    except DesfireRefusedError:
        pass  # it does not know these commands: no DESFire
    return CardKind.FMCOS if (yield from is_fmcos()) else CardKind.UID


def _generation(version: Version) -> CardKind:
    """The upper four bits of the hardware's major version count generations from EV2 on: 12 EV2, 33 EV3.

    The first DESFire (00) knows no AES, and a DESFire Light or NTAG (other types) takes no application of ours.
    """
    if (version.vendor, version.card_type) != (_NXP, _DESFIRE) or version.hardware_major < _EV1:
        return CardKind.UID
    return CardKind.DESFIRE_EV2 if version.hardware_major >= _EV2 else CardKind.DESFIRE_EV1
