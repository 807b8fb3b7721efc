"""A link gives bytes, nothing, or a clear word that it is gone."""

import socket
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import serial
from serial import rfc2217

from drivers.link.serial import SerialLink
from drivers.link.stream import chunks
from gateway.ports import DeviceOfflineError
from simulators.devices.pty import PtyCable


@pytest.fixture
def cable(tmp_path: Path) -> Iterator[PtyCable]:
    made = PtyCable(tmp_path / "port")
    yield made
    made.close()


def test_bytes_both_ways_and_unplugged(cable: PtyCable) -> None:
    """Silence is empty; a vanished port is an error for reading, writing and opening."""
    link = SerialLink(str(cable.path), 9600)
    assert link.read() == b""
    cable.write(b"in")
    assert link.read() == b"in"
    assert link.write(b"out") == 3
    assert cable.read() == b"out"
    cable.unplug()
    with pytest.raises(DeviceOfflineError):
        link.read()
    with pytest.raises(DeviceOfflineError):
        link.write(b"x")
    link.close()
    with pytest.raises(DeviceOfflineError, match="cable"):
        SerialLink(str(cable.path), 9600)


def test_nobody_reads_the_other_side(cable: PtyCable) -> None:
    """A full line takes no more bytes, and does not wait."""
    link = SerialLink(str(cable.path), 9600)
    taken = [link.write(b"x" * 1000) for _ in range(100)]
    assert taken[-1] == 0
    link.close()


async def _drain(stream: AsyncIterator[bytes]) -> None:
    async for _ in stream:
        pass


async def test_a_socket_is_a_link() -> None:
    """``socket://``: bytes arrive on the event loop, and a closed connection is unplugged."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        link = SerialLink(f"socket://127.0.0.1:{server.getsockname()[1]}", 9600)
        other, _ = server.accept()
        with other:
            other.sendall(b"text")
        stream = chunks(link, 0.05)
        assert await anext(stream) == b"text"
        with pytest.raises(DeviceOfflineError):
            await _drain(stream)
        link.close()


class _Wire:
    def __init__(self, wire: socket.socket) -> None:
        self._wire = wire

    def write(self, data: bytes) -> None:
        self._wire.sendall(data)


def _port_server(server: socket.socket) -> None:
    """A serial port on the network, as RFC 2217 describes it: sends what it receives back."""
    wire, _ = server.accept()
    with wire, serial.serial_for_url("loop://") as port:
        manager = rfc2217.PortManager(port, _Wire(wire))  # type: ignore[arg-type]  # the stubs take clients only
        while data := wire.recv(1024):
            plain = b"".join(manager.filter(data))
            if plain:
                wire.sendall(b"".join(manager.escape(plain)))


@pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")  # pyserial's own
async def test_a_port_on_the_network_is_a_link() -> None:
    """``rfc2217://`` has no descriptor to wait on and is asked instead."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_port_server, args=(server,), daemon=True)
        thread.start()
        link = SerialLink(f"rfc2217://127.0.0.1:{server.getsockname()[1]}", 9600)
        assert link.fileno() is None
        assert link.write(b"echo") == 4
        stream = chunks(link, 0.05)
        got = b""
        while got != b"echo":
            got += await anext(stream)
        link.close()
        thread.join(5)
