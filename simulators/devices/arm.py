"""The physics of a barrier behind a relay board: relays, arm, limit switches, loops. Time is handed in."""

from dataclasses import dataclass, field

from drivers.modbus_barrier.protocol.map import FLASH_ON, ON, TENTH_MS, Coil, Input

_BOARD_COILS = len(Coil)


@dataclass
class BarrierPhysics:
    """``position`` 0.0 is closed and 1.0 open; ``travel_s`` from one to the other.

    ``inputs`` may be set by name for loops, beam, fire, manual and fault; ``forced`` overrides any of them,
    limit switches too, for trouble that cannot be.
    """

    travel_s: float = 2.0
    position: float = 0.0
    frozen: bool = False
    goal: float = 0.0
    flash_until: dict[int, float] = field(default_factory=dict)
    relays: dict[int, bool] = field(default_factory=dict)
    inputs: dict[Input, bool] = field(default_factory=dict)
    forced: dict[Input, bool] = field(default_factory=dict)
    _at: float | None = None

    def write(self, address: int, value: int, now: float) -> None:
        """Function 05: a plain coil, or the flash-on command. Raises ValueError for an address or value it lacks."""
        self.step(now)
        if FLASH_ON <= address < FLASH_ON + _BOARD_COILS:
            coil = address - FLASH_ON
            self.flash_until[coil] = now + value * TENTH_MS / 1000
            self._switch(coil, on=True)
        elif 0 <= address < _BOARD_COILS and value in {0, ON}:
            self._switch(address, on=value == ON)
        else:
            raise ValueError(address)

    def _switch(self, coil: int, *, on: bool) -> None:
        self.relays[coil] = on
        if not on:
            return
        if coil in {Coil.OPEN, Coil.HOLD}:
            self.goal = 1.0
        elif coil == Coil.CLOSE and not self.relays.get(Coil.HOLD):
            self.goal = 0.0
        elif coil == Coil.STOP:
            self.goal = self.position

    def step(self, now: float) -> None:
        """Lets time pass: relays fall off, the arm moves; a blocked arm that closes goes up again."""
        elapsed = now - (self._at if self._at is not None else now)
        self._at = now
        for coil in [c for c, until in self.flash_until.items() if until <= now]:
            del self.flash_until[coil]
            self.relays[coil] = False
        if self.goal < self.position and self._blocked():
            self.goal = 1.0
        if not self.frozen:
            reach = elapsed / self.travel_s
            self.position += max(-reach, min(reach, self.goal - self.position))

    def _blocked(self) -> bool:
        return any(self.inputs.get(i, False) for i in (Input.LOOP_UNDER, Input.BEAM))

    def bits(self, now: float) -> list[bool]:
        """The eight discrete inputs."""
        self.step(now)
        limits = {Input.OPEN_LIMIT: self.position >= 0.999, Input.CLOSED_LIMIT: self.position <= 0.001}
        states = {**limits, **self.inputs, **self.forced}
        return [states.get(i, False) for i in Input]
