"""A pcscd of one's own with as many virtual readers as wanted; for a namespace in which /run is empty.

vpcd has two slots, which it keeps in globals of the library: more of them need more copies of it. pcscd takes 16.
"""

import asyncio
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from simulators.devices.vcard import CardLogic, VirtualCard

Service = subprocess.Popen[bytes]
"""A pcscd that runs."""
IN_NAMESPACE: Final = 'ip link set lo up && mount -t tmpfs tmpfs /run && mkdir /run/pcscd && exec "$0" -m "$@"'
_DRIVER: Final = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
_FIRST_PORT: Final = 36000
SLOTS_A_READER: Final = 2
MOST_SLOTS: Final = 16
_STOP_S: Final = 30


def name_of(slot: int) -> str:
    """What pcscd calls it."""
    reader, part = divmod(slot, SLOTS_A_READER)
    return f"{_label(reader)} 00 {part:02}"


def _label(reader: int) -> str:
    return f"Desk {chr(ord('A') + reader)}"


def write_config(directory: Path, readers: Iterable[int]) -> Path:
    """A folder for ``pcscd -c``; each reader, of two slots, has a copy of the driver. Writes over the last one."""
    config = directory / "readers"
    config.mkdir(exist_ok=True)
    lines = []
    for reader in readers:
        library = directory / f"vpcd{reader}.so"
        shutil.copy(_DRIVER, library)
        port = _FIRST_PORT + reader * SLOTS_A_READER
        lines += [f'FRIENDLYNAME "{_label(reader)}"', f"DEVICENAME /dev/null:{port}"]
        lines += [f"LIBPATH {library}", f"CHANNELID {port}", ""]
    (config / "readers.conf").write_text("\n".join(lines))
    return config


@contextmanager
def pcscd(config: Path) -> Iterator[Service]:
    """Stopped at the end, if it still runs, with everything that it leaves behind."""
    command = ["/usr/sbin/pcscd", "-f", "-x", "-c", str(config)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=_STOP_S)
        for left in Path("/run/pcscd").glob("*"):
            left.unlink()


class PcscHand:
    """Lays cards on one slot of the readers of :func:`write_config`."""

    def __init__(self, name: str, slot: int) -> None:
        self.name = name
        self._port = _FIRST_PORT + slot
        self._card: VirtualCard | None = None

    async def lay(self, logic: CardLogic) -> None:
        """Tried until the reader listens."""
        self._card = VirtualCard(logic, port=self._port)
        async with asyncio.timeout(_STOP_S):
            while True:
                with suppress(OSError):
                    return await asyncio.to_thread(self._card.lay)
                await asyncio.sleep(0.05)

    async def lift(self) -> None:
        if self._card is not None:
            await asyncio.to_thread(self._card.lift)
            self._card = None
