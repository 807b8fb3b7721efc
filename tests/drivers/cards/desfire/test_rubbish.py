"""Whatever a DESFire card answers, only the errors of cards come out, and soon."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drivers.cards import desfire
from drivers.cards.exchange import Procedure, drive
from drivers.cards.work import CardDesk, unless_swapped
from gateway.domain.card_data import CardKind
from gateway.ports.cards import CardError
from tests.drivers.cards.desk import SITE, TEMPLATES, UID, Tap, counting, keys, plan, with_options

ENOUGH = 20_000
BOTH = keys(1, 2)
OPTIONS = with_options(forbid_format=True)
KINDS = {"desfire-ev1": CardKind.DESFIRE_EV1, "desfire-ev2": CardKind.DESFIRE_EV2}

Work = Callable[[CardKind], Procedure[object]]
WORKS: dict[str, Work] = {
    "look": lambda kind: desfire.look(UID, kind, BOTH, TEMPLATES, site_number=SITE, random=counting()),
    "read": lambda kind: desfire.read_number(UID, kind, BOTH, TEMPLATES, site_number=SITE, random=counting()),
    "issue": lambda kind: unless_swapped(UID, desfire.personalise(plan(kind, 2), BOTH, counting())),
    "options": lambda kind: desfire.personalise(plan(kind, 2, templates=OPTIONS), BOTH, counting()),
    "wipe": lambda kind: unless_swapped(UID, desfire.wipe(plan(kind, 2), BOTH, counting())),
    "desk": lambda _kind: CardDesk(SITE, counting())._look(bytes.fromhex("3B8180018080"), BOTH, TEMPLATES),
}

STATUSES = st.one_of(
    st.sampled_from(["9100", "91AF", "91AE", "919D", "91A0", "91DE", "910C", "9000", "6700", "6D00", "6E00", ""]),
    st.binary(max_size=2).map(bytes.hex),
).map(bytes.fromhex)
ANSWERS = st.tuples(st.binary(max_size=64), STATUSES).map(b"".join)


def spoilt(answer: bytes, how: int, extra: bytes) -> bytes:
    """Cut, lengthened, with another status, or with one byte changed."""
    at = how % max(1, len(answer))
    return [
        answer[:at],
        answer[:-2] + extra + answer[-2:],
        answer[:-2] + (extra + b"\x91\xae")[:2],
        answer[:at] + bytes([answer[at] ^ (how % 255 + 1)]) + answer[at + 1 :],
        extra,
    ][how // 7 % 5]


class Impatient:
    """Counts commands: a procedure that never ends fails here."""

    def __init__(self, answer: Callable[[int, bytes], bytes]) -> None:
        self._answer = answer
        self.count = 0

    def __call__(self, apdu: bytes) -> bytes:
        self.count += 1
        assert self.count < ENOUGH, "it does not end"
        return self._answer(self.count, apdu)


def outcome(procedure: Procedure[object], card: Impatient) -> str:
    """The sentence for the desk when it failed; any other error goes through."""
    try:
        drive(procedure, card)
    except CardError as error:
        return str(error)
    return "done"


@pytest.mark.parametrize("work", WORKS)
@given(answers=st.lists(ANSWERS, min_size=1, max_size=12), kind=st.sampled_from(list(KINDS.values())))
@settings(max_examples=40, deadline=None)
def test_random_answers(work: str, answers: list[bytes], kind: CardKind) -> None:
    """Rubbish from the first command on, again and again."""
    card = Impatient(lambda count, _apdu: answers[count % len(answers)])
    assert outcome(WORKS[work](kind), card)


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("work", WORKS)
@given(at=st.integers(1, 32), how=st.integers(0, 10_000), extra=st.binary(max_size=20), issued=st.booleans())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_one_spoilt_answer(work: str, name: str, at: int, how: int, extra: bytes, *, issued: bool) -> None:
    """A real card, one of whose answers comes garbled: an error, or no harm; and the next tap goes on from there."""
    kind, tap = KINDS[name], Tap.of(name)
    if issued:
        tap.run(desfire.personalise(plan(kind, 1), BOTH, counting()))
    tap.card.lay()

    def answer(count: int, apdu: bytes) -> bytes:
        reply = tap.card.answer(apdu)
        return spoilt(reply, how, extra) if count == at else reply

    assert outcome(WORKS[work](kind), Impatient(answer))
    if work != "options":
        tap.run(desfire.personalise(plan(kind, 2, 5), BOTH, counting()))
        assert tap.run(WORKS["read"](kind)) == plan(kind, 2, 5).data


@given(answers=st.lists(ANSWERS, min_size=1, max_size=6), atr=st.binary(max_size=24))
@settings(max_examples=80, deadline=None)
def test_random_cards_at_the_desk(answers: list[bytes], atr: bytes) -> None:
    """Whatever the reader says of it, too."""
    card = Impatient(lambda count, _apdu: answers[count % len(answers)])
    assert outcome(CardDesk(SITE, counting())._look(atr, BOTH, TEMPLATES), card)
