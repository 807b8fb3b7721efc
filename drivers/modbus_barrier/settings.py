"""Settings of a barrier on a Modbus board."""

from dataclasses import dataclass

from drivers.settings import malformed


@dataclass(frozen=True, slots=True)
class ModbusBarrierSettings:
    """``link``: a serial port (Modbus RTU), ``tcp://host:port`` (Modbus TCP) or ``socket://host:port`` (RTU over TCP).

    ``travel_s``: the longest a healthy arm takes. ``motion_pulse_ms``: the pulse of close and stop.
    """

    name: str
    link: str
    unit: int = 1
    baud: int = 9600
    poll_ms: int = 100
    answer_ms: int = 500
    travel_s: float = 8.0
    motion_pulse_ms: int = 500

    def __post_init__(self) -> None:
        if not 1 <= self.unit <= 247:
            raise malformed(self.name, "unit", "must be 1 to 247")
        for field in ("poll_ms", "answer_ms", "motion_pulse_ms"):
            if not 20 <= getattr(self, field) <= 60_000:
                raise malformed(self.name, field, "must be 20 to 60000")
        if not 0.1 <= self.travel_s <= 120:
            raise malformed(self.name, "travel_s", "must be 0.1 to 120")
