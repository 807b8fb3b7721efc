"""The plate of the encoder, with a real socket where the gateway's encoder would listen."""

import asyncio
import socket
from collections.abc import Iterator

import pytest

from drivers.pcsc.protocol.vpcd import pack
from gateway.domain.errors import ConflictError
from gateway.ports import DeviceOfflineError
from simulators.cards.mortal import Mortal
from simulators.compound.box import BenchCard
from simulators.compound.encoder import Left, Plate
from simulators.devices.vcard import UidCard
from tests.brokers import free_port

CARD = BenchCard("04B101526E6180", "0901")
GET_UID = bytes.fromhex("FFCA000000")


@pytest.fixture
def life() -> Mortal:
    return Mortal(UidCard(bytes.fromhex(CARD.uid)))


class Encoder:
    """The other end of the wire."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(10)
        self.port: int = self._listener.getsockname()[1]
        self._wire: socket.socket | None = None

    def ask(self, apdu: bytes) -> bytes:
        """The card's answer; empty when it is gone."""
        if self._wire is None:
            self._wire, _ = self._listener.accept()
            self._wire.settimeout(10)
        self._wire.sendall(pack(apdu))
        return self._wire.recv(256)[2:]

    def close(self) -> None:
        self._listener.close()
        if self._wire is not None:
            self._wire.close()


@pytest.fixture
def encoder() -> Iterator[Encoder]:
    far = Encoder()
    yield far
    far.close()


async def gone(plate: Plate) -> tuple[BenchCard, Left]:
    """Waits until the card left by itself."""
    async with asyncio.timeout(10):
        while (left := plate.step()) is None:  # noqa: ASYNC110 - nobody signals a wire that fell silent
            await asyncio.sleep(0.01)
    return left


async def test_one_card_at_a_time(encoder: Encoder, life: Mortal) -> None:
    """Laid, seen and lifted; a second one is refused meanwhile."""
    plate = Plate("127.0.0.1", encoder.port)
    await plate.lay(CARD, life)
    with pytest.raises(ConflictError, match="Another card"):
        await plate.lay(CARD, life)
    assert await asyncio.to_thread(encoder.ask, GET_UID) == bytes.fromhex(CARD.uid) + b"\x90\x00"
    assert (plate.view(), plate.step()) == ({"encoder": CARD.id, "pull_in": None}, None)
    await plate.lift()
    assert (plate.card, plate.step()) == (None, None)


@pytest.mark.parametrize("carried_out", [False, True])
async def test_a_card_is_pulled_off_in_the_middle(encoder: Encoder, life: Mortal, *, carried_out: bool) -> None:
    """Commands are counted from when the hand is ready; once it pulled, the next laying is an ordinary one."""
    plate = Plate("127.0.0.1", encoder.port)
    await plate.lay(CARD, life)
    assert await asyncio.to_thread(encoder.ask, GET_UID)
    plate.pull(2, carried_out=carried_out)
    assert plate.view()["pull_in"] == 2
    assert await asyncio.to_thread(encoder.ask, GET_UID)
    assert plate.view()["pull_in"] == 1
    assert await asyncio.to_thread(encoder.ask, GET_UID) == b""
    assert await gone(plate) == (CARD, Left.PULLED)
    assert plate.view() == {"encoder": None, "pull_in": None}


async def test_a_hand_that_waited_in_vain_forgets(encoder: Encoder, life: Mortal) -> None:
    """A card that was lifted before its command came does not die at the next laying."""
    plate = Plate("127.0.0.1", encoder.port)
    await plate.lay(CARD, life)
    plate.pull(1, carried_out=False)
    await plate.lift()
    again = Encoder()
    second = Plate("127.0.0.1", again.port)
    await second.lay(CARD, life)
    assert await asyncio.to_thread(again.ask, GET_UID)
    await second.lift()
    again.close()


async def test_an_encoder_that_goes_away_lets_the_card_go(encoder: Encoder, life: Mortal) -> None:
    """As when the gateway ends: the card can be laid down again."""
    plate = Plate("127.0.0.1", encoder.port)
    await plate.lay(CARD, life)
    assert await asyncio.to_thread(encoder.ask, GET_UID)
    encoder.close()
    assert await gone(plate) == (CARD, Left.LET_GO)


async def test_nothing_can_be_laid_or_pulled_where_nothing_is(life: Mortal) -> None:
    """No gateway, no card: a sentence each."""
    plate = Plate("127.0.0.1", free_port())
    with pytest.raises(DeviceOfflineError):
        await plate.lay(CARD, life)
    with pytest.raises(ConflictError, match="No card"):
        plate.pull(1, carried_out=True)
    await plate.lift()
