"""Reader and card understand each other: whatever is written comes back, in every generation, mode and key."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.cards.desfire.protocol import authenticate, channel
from drivers.cards.desfire.protocol.errors import DesfireRefusedError, WrongKeyError
from drivers.cards.desfire.protocol.ev2 import Ev2Session
from drivers.cards.desfire.protocol.keys import KeyKind
from drivers.cards.desfire.protocol.session import Mode, Session
from drivers.cards.exchange import Procedure, drive
from gateway.ports.cards import CardError, CardGarbledError, CardRefusedError
from tests.drivers.cards.desfire.protocol.counterpart import SETTINGS, Card, D40Card, Ev1Card, Ev2Card

KEY = bytes.fromhex("00112233445566778899AABBCCDDEEFF0102030405060708")
RND = bytes(range(0x40, 0x50))


@dataclass(frozen=True)
class Generation:
    """How a session of one generation and kind of key is opened, and the card that answers it."""

    name: str
    card: Callable[..., Card]
    authenticate: Callable[..., Procedure[Any]]
    key: bytes
    kind: KeyKind
    rnd_size: int = 8

    def lay_down(self, mode: Mode = Mode.PLAIN) -> Card:
        keys = {0: self.key, 1: self.key[::-1]}
        return self.card(keys, bytes(range(self.rnd_size)), mode.value, des=self.kind is not KeyKind.AES)

    def open(self, card: Callable[[bytes], bytes], key_no: int = 0, key: bytes | None = None) -> Session:
        session: Session = drive(self.authenticate(key_no, key or self.key, lambda size: RND[:size]), card)
        return session


GENERATIONS = [
    Generation("d40-des", D40Card, authenticate.legacy, KEY[:8] * 2, KeyKind.DES),
    Generation("d40-2k3des", D40Card, authenticate.legacy, KEY[:16], KeyKind.DES),
    Generation("ev1-des", Ev1Card, authenticate.iso, KEY[:8] * 2, KeyKind.DES),
    Generation("ev1-2k3des", Ev1Card, authenticate.iso, KEY[:16], KeyKind.DES),
    Generation("ev1-3k3des", Ev1Card, authenticate.iso, KEY, KeyKind.TDES3, 16),
    Generation("ev1-aes", Ev1Card, authenticate.aes, KEY[:16], KeyKind.AES, 16),
    Generation("ev2", Ev2Card, authenticate.ev2_first, KEY[:16], KeyKind.AES, 16),
]
EACH = pytest.mark.parametrize("generation", GENERATIONS, ids=lambda generation: generation.name)


def _where(length: int) -> bytes:
    return b"\x01\x00\x00\x00" + length.to_bytes(3, "little")


def _write(session: Session, data: bytes, mode: Mode) -> Procedure[bytes]:
    return channel.transact(session, 0x3D, _where(len(data)), data, mode)


def _read(session: Session, mode: Mode, length: int | None) -> Procedure[bytes]:
    return channel.transact(session, 0xBD, _where(length or 0), b"", mode, length=length)


@EACH
@settings(deadline=None, max_examples=60)
@given(data=st.binary(min_size=1, max_size=200), mode=st.sampled_from(Mode), told=st.booleans())
def test_what_is_written_is_read(generation: Generation, data: bytes, mode: Mode, told: bool) -> None:  # noqa: FBT001 - drawn
    card = generation.lay_down(mode)
    session = generation.open(card)
    assert drive(_write(session, data, mode), card) == b""
    assert card.file == data
    assert drive(channel.transact(session, 0x45), card) == SETTINGS
    assert drive(_read(session, mode, len(data) if told else None), card) == data
    assert drive(channel.transact(session, 0x45), card) == SETTINGS


@EACH
def test_another_key_is_changed_and_the_session_goes_on(generation: Generation) -> None:
    card = generation.lay_down()
    session = generation.open(card)
    new_key, old_key = bytes(reversed(generation.key[1:] + b"\x77")), card.keys[1]
    drive(channel.change_key(session, 1, new_key, 0x2A, old_key=old_key, kind=generation.kind), card)
    assert card.versions[1] == 0x2A
    assert drive(channel.transact(session, 0x45), card) == SETTINGS
    assert generation.open(card, 1, new_key).key_no == 1


@EACH
def test_changing_the_key_in_use_ends_the_session(generation: Generation) -> None:
    card = generation.lay_down()
    session = generation.open(card)
    new_key = bytes(reversed(generation.key))
    drive(channel.change_key(session, 0, new_key, 7, old_key=None, kind=generation.kind), card)
    assert card.versions[0] == 7
    with pytest.raises(CardRefusedError, match="has ended"):
        session.seal(0x45)
    assert generation.open(card, 0, new_key).key_no == 0


@EACH
def test_an_answer_with_data_to_the_last_key_change_is_refused(generation: Generation) -> None:
    session = generation.open(generation.lay_down())
    session.change_key(0, generation.key, 7, None, generation.kind)
    with pytest.raises(CardGarbledError):
        session.open(0xC4, 0, bytes(8))


@EACH
def test_a_wrong_old_key_is_refused_by_the_card(generation: Generation) -> None:
    card = generation.lay_down()
    session = generation.open(card)
    wrong = bytes(len(generation.key))
    with pytest.raises(DesfireRefusedError) as refusal:
        drive(channel.change_key(session, 1, generation.key, 7, old_key=wrong, kind=generation.kind), card)
    assert refusal.value.status == 0x1E
    with pytest.raises(CardRefusedError, match="has ended"):
        session.seal(0x45)


@EACH
def test_another_key_is_not_changed_without_the_old_one(generation: Generation) -> None:
    session = generation.open(generation.lay_down())
    with pytest.raises(ValueError, match="old key"):
        session.change_key(1, generation.key, 7, None, generation.kind)


@EACH
def test_a_wrong_key_is_told_from_other_faults(generation: Generation) -> None:
    with pytest.raises(WrongKeyError):
        generation.open(generation.lay_down(), 0, bytes(len(generation.key)))


def test_a_key_of_another_kind_is_a_wrong_key_and_the_card_is_not_left_waiting() -> None:
    generation = next(generation for generation in GENERATIONS if generation.kind is KeyKind.TDES3)
    card = generation.lay_down()
    statuses = []

    def watched(apdu: bytes) -> bytes:
        answer = card(apdu)
        statuses.append(answer[-1])
        return answer

    with pytest.raises(WrongKeyError):
        generation.open(watched, 0, KEY[:16])
    assert statuses == [0xAF, 0xAE]
    assert generation.open(card).key_no == 0


@EACH
def test_a_card_that_only_repeats_what_it_heard_proves_nothing(generation: Generation) -> None:
    def parrot(apdu: bytes) -> bytes:
        if apdu[1] != 0xAF:
            return bytes(generation.rnd_size) + b"\x91\xaf"
        return (apdu[5:-1] * 2)[: 32 if generation.name == "ev2" else generation.rnd_size] + b"\x91\x00"

    with pytest.raises(CardGarbledError, match="could not prove"):
        generation.open(parrot)


@EACH
@settings(deadline=None, max_examples=60)
@given(data=st.binary(min_size=1, max_size=60), mode=st.sampled_from([Mode.MACED, Mode.ENCIPHERED]), at=st.floats(0, 1))
def test_an_answer_with_one_bit_turned_is_refused(generation: Generation, data: bytes, mode: Mode, at: float) -> None:
    card = generation.lay_down(mode)
    session = generation.open(card)
    card.file = data

    def spoilt(apdu: bytes) -> bytes:
        answer = bytearray(card(apdu))
        bits = 8 * (len(answer) - 2)
        bit = min(int(at * bits), bits - 1)
        answer[bit // 8] ^= 1 << bit % 8
        return bytes(answer)

    with pytest.raises(CardGarbledError):
        drive(_read(session, mode, len(data)), spoilt)
    with pytest.raises(CardRefusedError, match="has ended"):
        session.seal(0x45)


@EACH
@settings(deadline=None, max_examples=60)
@given(answers=st.lists(st.binary(max_size=70), max_size=12), statuses=st.sampled_from(["9100", "91AF", "91AE", ""]))
def test_rubbish_gives_only_the_errors_of_cards(generation: Generation, answers: list[bytes], statuses: str) -> None:
    card = generation.lay_down()
    session = generation.open(card)
    left = iter(answers)

    def rubbish(_apdu: bytes) -> bytes:
        return next(left, b"") + bytes.fromhex(statuses)

    for procedure in (
        generation.authenticate(0, generation.key, lambda size: RND[:size]),
        _read(session, Mode.ENCIPHERED, 5),
    ):
        try:
            drive(procedure, rubbish)
        except CardError:
            continue


@EACH
def test_shows_no_key(generation: Generation) -> None:
    session = generation.open(generation.lay_down())
    assert repr(session) == f"{type(session).__name__}(key_no=0)"


@EACH
def test_an_error_status_ends_the_session(generation: Generation) -> None:
    session = generation.open(generation.lay_down())
    session.seal(0x3D, _where(1), b"x", Mode.PLAIN)
    with pytest.raises(DesfireRefusedError, match=r"9D \(permission denied\)"):
        session.open(0x3D, 0x9D, b"", Mode.PLAIN)
    with pytest.raises(CardRefusedError, match="has ended"):
        session.open(0x3D, 0, b"", Mode.PLAIN)


def test_a_second_key_goes_on_in_the_same_transaction() -> None:
    generation = GENERATIONS[-1]
    card = generation.lay_down(Mode.ENCIPHERED)
    first = generation.open(card)
    assert isinstance(first, Ev2Session)
    drive(_write(first, b"before", Mode.ENCIPHERED), card)
    second = drive(authenticate.ev2_non_first(first, 1, card.keys[1], lambda size: RND[:size]), card)
    assert (second.key_no, second.transaction, second.counter) == (1, first.transaction, 1)
    assert drive(_read(second, Mode.ENCIPHERED, 6), card) == b"before"


def test_a_card_that_proves_nothing_the_second_time_is_refused() -> None:
    generation = GENERATIONS[-1]
    first = generation.open(generation.lay_down())
    assert isinstance(first, Ev2Session)
    answers = iter([bytes(16) + b"\x91\xaf", bytes(16) + b"\x91\x00"])
    with pytest.raises(CardGarbledError, match="could not prove"):
        drive(authenticate.ev2_non_first(first, 1, KEY[:16], lambda size: RND[:size]), lambda _apdu: next(answers))


def test_a_plain_answer_of_another_length_is_refused() -> None:
    generation = GENERATIONS[0]
    card = generation.lay_down(Mode.PLAIN)
    session = generation.open(card)
    card.file = b"abc"
    with pytest.raises(CardGarbledError, match="another length"):
        drive(_read(session, Mode.PLAIN, 5), card)
