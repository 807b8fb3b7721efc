"""The box of cards on the bench."""

from pathlib import Path

import pytest

from gateway.domain.errors import ConflictError, MalformedError, NotFoundError
from simulators.compound.box import BenchCard, CardBox

FIRST = [BenchCard("04B101526E6180", "0901")]


def test_a_new_card_survives_a_restart(tmp_path: Path) -> None:
    """What a person put into the box is there again, behind the cards the gateway knows."""
    box = CardBox(tmp_path / "cards.json", FIRST)
    box.add("56 30 f0 09")
    again = CardBox(tmp_path / "cards.json", FIRST)
    assert [card.uid for card in again.all()] == ["04B101526E6180", "5630F009"]


def test_what_cannot_be_a_card_is_refused(tmp_path: Path) -> None:
    """Bad hexadecimal and a UID that is there already change nothing."""
    box = CardBox(tmp_path / "cards.json", FIRST)
    with pytest.raises(MalformedError):
        box.add("not a uid")
    with pytest.raises(ConflictError):
        box.add("04 B1 01 52 6E 61 80")
    with pytest.raises(NotFoundError):
        box.take("00000000")
    assert box.all() == FIRST
    assert not (tmp_path / "cards.json").exists()
