"""Whatever an FMCOS card answers: only documented errors, and an end."""

from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.cards import fmcos
from tests.drivers.cards.desk import keys
from tests.drivers.cards.fmcos.bench import RANDOM, UID, look, planned, read
from tests.drivers.cards.noise import ANSWERS, survives

GET_UID = bytes.fromhex("FFCA000000")
LENGTHS = {0x84: 4, 0x88: 8, 0xB0: 32}
WORKS = [
    lambda: fmcos.personalise(planned(), keys(1), RANDOM),
    lambda: fmcos.personalise(planned(2, before=1), keys(1, 2), RANDOM),
    lambda: fmcos.wipe(planned(before=1), keys(1), RANDOM),
    lambda: look(keys(1, 2)),
    lambda: look(None),
    lambda: read(keys(1, 2)),
]


@settings(deadline=None)  # a test machine may be busy
@given(st.sampled_from(WORKS), st.data())
def test_any_answers(work: object, data: st.DataObject) -> None:
    assert callable(work)
    assert survives(work(), lambda _: data.draw(ANSWERS))


@settings(deadline=None)  # a test machine may be busy
@given(st.sampled_from(WORKS), st.data())
def test_a_card_that_mostly_agrees(work: object, data: st.DataObject) -> None:
    def agreeable(apdu: bytes) -> bytes:
        usual = UID + b"\x90\x00" if apdu == GET_UID else bytes(LENGTHS.get(apdu[1], 0)) + b"\x90\x00"
        return data.draw(st.just(usual) | ANSWERS)

    assert callable(work)
    assert survives(work(), agreeable)
