"""The daemon as a process: serves, refuses a second one, ends in order, and comes back after any end."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.brokers import free_port
from tests.gateway.daemon.conftest import SITE

pytestmark = pytest.mark.system


class Daemon:
    """One ``gatehouse run``."""

    def __init__(self, directory: Path, port: int) -> None:
        self.directory, self.port = directory, port
        self.file = directory / "gatehouse.toml"
        self.file.write_text(f"{SITE}[http]\nport = {port}\n")
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "gateway.daemon", "run", "--config", str(self.file)]
        environment = {**os.environ, "HOME": "/nonexistent"}
        self.process = subprocess.Popen(command, env=environment, text=True, stderr=subprocess.PIPE)
        return self.process

    def ready(self) -> bool:
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=20)) as connection:
            try:
                connection.request("GET", "/readyz")
                return connection.getresponse().status == 200
            except OSError:
                return False

    def wait_ready(self) -> None:
        deadline = time.monotonic() + 90
        while not self.ready():
            assert time.monotonic() < deadline
            assert self.process is not None
            assert self.process.poll() is None, self.process.communicate()[1]

    def end(self, number: signal.Signals) -> tuple[int, str]:
        assert self.process is not None
        self.process.send_signal(number)
        said = self.process.communicate(timeout=90)[1]
        return self.process.returncode, said


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    made = Daemon(tmp_path, free_port())
    yield made
    if made.process is not None and made.process.poll() is None:
        made.process.kill()
        made.process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serves_and_ends(daemon: Daemon, number: signal.Signals) -> None:
    """The first start shows a link on the terminal; an open connection does not hold up the end."""
    daemon.start()
    daemon.wait_ready()
    open_connection = socket.create_connection(("127.0.0.1", daemon.port))
    began = time.monotonic()
    code, said = daemon.end(number)
    open_connection.close()
    assert code == 0
    assert time.monotonic() - began < 8
    assert f"http://127.0.0.1:{daemon.port}/sign-in/" in said


def test_a_second_one_is_refused(daemon: Daemon) -> None:
    """In one sentence, and the first goes on."""
    daemon.start()
    daemon.wait_ready()
    second = Daemon(daemon.directory, daemon.port).start()
    said = second.communicate(timeout=90)[1]
    assert second.returncode == 1
    assert daemon.process is not None
    assert said == (
        f"gatehouse: Another gateway (process {daemon.process.pid}) already runs on {daemon.directory}; only one may.\n"
    )
    assert daemon.ready()


def test_comes_back_after_a_kill(daemon: Daemon) -> None:
    """At once: neither lock nor lease of a dead process holds it up."""
    daemon.start()
    daemon.wait_ready()
    daemon.end(signal.SIGKILL)
    daemon.start()
    daemon.wait_ready()
    code, said = daemon.end(signal.SIGTERM)
    assert code == 0
    assert "sign-in" not in said  # somebody can sign in already


def test_a_taken_port_is_said(daemon: Daemon) -> None:
    """With its key in the configuration."""
    with socket.create_server(("127.0.0.1", daemon.port)):
        process = daemon.start()
        said = process.communicate(timeout=90)[1]
    assert process.returncode == 1
    assert f"gatehouse: http.port: 127.0.0.1:{daemon.port} cannot be used: Address already in use." in said
