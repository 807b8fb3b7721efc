"""Whatever a MIFARE Classic card answers: only documented errors, an end, and no trailer that locks it."""

from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.cards import classic
from drivers.cards.classic.protocol.access import AccessConditions
from tests.drivers.cards.classic.test_work import RANDOM, UID, look, planned, read
from tests.drivers.cards.desk import keys
from tests.drivers.cards.noise import ANSWERS, survives

GET_UID = bytes.fromhex("FFCA000000")
WORKS = [
    lambda: classic.personalise(planned(), keys(1), RANDOM),
    lambda: classic.personalise(planned(2, before=1), keys(1, 2), RANDOM),
    lambda: classic.wipe(planned(before=1), keys(1), RANDOM),
    lambda: look(keys(1, 2)),
    lambda: look(None),
    lambda: read(keys(1, 2)),
]


def _valid_trailers(sent: list[bytes]) -> None:
    trailers = [apdu for apdu in sent if apdu[1] == 0xD6 and apdu[3] == 19]
    for apdu in trailers:
        AccessConditions.decode(apdu[5:][6:9])


@settings(deadline=None)  # a test machine may be busy
@given(st.sampled_from(WORKS), st.data())
def test_any_answers(work: object, data: st.DataObject) -> None:
    assert callable(work)
    _valid_trailers(survives(work(), lambda _: data.draw(ANSWERS)))


@settings(deadline=None)  # a test machine may be busy
@given(st.sampled_from(WORKS), st.data())
def test_a_card_that_mostly_agrees(work: object, data: st.DataObject) -> None:
    def agreeable(apdu: bytes) -> bytes:
        usual = UID + b"\x90\x00" if apdu == GET_UID else (bytes(16) if apdu[1] == 0xB0 else b"") + b"\x90\x00"
        return data.draw(st.just(usual) | ANSWERS)

    assert callable(work)
    _valid_trailers(survives(work(), agreeable))
