"""A virtual card is laid and lifted over vpcd's protocol, and dies as it was told to."""

import socket
from collections.abc import Iterator

import pytest

from drivers.pcsc.protocol.vpcd import Control, length_of, pack
from simulators.cards.catalogue import make
from simulators.cards.mortal import Mortal
from simulators.devices.vcard import CardLogic, UidCard, VirtualCard

UID = bytes.fromhex("DEADBEEF")
GET_UID = bytes.fromhex("FFCA000000")


class Encoder:
    """The other end of the cable, as vpcd has it."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._listening.settimeout(5)
        self.port: int = self._listening.getsockname()[1]
        self.wire: socket.socket | None = None

    def take(self) -> None:
        if self.wire is not None:
            self.wire.close()
        self.wire, _ = self._listening.accept()
        self.wire.settimeout(5)

    def tell(self, message: bytes) -> None:
        assert self.wire is not None
        self.wire.sendall(pack(message))

    def ask(self, message: bytes) -> bytes:
        """Empty when the card is gone."""
        self.tell(message)
        head = self._exactly(2)
        return self._exactly(length_of(head)) if head else b""

    def _exactly(self, count: int) -> bytes:
        assert self.wire is not None
        data = b""
        while len(data) < count:
            chunk = self.wire.recv(count - len(data))
            if not chunk:
                return b""
            data += chunk
        return data

    def close(self) -> None:
        self._listening.close()
        if self.wire is not None:
            self.wire.close()


@pytest.fixture
def encoder() -> Iterator[Encoder]:
    made = Encoder()
    yield made
    made.close()


def lay(logic: CardLogic, encoder: Encoder) -> VirtualCard:
    card = VirtualCard(logic, port=encoder.port)
    card.lay()
    encoder.take()
    return card


def test_controls_and_commands(encoder: Encoder) -> None:
    """Only the question for the answer to reset has a reply; power off and on make the card forget."""
    card = lay(make("classic", UID), encoder)
    encoder.tell(bytes((Control.POWER_ON,)))
    assert encoder.ask(bytes((Control.ATR,))) == make("classic", UID).atr()
    assert encoder.ask(GET_UID) == UID + b"\x90\x00"
    assert encoder.ask(bytes.fromhex("FF82000006FFFFFFFFFFFF")) == b"\x90\x00"
    assert encoder.ask(bytes.fromhex("FF860000050100046000")) == b"\x90\x00"
    assert encoder.ask(bytes.fromhex("FFB0000401")) == b"\x00\x90\x00"
    encoder.tell(bytes((Control.RESET,)))
    assert encoder.ask(bytes.fromhex("FFB0000401")) == b"\x69\x82"
    card.lift()
    assert encoder.ask(GET_UID) == b""


def test_it_dies_once_and_lives_when_laid_again(encoder: Encoder) -> None:
    """The cable is cut instead of an answer; power on and off do not count, and do not wake the dead."""
    logic = Mortal(UidCard(UID), die_before=2)
    card = lay(logic, encoder)
    for _ in range(3):
        encoder.tell(bytes((Control.POWER_ON,)))
    assert encoder.ask(GET_UID) == UID + b"\x90\x00"
    assert encoder.ask(GET_UID) == b""
    card.wait()
    assert logic.dead
    again = lay(logic, encoder)
    for _ in range(3):
        assert encoder.ask(GET_UID) == UID + b"\x90\x00"
    again.lift()


def test_laying_it_down_is_power_on(encoder: Encoder) -> None:
    """A card that was lifted with a sector open is shut when it lies there again."""
    logic = make("classic", UID)
    card = lay(logic, encoder)
    encoder.ask(bytes.fromhex("FF82000006FFFFFFFFFFFF"))
    assert encoder.ask(bytes.fromhex("FF860000050100046000")) == b"\x90\x00"
    card.lift()
    again = lay(logic, encoder)
    assert encoder.ask(bytes.fromhex("FFB0000401")) == b"\x69\x82"
    again.lift()


def test_nobody_listens() -> None:
    """Laying raises OSError."""
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with pytest.raises(OSError, match="refused"):
        VirtualCard(UidCard(UID), port=port).lay()


def test_waiting_ends_when_the_encoder_goes(encoder: Encoder) -> None:
    """And lifting afterwards harms nobody."""
    card = lay(UidCard(UID), encoder)
    encoder.close()
    card.wait()
    card.lift()
