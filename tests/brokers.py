"""Real brokers for tests: mosquitto with passwords and an access list, and the embedded one.

Each runs on a free port of loopback, is watched by its process id, and is stopped at the end.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sync.mosquitto import GATEWAY_USER, Listener, MosquittoAccounts, configuration, write_users
from sync.session import BrokerSettings

LOWEST_PORT = 10_240
_TIMEOUT_S = 45.0


def free_port() -> int:
    """A port nobody listens on, and the next one too.

    They lie below those that the system gives to clients: such a one could be gone before somebody listens there.
    """
    upto = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = LOWEST_PORT + secrets.randbelow(upto - LOWEST_PORT - 1)
        if _is_free(port) and _is_free(port + 1):
            return port


def _is_free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def wait_for_port(port: int, process: "subprocess.Popen[bytes] | subprocess.Popen[str]") -> None:
    """Until something accepts on the port; fails when the process ends first."""
    deadline = time.monotonic() + _TIMEOUT_S
    while time.monotonic() < deadline:
        assert process.poll() is None, "the broker ended at once"
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.01)
    pytest.fail("the broker did not come up")


class Mosquitto:
    """A mosquitto for one site. ``controllers`` maps names to passwords."""

    def __init__(self, directory: Path, site: str, controllers: dict[str, str], *, shared: bool = False) -> None:
        self.directory = directory
        self.site = site
        self.controllers = dict(controllers)
        self.gateway_password = "gateway-secret"
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        directory.mkdir(parents=True, exist_ok=True)
        run_as = "root" if os.geteuid() == 0 else None
        text = configuration(directory, Listener(self.port), run_as)
        if shared:  # many clients of a test come with the gateway's account, each with an id of its own
            text = text.replace("use_username_as_clientid true", "use_username_as_clientid false")
        (directory / "mosquitto.conf").write_text(text)
        self.write_users()

    def write_users(self) -> None:
        write_users(self.directory, self.site, self.gateway_password, self.controllers, os.urandom)

    def add_controller(self, name: str, password: str) -> None:
        """Enrols one while the broker runs, as the gateway does."""
        self.controllers[name] = password
        MosquittoAccounts(self.directory).enrol(name, password)

    def start(self) -> None:
        program = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
        if program is None:
            pytest.skip("mosquitto is not installed")
        self._process = subprocess.Popen(
            [program, "-c", str(self.directory / "mosquitto.conf")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for_port(self.port, self._process)

    def stop(self) -> None:
        """An orderly end: retained messages are saved."""
        self._end(signal.SIGTERM)

    def kill(self, *, forget: bool) -> None:
        """``kill -9``; with ``forget`` its store is deleted too."""
        self._end(signal.SIGKILL)
        if forget:
            (self.directory / "mosquitto.db").unlink(missing_ok=True)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(_TIMEOUT_S)
            self._process = None

    def settings(self, user: str | None = None, *, mqtt5: bool = True) -> BrokerSettings:
        """For the gateway, or for a controller."""
        name = user or GATEWAY_USER
        password = self.controllers[name] if user else self.gateway_password
        return BrokerSettings("127.0.0.1", self.port, name, name, password, mqtt5=mqtt5)


class Embedded:
    """The broker in a wheel."""

    def __init__(self) -> None:
        self.username, self.password = "site", "secret"
        self.port = self.port5 = 0
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "sync.embedded", "--username", self.username, "--password", self.password],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        words = dict(word.split("=") for word in self._process.stdout.readline().split()[1:])
        self.port, self.port5 = int(words["mqtt3"]), int(words["mqtt5"])

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(_TIMEOUT_S)
            assert self._process.stdout is not None
            self._process.stdout.close()

    def settings(self, user: str | None = None, *, mqtt5: bool = True) -> BrokerSettings:
        port = self.port5 if mqtt5 else self.port
        return BrokerSettings("127.0.0.1", port, user or "gateway", self.username, self.password, mqtt5=mqtt5)


@contextmanager
def running_mosquitto(
    directory: Path, site: str, controllers: dict[str, str], *, shared: bool = False
) -> Iterator[Mosquitto]:
    broker = Mosquitto(directory, site, controllers, shared=shared)
    broker.start()
    try:
        yield broker
    finally:
        broker.kill(forget=False)


@contextmanager
def running_embedded() -> Iterator[Embedded]:
    broker = Embedded()
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()


@pytest.fixture
def embedded() -> Iterator[Embedded]:
    """An embedded broker; import this fixture where it is needed."""
    with running_embedded() as broker:
        yield broker
