"""A virtual contactless card: it connects to vsmartcard's vpcd, or to a vpcd-encoder of the gateway.

Laying the card down is connecting, lifting it is closing. As on a real contactless reader, the UID is
answered by the reader's part of the simulation, and the answer to reset is made up as PC/SC Part 3 says.
"""

import socket
import threading
from contextlib import suppress
from functools import reduce
from operator import xor
from typing import Any, Protocol, runtime_checkable

from drivers.pcsc.protocol.vpcd import LENGTH_BYTES, Control, length_of, pack

VPCD_PORT = 35963
_CONTROLS = frozenset(Control)
_OK = b"\x90\x00"
_NOT_SUPPORTED = b"\x6d\x00"
_WRONG_LENGTH = 0x6C


class CardLogic(Protocol):
    """What is behind the antenna."""

    def atr(self) -> bytes:
        """Answer to reset."""

    def answer(self, apdu: bytes) -> bytes:
        """Reply with status bytes."""

    def reset(self) -> None:
        """The field was switched off and on."""


@runtime_checkable
class Layable(Protocol):
    """A logic that knows a hand: being laid down is more than the field going on."""

    def laid(self) -> None:
        """Called instead of ``reset`` when the card is laid down."""


class UidCard:
    """A card that tells its UID and nothing more, as a MIFARE Classic 1K looks to Get Data."""

    def __init__(self, uid: bytes) -> None:
        self.uid = uid

    def atr(self) -> bytes:
        """PC/SC Part 3 rev. 2.01.09, 3.1.3.2.3.1: RID, standard 03 (14443 A part 3), card name 0001."""
        body = bytes.fromhex("8F8001804F0CA0000003060300010000 0000".replace(" ", ""))
        return b"\x3b" + body + bytes((reduce(xor, body),))

    def answer(self, apdu: bytes) -> bytes:
        """Get Data for the UID: PC/SC Part 3 rev. 2.01.09, 3.2.2.1.3."""
        if apdu[:4] != bytes.fromhex("FFCA0000") or len(apdu) > 5:
            return _NOT_SUPPORTED
        wanted = apdu[4] if len(apdu) == 5 else 0
        if wanted not in {0, len(self.uid)}:
            return bytes((_WRONG_LENGTH, len(self.uid)))
        return self.uid + _OK

    def reset(self) -> None:
        """Nothing is remembered."""

    def dump(self) -> dict[str, Any]:
        """Nothing is kept."""
        return {}

    def load(self, state: dict[str, Any]) -> None:
        """Nothing was kept."""


class VirtualCard:
    """A card in someone's hand. ``lay`` and ``lift`` may be called again and again."""

    def __init__(self, logic: CardLogic, host: str = "127.0.0.1", port: int = VPCD_PORT) -> None:
        self.logic = logic
        self._address = (host, port)
        self._wire: socket.socket | None = None
        self._thread: threading.Thread | None = None

    def lay(self) -> None:
        """Raises OSError when no encoder listens there."""
        self._wire = socket.create_connection(self._address, timeout=5)
        self._wire.settimeout(None)
        if isinstance(self.logic, Layable):
            self.logic.laid()
        else:
            self.logic.reset()
        self._thread = threading.Thread(target=self._serve, args=(self._wire,), name="virtual-card", daemon=True)
        self._thread.start()

    def lift(self) -> None:
        """Takes the card away, in the middle of a command if need be."""
        if self._wire is not None:
            with suppress(OSError):
                self._wire.shutdown(socket.SHUT_RDWR)
        if self._thread is not None:
            self._thread.join(timeout=5)

    @property
    def lies(self) -> bool:
        """Whether it is still there: laid down, not lifted, not dead, and not let go by the encoder."""
        return self._thread is not None and self._thread.is_alive()

    def wait(self) -> None:
        """Until the encoder lets the card go."""
        if self._thread is not None:
            self._thread.join()

    def _serve(self, wire: socket.socket) -> None:
        with wire, suppress(OSError):
            while (message := _receive(wire)) is not None:
                reply = self._reply(message)
                if reply is not None:
                    wire.sendall(pack(reply))

    def _reply(self, message: bytes) -> bytes | None:
        if len(message) != 1 or message[0] not in _CONTROLS:  # one byte may be a native command of a DESFire card
            return self.logic.answer(message)
        if message[0] == Control.ATR:
            return self.logic.atr()
        self.logic.reset()
        return None


def _receive(wire: socket.socket) -> bytes | None:
    head = _exactly(wire, LENGTH_BYTES)
    return None if head is None else _exactly(wire, length_of(head))


def _exactly(wire: socket.socket, count: int) -> bytes | None:
    data = b""
    while len(data) < count:
        # Linux falls back to delayed acknowledgements after each receive: 44 ms an APDU, unless re-armed.
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        chunk = wire.recv(count - len(data))
        if not chunk:
            return None
        data += chunk
    return data
