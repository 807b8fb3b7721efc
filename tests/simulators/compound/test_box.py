"""The box of cards on the bench."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.domain.errors import ConflictError, MalformedError, NotFoundError
from simulators.cards.apdu import Status
from simulators.compound.box import KINDS, BenchCard, CardBox

STOCK = [BenchCard("04B101526E6180", "0901")]
CREATE_APPLICATION = bytes.fromhex("90CA000005F547480F8100")


def box_in(directory: Path) -> CardBox:
    """As after a start: the gateway has told its stock."""
    box = CardBox(directory / "cards.json", directory / "plastic")
    box.stock(STOCK)
    return box


def test_a_new_card_survives_a_restart(tmp_path: Path) -> None:
    """What a person put into the box is there again, behind the cards the gateway knows."""
    box_in(tmp_path).add("56 30 f0 09")
    assert [card.uid for card in box_in(tmp_path).all()] == ["04B101526E6180", "5630F009"]


def test_what_cannot_be_a_card_is_refused(tmp_path: Path) -> None:
    """Bad hexadecimal, a UID that is there already, and a kind that nobody makes change nothing."""
    box = box_in(tmp_path)
    with pytest.raises(MalformedError):
        box.add("not a uid")
    with pytest.raises(ConflictError):
        box.add("04 B1 01 52 6E 61 80")
    with pytest.raises(MalformedError, match="paper"):
        box.blank("paper")
    for act in (box.take, box.copy):
        with pytest.raises(NotFoundError):
            act("00000000")
    assert box.all() == STOCK
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_blank_card_is_a_new_one(tmp_path: Path, kind: str) -> None:
    """Of its kind, with a UID that no card in the box has."""
    box = box_in(tmp_path)
    first, second = box.blank(kind), box.blank(kind)
    assert first.kind == second.kind == kind
    assert first.uid != second.uid
    assert box.life(first) is box.life(first)
    assert box.life(first).answer(bytes.fromhex("FFCA000000")) == bytes.fromhex(first.uid) + Status.OK.to_wire()


def test_no_uid_is_given_twice(tmp_path: Path) -> None:
    """Not even when chance would have it."""

    def rolls() -> Iterator[bytes]:
        yield from (bytes.fromhex("B101526E6180"), bytes(range(6)))

    drawn = rolls()
    box = CardBox(tmp_path / "cards.json", tmp_path / "plastic", lambda _size: next(drawn))
    box.stock(STOCK)
    assert box.blank("desfire-ev2").uid == "04000102030405"


def test_what_is_written_stays_on_the_card(tmp_path: Path) -> None:
    """Over a restart; a file with its keys is for its owner alone."""
    box = box_in(tmp_path)
    card = box.blank("desfire-ev2")
    assert box.life(card).answer(CREATE_APPLICATION) == bytes.fromhex("9100")
    again = box_in(tmp_path)
    assert again.take(card.id) == card
    assert again.life(card).answer(CREATE_APPLICATION) == bytes.fromhex("91DE")  # duplicate
    assert (tmp_path / "plastic").stat().st_mode & 0o077 == 0


def test_a_copy_has_the_uid_and_nothing_else(tmp_path: Path) -> None:
    """Any number of them, each another piece of plastic, also after a restart."""
    box = box_in(tmp_path)
    card = box.blank("desfire-ev2")
    box.life(card).answer(CREATE_APPLICATION)
    copies = [box.copy(card.id), box.copy(card.id), box_in(tmp_path).copy(card.id)]
    assert [one.id for one in copies] == [f"{card.uid}-1", f"{card.uid}-2", f"{card.uid}-3"]
    assert box.copy(copies[0].id).uid == card.uid
    life = box.life(copies[0])
    assert life.answer(bytes.fromhex("FFCA000000")) == bytes.fromhex(card.uid) + Status.OK.to_wire()
    assert life.answer(CREATE_APPLICATION) == bytes.fromhex("6D00")


def test_a_card_that_was_brought_stays_when_the_gateway_knows_it_too(tmp_path: Path) -> None:
    """The piece of plastic in the hand is the one that counts."""
    box = CardBox(tmp_path / "cards.json", tmp_path / "plastic")
    card = box.blank("fmcos")
    box.stock([BenchCard(card.uid, "1001 3-1-502"), *STOCK])
    assert box.all() == [*STOCK, card]
