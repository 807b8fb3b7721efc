"""The pulse is one write whose time the board keeps."""

import pytest
from pymodbus.framer import FramerRTU
from pymodbus.pdu import DecodePDU

from drivers.modbus_barrier.coil_pdu import WriteCoilValue
from drivers.modbus_barrier.protocol.map import OFF, ON, Coil, flash
from gateway.domain.errors import MalformedError
from simulators.devices.barrier import crc16


@pytest.mark.parametrize(
    ("address", "value", "frame"),
    [
        (Coil.OPEN, ON, "01050000FF008C3A"),  # Waveshare wiki, Modbus RTU Relay: relay 0 on
        (Coil.OPEN, OFF, "010500000000CDCA"),  # the same: relay 0 off
        (*flash(Coil.OPEN, 700), "0105020000078DB0"),  # the same: relay 0 flash on, 700 ms
    ],
)
def test_frames_on_the_wire(address: int, value: int, frame: str) -> None:
    """Golden RTU frames, ours and the simulator's checksum alike."""
    request = WriteCoilValue(address, value, 1)
    assert FramerRTU(DecodePDU(False)).buildFrame(request).hex().upper() == frame
    body = bytes.fromhex(frame)
    assert crc16(body[:-2]) == body[-2:]


def test_crc_check_value() -> None:
    """CRC-16/MODBUS of 123456789 in the reveng catalogue is 4B37."""
    assert crc16(b"123456789") == bytes.fromhex("374B")


@pytest.mark.parametrize(("pulse_ms", "tenths"), [(1, 1), (100, 1), (101, 2), (1000, 10)])
def test_a_pulse_is_never_shorter_than_asked(pulse_ms: int, tenths: int) -> None:
    """The board counts in 100 ms."""
    assert flash(Coil.CLOSE, pulse_ms) == (0x0201, tenths)


@pytest.mark.parametrize("pulse_ms", [0, -5, 4_000_000])
def test_impossible_pulses(pulse_ms: int) -> None:
    """Nothing is written for a pulse the board cannot time."""
    with pytest.raises(MalformedError):
        flash(Coil.OPEN, pulse_ms)
