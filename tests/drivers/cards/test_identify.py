"""The kind of a card follows from what the reader and the card say of it."""

import pytest

from drivers.cards.exchange import drive
from drivers.cards.identify import historical_bytes, identify
from gateway.domain.card_data import CardKind
from gateway.ports.cards import CardGarbledError, CardKindError
from simulators.cards.catalogue import make
from simulators.cards.inprocess import InProcess

SEVEN, FOUR = bytes.fromhex("04A1B2C3D4E5F6"), bytes.fromhex("A1B2C3D4")
DESFIRE_ATR = bytes.fromhex("3B8180018080")
STORAGE = "3B8F8001804F0CA0000003060300{:02X}00000000{:02X}"


@pytest.mark.parametrize(
    ("name", "uid", "kind"),
    [
        ("desfire-ev1", SEVEN, CardKind.DESFIRE_EV1),
        ("desfire-ev2", SEVEN, CardKind.DESFIRE_EV2),
        ("desfire-ev3", SEVEN, CardKind.DESFIRE_EV2),
        ("classic", FOUR, CardKind.CLASSIC),
        ("classic-4k", SEVEN, CardKind.CLASSIC),
        ("fmcos", FOUR, CardKind.FMCOS),
    ],
)
def test_every_card_of_the_catalogue_is_known(name: str, uid: bytes, kind: CardKind) -> None:
    """With its UID, and in few commands."""
    card = InProcess(make(name, uid))
    assert drive(identify(card.atr), card.answer) == (kind, uid)
    assert len(card.sent) <= 5


def version(vendor: int, card_type: int, major: int) -> list[str]:
    """Select, then GetVersion in three frames."""
    hardware = bytes([vendor, card_type, 1, major, 0, 0x18, 5]).hex()
    return ["9100", hardware + "91AF", "04010101041805" + "91AF", "04A1B2C3D4E5F6" + "BA4519E3204913" + "9100"]


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        (version(4, 1, 0x01), CardKind.DESFIRE_EV1),
        (version(4, 1, 0x12), CardKind.DESFIRE_EV2),
        (version(4, 1, 0x33), CardKind.DESFIRE_EV2),
        (version(4, 1, 0x00), CardKind.UID),
        (version(4, 8, 0x30), CardKind.UID),
        (version(4, 4, 0x30), CardKind.UID),
        (version(5, 1, 0x01), CardKind.UID),
        (["6E00", "6F159000"], CardKind.FMCOS),
        (["6D00", "6A82"], CardKind.UID),
        (["9100", "911C", "6A82"], CardKind.UID),
    ],
)
def test_generations_are_told_by_the_hardware(answers: list[str], kind: CardKind) -> None:
    """The first DESFire, DESFire Light, NTAG and other makers' cards take nothing of ours."""
    waiting = [SEVEN.hex() + "9000", *answers]
    assert drive(identify(DESFIRE_ATR), lambda _: bytes.fromhex(waiting.pop(0))) == (kind, SEVEN)
    assert not waiting


@pytest.mark.parametrize("name", [0x03, 0x26, 0x3A])
def test_other_memory_cards_have_a_uid_only(name: int) -> None:
    """Ultralight, Mini, Ultralight C: nothing is asked of them but the UID."""
    sent: list[bytes] = []

    def answer(apdu: bytes) -> bytes:
        sent.append(apdu)
        return SEVEN + b"\x90\x00"

    atr = bytes.fromhex(STORAGE.format(name, 0))
    assert drive(identify(atr), answer) == (CardKind.UID, SEVEN)
    assert sent == [bytes.fromhex("FFCA000000")]


def test_a_random_uid_is_refused_with_the_reason() -> None:
    """A phone, or a card that hides its UID."""
    with pytest.raises(CardKindError, match="another UID at each tap"):
        drive(identify(DESFIRE_ATR), lambda _: bytes.fromhex("08A1B2C39000"))


@pytest.mark.parametrize("answer", ["", "90", "6A81", "A1B29000", "A1B2C3D4"])
def test_a_card_without_a_uid_is_garbled(answer: str) -> None:
    """It shall be laid down again."""
    with pytest.raises(CardGarbledError):
        drive(identify(DESFIRE_ATR), lambda _: bytes.fromhex(answer))


def test_other_answers_to_reset_have_no_historical_bytes() -> None:
    """A contact card, or a reader that keeps to no standard."""
    assert historical_bytes(DESFIRE_ATR) == b"\x80"
    for atr in ("", "3B", "3B8080", "3BFF940000813180", "3F8180018080"):
        assert historical_bytes(bytes.fromhex(atr)) == b""
