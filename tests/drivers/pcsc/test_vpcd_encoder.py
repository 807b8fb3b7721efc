"""Virtual cards laid on the encoder that needs no hardware."""

import asyncio
import statistics
import time
from collections.abc import Callable

import pytest

from drivers.pcsc.protocol.contactless import GET_UID
from drivers.pcsc.settings import VpcdEncoderSettings
from drivers.pcsc.vpcd_encoder import VpcdEncoder
from gateway.domain.errors import MalformedError
from gateway.ports import CardOnEncoder, Device, DeviceOfflineError, DeviceRefusedError, DeviceState
from simulators.devices.vcard import UidCard, VirtualCard
from tests.drivers.sinks import KeepingSink

UID = bytes.fromhex("04A1B2C3D4E5F6")
Start = Callable[[Device], object]


@pytest.fixture
async def encoder(sink: KeepingSink, running: Start) -> VpcdEncoder:
    made = VpcdEncoder(VpcdEncoderSettings("desk-1", 0), sink)
    running(made)
    await sink.until(lambda: sink.state("desk-1") is DeviceState.ONLINE)
    return made


def card(encoder: VpcdEncoder, uid: bytes = UID) -> VirtualCard:
    assert encoder.port is not None
    return VirtualCard(UidCard(uid), port=encoder.port)


async def test_laid_and_lifted(encoder: VpcdEncoder, sink: KeepingSink) -> None:
    """The same card twice, and a card with a random UID."""
    for uid in (UID, UID, bytes.fromhex("08AABBCC")):
        sink.encoder.clear()
        held = card(encoder, uid)
        await asyncio.to_thread(held.lay)
        await sink.until(lambda: len(sink.encoder) == 1)
        await asyncio.to_thread(held.lift)
        await sink.until(lambda: len(sink.encoder) == 2)
        assert sink.encoder == [
            ("desk-1", "laid", CardOnEncoder(uid, random_uid=uid[0] == 8)),
            ("desk-1", "lifted", None),
        ]


async def test_commands_reach_the_card_quickly(encoder: VpcdEncoder, sink: KeepingSink) -> None:
    """A round trip takes a millisecond or two, not the 44 of a delayed acknowledgement."""
    held = card(encoder)
    await asyncio.to_thread(held.lay)
    await sink.until(lambda: sink.encoder)
    times = []
    for _ in range(20):
        started = time.monotonic()
        assert await encoder.card().transmit(GET_UID) == UID + b"\x90\x00"
        times.append(time.monotonic() - started)
    assert statistics.median(times) < 0.02
    await asyncio.to_thread(held.lift)
    await sink.until(lambda: len(sink.encoder) == 2)
    with pytest.raises(DeviceRefusedError):
        await encoder.card().transmit(GET_UID)


class _Pulled(UidCard):
    """Tells its UID once, and is pulled away in the middle of the next command."""

    def __init__(self) -> None:
        super().__init__(UID)
        self.asked = 0

    def answer(self, apdu: bytes) -> bytes:
        self.asked += 1
        if self.asked > 1:
            raise ConnectionResetError
        return super().answer(apdu)


async def test_a_card_lifted_in_a_command_is_told(encoder: VpcdEncoder, sink: KeepingSink) -> None:
    """The caller learns that the outcome is unknown; the encoder is ready for the next card."""
    held = card(encoder)
    held.logic = _Pulled()
    await asyncio.to_thread(held.lay)
    await sink.until(lambda: sink.encoder)
    with pytest.raises(DeviceOfflineError):
        await encoder.card().transmit(GET_UID)
    await sink.until(lambda: ("desk-1", "lifted", None) in sink.encoder)


async def test_two_cards_are_unreadable(encoder: VpcdEncoder, sink: KeepingSink) -> None:
    """The second one is refused with a sentence; the first stays."""
    first, second = card(encoder), card(encoder)
    await asyncio.to_thread(first.lay)
    await sink.until(lambda: sink.encoder)
    await asyncio.to_thread(second.lay)
    await sink.until(lambda: len(sink.encoder) == 2)
    assert sink.encoder[1][1] == "unreadable"
    assert await encoder.card().transmit(GET_UID) == UID + b"\x90\x00"
    await asyncio.to_thread(first.lift)
    await asyncio.to_thread(second.lift)


async def test_a_card_without_uid_is_unreadable(encoder: VpcdEncoder, sink: KeepingSink) -> None:
    """Nonsense instead of a UID is no card."""
    held = card(encoder, b"\x01")
    await asyncio.to_thread(held.lay)
    await sink.until(lambda: sink.encoder)
    assert sink.encoder[0][1] == "unreadable"
    await asyncio.to_thread(held.lift)


def test_only_on_loopback(sink: KeepingSink) -> None:
    """Nobody on the network lays cards on our desk."""
    with pytest.raises(MalformedError, match="loopback"):
        VpcdEncoder(VpcdEncoderSettings("desk-1", 0, "192.0.2.1"), sink)


async def test_the_end_of_the_loop_with_a_card_laid_is_no_fault(encoder: VpcdEncoder, sink: KeepingSink) -> None:
    """What asyncio does to tasks at the end of a program is not reported as unforeseen."""
    faults: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: faults.append(context))
    held = card(encoder)
    await asyncio.to_thread(held.lay)
    await sink.until(lambda: len(sink.encoder) == 1)
    serving = [task for task in asyncio.all_tasks() if getattr(task.get_coro(), "__name__", "") == "_serve"]
    assert len(serving) == 1
    serving[0].cancel()
    await asyncio.wait(serving)
    await sink.until(lambda: sink.encoder[-1] == ("desk-1", "lifted", None))
    assert faults == []
    await asyncio.to_thread(held.lift)
