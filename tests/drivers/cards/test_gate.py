"""A gate learns the number of a card in few commands, and never takes one card for another."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.cards import gate
from drivers.cards.exchange import drive
from drivers.cards.work import CardDesk
from gateway.domain.card_data import CardKind
from gateway.ports.cards import CardError, CardRefusedError, GateReading
from simulators.cards.catalogue import make
from simulators.cards.inprocess import InProcess
from tests.drivers.cards.desk import SITE, TEMPLATES, UID, counting, data, keys, plan
from tests.drivers.cards.noise import ANSWERS, survives
from tests.drivers.cards.test_identify import DESFIRE_ATR

CLASSIC_ATR = make("classic", bytes.fromhex("A1B2C3D4")).atr()
FOUR = bytes.fromhex("A1B2C3D4")
KEYS = keys(1)


async def _step(_number: int) -> None:
    return


@pytest.mark.parametrize(
    ("name", "kind", "uid", "commands"),
    [
        ("desfire-ev1", CardKind.DESFIRE_EV1, UID, 6),
        ("desfire-ev2", CardKind.DESFIRE_EV2, UID, 5),
        ("desfire-ev3", CardKind.DESFIRE_EV2, UID, 5),
        ("classic", CardKind.CLASSIC, FOUR, 4),
        ("fmcos", CardKind.FMCOS, FOUR, 8),
    ],
)
async def test_the_number_is_read_in_few_commands(name: str, kind: CardKind, uid: bytes, commands: int) -> None:
    """A DESFire card is not asked for its generation: an old one refuses once, and is opened as such."""
    card, desk = InProcess(make(name, uid)), CardDesk(SITE, counting())
    await desk.personalise(card, plan(kind, 1, uid=uid), KEYS, _step)
    card.sent.clear()
    card.lay()
    reading = await desk.read(card, KEYS, TEMPLATES)
    assert reading.data is not None
    assert (reading.uid, reading.data.number) == (uid, data(1).number)
    assert len(card.sent) == commands


def _read(*answers: str) -> GateReading:
    """What a gate makes of these answers after the UID."""
    waiting = [UID.hex() + "9000", *answers]
    asked = gate.read(DESFIRE_ATR, KEYS, TEMPLATES, site_number=SITE, random=counting())
    reading = drive(asked, lambda _: bytes.fromhex(waiting.pop(0)))
    assert not waiting
    return reading


@pytest.mark.parametrize(
    "answers", [["91A0"], ["911C", "6A82"], ["6E00", "6D00"], ["6700", "6985"], ["6D00", "9000", "6A82"]]
)
def test_a_card_that_has_nothing_of_ours_has_its_uid(answers: list[str]) -> None:
    """A DESFire card without our application, and cards that know no such command, whatever they call it."""
    assert _read(*answers) == GateReading(UID, None)


@pytest.mark.parametrize("status", ["91CA", "910E", "91EE", "91CD"])
def test_a_desfire_card_that_cannot_answer_is_not_shown(status: str) -> None:
    """Else a card of ours in trouble would look like a copy of itself."""
    with pytest.raises(CardRefusedError):
        _read(status)


def test_a_card_that_fails_later_is_not_shown() -> None:
    """The application is there; what follows is garbled or refused."""
    for answers in (["9100", "9140"], ["9100", "91CA"], ["9100", "911C", "911C"], ["9100", "1122"]):
        with pytest.raises(CardError):
            _read(*answers)


@settings(deadline=None)  # a test machine may be busy
@given(st.sampled_from([DESFIRE_ATR, CLASSIC_ATR]), st.data())
def test_any_answers(atr: bytes, answers: st.DataObject) -> None:
    """Only the errors of cards come out, and soon."""
    usual = st.sampled_from([b"\x90\x00", b"\x91\x00", b"\x91\xaf", b"\x91\x1c", b"\x6e\x00"])

    def answer(apdu: bytes) -> bytes:
        return UID + b"\x90\x00" if apdu[:2] == b"\xff\xca" else answers.draw(usual | ANSWERS)

    survives(gate.read(atr, keys(1, 2), TEMPLATES, site_number=SITE, random=counting()), answer)
