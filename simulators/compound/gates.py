"""The portals of the simulated compound: one wired to the gateway, the others behind controllers."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from drivers.modbus_barrier.protocol.map import Input
from gateway.domain.errors import RuleViolationError
from simulators.compound.box import BenchCard
from simulators.devices.barrier import ModbusBarrierBoard
from simulators.devices.osdp_reader import OsdpReader

AUTO_CLOSE_S = 6.0
_LAMP_S = 1.5


@dataclass
class LastCard:
    """What became of the card last held here."""

    card: str
    uid: str
    granted: bool

    def view(self) -> dict[str, Any]:
        """As the page has it."""
        return asdict(self)


@dataclass
class RemoteGate:
    """A door or turnstile behind a controller: open for as long as its lock is driven."""

    id: str
    name: str
    controller: str
    clock: Callable[[], float] = time.monotonic
    last: LastCard | None = None
    _open_until: float = 0.0
    _held: bool = False

    def drive(self, unlock_ms: int) -> None:
        """What the controller's output does: a pulse, -1 to hold, 0 to end a hold."""
        self._held = unlock_ms < 0
        self._open_until = self.clock() + max(0, unlock_ms) / 1000

    @property
    def open(self) -> bool:
        """Whether one can walk through."""
        return self._held or self.clock() < self._open_until

    def view(self) -> dict[str, Any]:
        """As the page has it."""
        return {
            "id": self.id,
            "name": self.name,
            "controller": self.controller,
            "lamp": None,
            "gate": "open" if self.open else "closed",
            "car": None,
            "barrier": False,
            "last": self.last.view() if self.last else None,
        }


@dataclass
class WiredGate:
    """The main gate: an OSDP reader and a barrier board, both on wires to the gateway."""

    id: str
    name: str
    reader: OsdpReader
    board: ModbusBarrierBoard
    clock: Callable[[], float] = time.monotonic
    last: LastCard | None = None
    car: str | None = None
    _waiting: BenchCard | None = None
    _waiting_since: float = 0.0
    _open_since: float | None = None
    _under_until: float = field(default=0.0)

    def present(self, card: BenchCard, shown: bytes) -> None:
        """A card is held to the reader, which sends what it read: our number (8 bytes) or the UID."""
        self._waiting, self._waiting_since = card, self.clock()
        self.reader.present(shown)

    def arrive(self) -> None:
        """A car rolls onto the loop before the arm."""
        self.car = "before"
        self._sense(Input.LOOP_BEFORE, on=True)

    def drive_through(self) -> None:
        """The car passes under the arm. Raises RuleViolationError while the arm is down."""
        if self.arm != "open":
            raise RuleViolationError("BENCH-1", "The arm of %(gate)s is down; the car would hit it.", gate=self.name)
        self.car = "under"
        self._sense(Input.LOOP_BEFORE, on=False)
        self._sense(Input.LOOP_UNDER, on=True)
        self._under_until = self.clock() + 1.5

    def _sense(self, loop: Input, *, on: bool) -> None:
        with self.board.lock:
            self.board.physics.inputs[loop] = on

    @property
    def arm(self) -> str:
        """Where the arm stands."""
        physics = self.board.physics
        if physics.position >= 0.999:
            return "open"
        if physics.position <= 0.001:
            return "closed"
        return "opening" if physics.goal > physics.position else "closing"

    def step(self) -> None:
        """Time passes: the arm moves, the car drives off, the board lowers the arm by itself behind it."""
        now = self.clock()
        with self.board.lock:
            self.board.physics.step(now)
        if self.car == "under" and now >= self._under_until:
            self.car = None
            self._sense(Input.LOOP_UNDER, on=False)
            self._open_since = now - AUTO_CLOSE_S
        self._close_when_due(now)
        self._read_lamp()

    def _close_when_due(self, now: float) -> None:
        if self.arm != "open":
            self._open_since = None
        elif self._open_since is None:
            self._open_since = now
        elif now - self._open_since >= AUTO_CLOSE_S and self.car is None:
            with self.board.lock:
                self.board.physics.goal = 0.0

    def _read_lamp(self) -> None:
        """Green or red after a card: the verdict as the person at the gate sees it."""
        for at, colour in list(self.reader.lamps):
            if self._waiting and at > self._waiting_since and colour in {"green", "red"}:
                self.last = LastCard(self._waiting.id, self._waiting.uid, colour == "green")
                self._waiting = None

    @property
    def lamp(self) -> str:
        """The lamp's colour; it goes out after a moment."""
        if not self.reader.lamps:
            return "off"
        at, colour = self.reader.lamps[-1]
        if colour in {"green", "red"} and self.clock() - at > _LAMP_S:
            return "off"
        return colour if colour in {"green", "red", "amber"} else "off"

    def view(self) -> dict[str, Any]:
        """As the page has it."""
        return {
            "id": self.id,
            "name": self.name,
            "controller": None,
            "lamp": self.lamp,
            "gate": self.arm,
            "car": self.car,
            "barrier": True,
            "last": self.last.view() if self.last else None,
        }
