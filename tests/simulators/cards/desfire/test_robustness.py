"""Whatever comes, the card answers; whatever happens, it keeps what was committed and nothing else."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from drivers.cards.desfire.protocol.channel import transact
from simulators.cards.desfire import EV1, EV2, DesfireCard, Profile
from simulators.cards.desfire.status import Status
from tests.simulators.cards.desfire.bench import (
    AID,
    ENCIPHERED,
    UID,
    WAYS,
    Table,
    Way,
    application,
    counting,
    free_application,
)

INSTRUCTIONS = bytes.fromhex(
    "0A1AAA7177AF606E516A6DCADAFC5C5A456454C4CDCBCCC1C0DF6F61F55FBD3D6C0CDC1CBB3BEBC7A7AD8DAB8B"
)
NATIVE_STATUS = frozenset(Status)

frames = st.builds(lambda ins, data: bytes([ins]) + data, st.sampled_from(INSTRUCTIONS), st.binary(max_size=60))
wrapped = frames.map(lambda frame: b"\x90" + frame[:1] + b"\x00\x00" + bytes([len(frame) - 1]) + frame[1:] + b"\x00")
small = st.builds(
    lambda ins, rest: bytes([ins, *rest]),
    st.sampled_from(INSTRUCTIONS),
    st.lists(st.sampled_from([0, 1, 2, 0x0E, 0xEE, 0xFF]), max_size=18),
)
anything = st.binary(max_size=300) | frames | wrapped | small


def full(profile: Profile) -> DesfireCard:
    """A card with a free application of all kinds of files, which is selected."""
    table = free_application(profile)
    table.ok("CD 00 00 EEEE 0A0000")
    table.ok("CB 01 00 EEEE 0A0000")
    table.ok("CC 02 01 EEEE 00000000 0A000000 01000000 03")
    table.ok("C1 0E 03 EEEE 020000 030000")
    table.ok("C0 03 00 EEEE 020000 030000")
    return table.card


def check(card: DesfireCard, sent: bytes) -> None:
    answer = card.answer(sent)
    if answer[0] in NATIVE_STATUS and sent[:1] in {bytes([ins]) for ins in INSTRUCTIONS}:
        return
    assert len(answer) >= 2
    assert answer[-2] in {0x90, 0x91, 0x67, 0x6A, 0x6D, 0x6E}


@pytest.mark.parametrize("profile", [EV1, EV2], ids=lambda profile: profile.name)
@given(sent=st.lists(anything, max_size=12))
def test_any_bytes_are_answered(profile: Profile, sent: list[bytes]) -> None:
    """Two bytes of status at least, or a native status; the memory stays one that goes through JSON."""
    card = full(profile)
    for frame in sent:
        check(card, frame)
    kept = card.dump()
    other = DesfireCard(UID, profile, counting())
    other.load(kept)
    assert other.dump() == kept
    assert 0 <= card.picc.free(profile) <= profile.memory


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
@given(sent=st.lists(frames | wrapped | small, max_size=4), key_no=st.integers(0, 1))
def test_any_bytes_are_answered_in_a_session(way: Way, sent: list[bytes], key_no: int) -> None:
    """Rubbish is never taken for a protected command: a key is changed by no one."""
    table = application(way)
    table.open(way, key_no)
    before = table.card.picc.applications[bytes.fromhex(AID)].keys.copy()
    for frame in sent:
        check(table.card, frame)
    left = table.card.picc.applications.get(bytes.fromhex(AID))
    assert left is None or left.keys == before


@dataclass(frozen=True)
class Contents:
    """Of a backup file, a value file and a cyclic file."""

    data: bytes = bytes(4)
    value: int = 50
    records: bytes = b""


class Hand(RuleBasedStateMachine):
    """One person changes files, commits or not, and lifts the card whenever it pleases them."""

    def __init__(self) -> None:
        super().__init__()
        self.table = free_application()
        self.table.ok("CB 01 00 EEEE 040000")
        self.table.ok("CC 02 00 EEEE 00000000 64000000 32000000 00")
        self.table.ok("C0 03 00 EEEE 010000 040000")
        self.kept = Contents()
        self.pending = Contents()

    @rule(at=st.integers(0, 3), byte=st.integers(0, 255))
    def write(self, at: int, byte: int) -> None:
        self.table.ok(f"3D 01 {at:02X}0000 010000 {byte:02X}")
        data = self.pending.data
        self.pending = replace(self.pending, data=data[:at] + bytes([byte]) + data[at + 1 :])

    @rule(amount=st.integers(0, 60), up=st.booleans())
    def move(self, amount: int, *, up: bool) -> None:
        value = self.pending.value + (amount if up else -amount)
        status = self.table.send(f"{'0C' if up else 'DC'} 02 {amount:02X}000000")
        if 0 <= value <= 100:
            assert status == "00"
            self.pending = replace(self.pending, value=value)
        else:
            assert status == "BE"
            self.pending = self.kept

    @rule(byte=st.integers(0, 255))
    def record(self, byte: int) -> None:
        self.table.ok(f"3B 03 000000 010000 {byte:02X}")
        self.pending = replace(self.pending, records=(self.kept.records + bytes([byte]))[-3:])

    @rule()
    def commit(self) -> None:
        assert self.table.send("C7") in {"00", "0C"}
        self.kept = self.pending

    @rule(how=st.sampled_from(["A7", f"5A {AID}", "lift", "6F00", "FE", "stored"]))
    def end(self, how: str) -> None:
        """An abort, a selection, power loss, an error, or a new process with the same memory."""
        if how == "stored":
            kept, self.table = self.table.card.dump(), Table()
            self.table.card.load(kept)
        elif how == "lift":
            self.table.card.reset()
        else:
            self.table.send(how)
        self.table.select()
        self.pending = self.kept

    @invariant()
    def shows_what_was_committed(self) -> None:
        records = self.kept.records
        assert bytes.fromhex(self.table.ok("BD 01 000000 000000")) == self.kept.data
        assert int.from_bytes(bytes.fromhex(self.table.ok("6C 02")), "little") == self.kept.value
        assert self.table.ok("F5 03")[-6:] == f"{len(records):02X}0000"
        if records:
            assert bytes.fromhex(self.table.ok("BB 03 000000 000000")) == records


TestHand = Hand.TestCase
TestHand.settings = settings(max_examples=30, stateful_step_count=30)


def torn(work: Callable[[Table], Iterator[None]], at: int) -> Table:
    """Power goes after so many commands of the work."""
    table = Table()
    for number, _ in enumerate(work(table)):
        if number == at:
            break
    table.card.reset()
    return table


def personalise(table: Table) -> Iterator[None]:
    """What a desk does to a card, one command at a time."""
    way = WAYS[3]
    table.ok(f"CA {AID} 0F 82")
    yield
    table.select()
    yield
    session = table.open(way)
    yield
    table.run(transact(session, 0xCB, bytes.fromhex("01 03 0000 040000")))
    yield
    table.run(transact(session, 0x3D, bytes.fromhex("01 000000 040000"), b"card", ENCIPHERED))
    yield
    table.run(transact(session, 0xC7))
    yield


@pytest.mark.parametrize("at", range(6))
def test_a_card_torn_away_holds_every_finished_command_and_no_uncommitted_content(at: int) -> None:
    """Creating lasts at once, contents of a backup file from the commit on."""
    table = torn(personalise, at)
    assert table.ok("6A") == AID
    table.select()
    assert table.ok("6F") == ("01" if at >= 3 else "")
    if at >= 3:
        session = table.open(WAYS[3])
        read = transact(session, 0xBD, bytes.fromhex("01 000000 040000"), mode=ENCIPHERED, length=4)
        assert table.run(read) == (b"card" if at >= 5 else bytes(4))
