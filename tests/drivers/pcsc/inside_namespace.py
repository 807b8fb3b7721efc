"""A real pcscd with vsmartcard's vpcd, alone in a namespace of its own; prints what the encoder heard as JSON."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from drivers.pcsc.encoder import PcscEncoder
from drivers.pcsc.protocol.contactless import GET_UID
from drivers.pcsc.settings import PcscEncoderSettings
from gateway.ports import DeviceState
from simulators.devices.vcard import UidCard, VirtualCard
from tests.drivers.sinks import KeepingSink

UID = bytes.fromhex("04A1B2C3D4E5F6")


@contextmanager
def pcscd() -> Iterator[None]:
    process = subprocess.Popen(["/usr/sbin/pcscd", "-f", "-x"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)
        for left in Path("/run/pcscd").glob("*"):
            left.unlink()


async def lay(card: VirtualCard) -> None:
    """Vpcd listens a moment after pcscd started."""
    async with asyncio.timeout(30):
        while True:
            with suppress(OSError):
                return await asyncio.to_thread(card.lay)
            await asyncio.sleep(0.1)


async def story(sink: KeepingSink) -> dict[str, object]:
    encoder = PcscEncoder(PcscEncoderSettings("desk-1", "Virtual PCD"), sink)
    running = asyncio.create_task(encoder.run())
    card = VirtualCard(UidCard(UID))
    await sink.until(lambda: sink.state("desk-1") is DeviceState.OFFLINE)
    for _ in range(2):  # the second turn is after pcscd was stopped and started
        with pcscd():
            await sink.until(lambda: sink.state("desk-1") is DeviceState.ONLINE)
            heard = len(sink.encoder)
            await lay(card)
            await sink.until(lambda n=heard: len(sink.encoder) > n)  # type: ignore[misc]  # a bound argument
            reply = await encoder.card().transmit(GET_UID)
            await asyncio.to_thread(card.lift)
            await sink.until(lambda n=heard: len(sink.encoder) > n + 1)  # type: ignore[misc]  # as above
        await sink.until(lambda: sink.state("desk-1") is DeviceState.OFFLINE)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    return {
        "reply": reply.hex(),
        "states": [s.state for s in sink.statuses],
        "heard": [[kind, getattr(what, "uid", b"").hex()] for _, kind, what in sink.encoder],
    }


if __name__ == "__main__":
    json.dump(asyncio.run(story(KeepingSink())), sys.stdout)
