"""Every kind of virtual card can be made, keeps what it says, and answers whatever it hears."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.domain.errors import MalformedError
from simulators.cards.catalogue import KINDS, draw_uid, make

APDUS = st.one_of(
    st.binary(max_size=270),
    st.builds(
        lambda head, data, le: head + (bytes((len(data),)) + data if data else b"") + le,
        st.tuples(
            st.sampled_from([0x00, 0x04, 0x80, 0x84, 0x90, 0xFF]),
            st.sampled_from([*range(0x80, 0x90), 0xA4, 0xB0, 0xB1, 0xC2, 0xCA, 0xD4, 0xD6, 0xD7, 0xD8, 0xE0, 0x0E]),
            st.integers(0, 255),
            st.integers(0, 255),
        ).map(bytes),
        st.binary(max_size=40),
        st.sampled_from([b"", b"\x00", b"\x04", b"\x08", b"\x10"]),
    ),
)


@pytest.mark.parametrize("kind", KINDS)
@given(apdus=st.lists(APDUS, max_size=12))
@settings(max_examples=60, deadline=None)
def test_any_bytes_get_an_answer(kind: str, apdus: list[bytes]) -> None:
    """At least a status word (a byte for DESFire's native commands), never an exception; the UID is told afterwards."""
    shortest = 1 if kind.startswith("desfire") else 2
    uid = draw_uid(kind, os.urandom)
    card = make(kind, uid)
    card.reset()
    for apdu in apdus:
        assert len(card.answer(apdu)) >= shortest
    assert card.answer(bytes.fromhex("FFCA000000")) == uid + b"\x90\x00"


@pytest.mark.parametrize("kind", KINDS)
def test_what_one_dumps_another_loads(kind: str) -> None:
    """The state of a new card is complete."""
    uid = draw_uid(kind, os.urandom)
    first, second = make(kind, uid), make(kind, uid)
    second.load(first.dump())
    assert second.dump() == first.dump()


@pytest.mark.parametrize("kind", KINDS)
def test_drawn_uids_are_as_such_cards_have_them(kind: str) -> None:
    """Seven bytes from NXP for DESFire, four for the others; never one that says it is random, or a cascade tag."""
    draws = iter([b"\x08\x01\x02\x03", b"\x88\x01\x02\x03", b"\x5a\x01\x02\x03"])
    uid = draw_uid(kind, lambda size: b"\x5a" * size if size == 6 else next(draws))
    assert uid.hex() == ("04" + "5a" * 6 if kind.startswith("desfire") else "5a010203")


@pytest.mark.parametrize(("kind", "size"), [("classic", 10), ("classic-4k", 3), ("fmcos", 7), ("uid", 5)])
def test_impossible_uids_are_refused(kind: str, size: int) -> None:
    """In a sentence that says how long they are."""
    with pytest.raises(MalformedError, match=f"{kind} has .* bytes; .* has {size}"):
        make(kind, bytes(size))
