"""A reader at a gate that speaks to the card: the number counts, the UID only where there is none."""

import asyncio
from collections.abc import Callable

import pytest

from drivers.pcsc.gate_reader import GateReader
from drivers.pcsc.protocol.contactless import GET_UID
from drivers.pcsc.settings import VpcdEncoderSettings
from drivers.pcsc.vpcd_encoder import VpcdEncoder
from gateway.domain.card_data import CardData
from gateway.domain.errors import StoreBusyError
from gateway.domain.identity import Identity, IdentityKind
from gateway.ports import Device, DeviceOfflineError, DeviceState, EncoderSink
from gateway.ports.cards import CardGarbledError, CardTransport, GateReading
from simulators.devices.vcard import UidCard, VirtualCard
from tests.drivers.sinks import KeepingSink

UID = bytes.fromhex("04A1B2C3D4E5F6")
NUMBER = bytes.fromhex("00112233445566FF")
OURS = GateReading(UID, CardData(7, NUMBER, 1_790_000_000, 1))
Start = Callable[[Device], object]


class Reads:
    """Says of the next card what it is told to."""

    def __init__(self) -> None:
        self.answers: asyncio.Queue[GateReading | Exception] = asyncio.Queue()

    async def __call__(self, card: CardTransport) -> GateReading:
        assert await card.transmit(GET_UID) == UID + b"\x90\x00"
        answer = self.answers.get_nowait()
        self.answers.task_done()
        if isinstance(answer, Exception):
            raise answer
        return answer


class Gate:
    """A gate reader, cards to hold at it, and what came of them."""

    def __init__(self, sink: KeepingSink, start: Start) -> None:
        self.sink, self.reads = sink, Reads()
        self._made: VpcdEncoder | None = None
        start(GateReader(self._make, sink, self.reads))

    def _make(self, sink: EncoderSink) -> VpcdEncoder:
        self._made = VpcdEncoder(VpcdEncoderSettings("main-in", 0), sink)
        return self._made

    async def held(self, answer: GateReading | Exception) -> None:
        await self.sink.until(lambda: self.sink.state("main-in") is DeviceState.ONLINE)
        assert self._made is not None
        assert self._made.port is not None
        self.reads.answers.put_nowait(answer)
        card = VirtualCard(UidCard(UID), port=self._made.port)
        await asyncio.to_thread(card.lay)
        async with asyncio.timeout(45):
            await self.reads.answers.join()  # nothing else tells of a tap that presents nobody
        await asyncio.to_thread(card.lift)

    @property
    def presented(self) -> list[tuple[str, Identity]]:
        return [(reader, identity) for reader, identity, _at in self.sink.presentations]


@pytest.fixture
async def gate(sink: KeepingSink, running: Start) -> Gate:
    return Gate(sink, running)


async def test_a_card_of_ours_shows_its_number(gate: Gate) -> None:
    """And not its UID."""
    await gate.held(OURS)
    await gate.sink.until(lambda: gate.presented)
    assert gate.presented == [("main-in", Identity(IdentityKind.SECURE, NUMBER))]


async def test_any_other_card_shows_its_uid(gate: Gate) -> None:
    """So that a copy can be told from a card nobody knows."""
    await gate.held(GateReading(UID, None))
    await gate.sink.until(lambda: gate.presented)
    assert gate.presented == [("main-in", Identity(IdentityKind.UID, UID))]


@pytest.mark.parametrize(
    "error",
    [DeviceOfflineError("It left."), CardGarbledError("It mumbles."), StoreBusyError("No keys yet.")],
    ids=["lifted", "garbled", "no keys yet"],
)
async def test_half_a_tap_is_no_tap(gate: Gate, error: Exception) -> None:
    """A card that could not be read is neither let in nor taken for a copy; the next one counts."""
    await gate.held(error)
    await gate.held(OURS)
    await gate.sink.until(lambda: gate.presented)
    assert [identity.kind for _reader, identity in gate.presented] == [IdentityKind.SECURE]
