"""Wire errors become the ports' errors here, and nowhere else."""

from collections.abc import Iterator
from contextlib import contextmanager

from pymodbus.exceptions import ModbusException

from gateway.ports import DeviceOfflineError, DeviceRefusedError

# Modbus Application Protocol V1.1b3, section 7.
_MODBUS_EXCEPTIONS = {
    1: "it does not know the function",
    2: "it has no such address",
    3: "it does not take the value",
    4: "it failed inside",
    5: "it is still working on it",
    6: "it is busy",
    10: "the bus behind it cannot be reached",
    11: "the device behind it does not answer",
}


def board_refused(device: str, exception_code: int) -> DeviceRefusedError:
    """For an exception reply of a Modbus board."""
    why = _MODBUS_EXCEPTIONS.get(exception_code, f"exception {exception_code}")
    return DeviceRefusedError("The board of %(device)s refused the command: %(why)s.", device=device, why=why)


def board_offline(device: str, link: str) -> DeviceOfflineError:
    """For a board that is unplugged, silent or not there."""
    return DeviceOfflineError(
        "%(device)s does not answer on %(link)s: check its power and the cable.", device=device, link=link
    )


@contextmanager
def modbus_errors(device: str, link: str) -> Iterator[None]:
    """Silence, garbage and vanished ports below pymodbus become DeviceOfflineError."""
    try:
        yield
    except (ModbusException, OSError, TimeoutError) as error:
        raise board_offline(device, link) from error
