"""``python -m simulators card`` in real processes: what it says, how it ends, and what a kill -9 leaves."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from simulators.__main__ import main
from simulators.cards import state
from tests.simulators.devices.test_vcard import GET_UID, UID, Encoder

LOAD = bytes.fromhex("FF82000006FFFFFFFFFFFF")
OPEN = bytes.fromhex("FF860000050100046000")
WRITE = bytes.fromhex("FFD6000410" + "5A" * 16)
READ = bytes.fromhex("FFB0000410")
OK = b"\x90\x00"

pytestmark = pytest.mark.system


class Command:
    """The program, and the encoder it talks to."""

    def __init__(self, *arguments: str) -> None:
        self.encoder = Encoder()
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-m", "simulators", "card", "--vpcd", f"127.0.0.1:{self.encoder.port}", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.encoder.take()
        assert self.process.stdout is not None
        self.first_line = self.process.stdout.readline()

    def end(self) -> tuple[int, str]:
        """Exit status, and what it said after its first line."""
        out, err = self.process.communicate(timeout=20)
        assert err == ""
        return self.process.returncode, out

    def close(self) -> None:
        self.encoder.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate(timeout=20)


@pytest.fixture
def started() -> Iterator[list[Command]]:
    running: list[Command] = []
    yield running
    for command in running:
        command.close()


def start(started: list[Command], *arguments: str) -> Command:
    started.append(Command(*arguments))
    return started[-1]


Refused = Callable[..., tuple[object, str]]


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Refused:
    def run(*arguments: str) -> tuple[object, str]:
        monkeypatch.setattr(sys, "argv", ["simulators", "card", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code, capsys.readouterr().err

    return run


def test_it_lies_there_until_the_encoder_goes(started: list[Command]) -> None:
    """And says so: status 0."""
    command = start(started, "--kind", "classic", "--uid", "DEADBEEF")
    assert command.encoder.ask(GET_UID) == UID + OK
    command.encoder.close()
    status, said = command.end()
    assert status == 0
    assert f"DEADBEEF (classic) lies on 127.0.0.1:{command.encoder.port}" in command.first_line
    assert "let the card go after 1 commands" in said


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_is_lifted_by_ctrl_c(started: list[Command], how: signal.Signals) -> None:
    """Or by SIGTERM: status 0, and the encoder sees it go."""
    command = start(started, "--kind", "fmcos")
    assert command.encoder.ask(GET_UID)[-2:] == OK
    command.process.send_signal(how)
    status, said = command.end()
    assert (status, "The card was lifted." in said) == (0, True)
    assert command.encoder.ask(GET_UID) == b""


@pytest.mark.parametrize(("option", "left"), [("--die-before", "00" * 16), ("--die-after", "5A" * 16)])
def test_it_dies_in_the_middle(started: list[Command], tmp_path: Path, option: str, left: str) -> None:
    """At the third command, carried out or not: status 3; what it kept lies in the file."""
    keep = ("--kind", "classic", "--state", str(tmp_path / "card.json"))
    command = start(started, *keep, option, "3")
    assert [command.encoder.ask(apdu) for apdu in (LOAD, OPEN, WRITE)] == [OK, OK, b""]
    status, said = command.end()
    assert (status, "died at command 3" in said) == (3, True)
    again = start(started, *keep)
    assert [again.encoder.ask(apdu) for apdu in (LOAD, OPEN, READ)] == [OK, OK, bytes.fromhex(left) + OK]


def test_killing_it_is_lifting_it(started: list[Command], tmp_path: Path) -> None:
    """Whatever was answered stands in the file, and the UID with it."""
    keep = ("--kind", "classic", "--state", str(tmp_path / "card.json"))
    command = start(started, *keep)
    uid = command.encoder.ask(GET_UID)
    assert [command.encoder.ask(apdu) for apdu in (LOAD, OPEN, WRITE)] == [OK, OK, OK]
    os.kill(command.process.pid, signal.SIGKILL)
    command.process.communicate(timeout=20)
    again = start(started, *keep)
    assert again.encoder.ask(GET_UID) == uid
    assert [again.encoder.ask(apdu) for apdu in (READ, LOAD, OPEN, READ)] == [b"\x69\x82", OK, OK, WRITE[5:] + OK]
    known = state.read(tmp_path / "card.json")
    assert known is not None
    assert bytes.fromhex(known["uid"]) + OK == uid


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--kind", "paper"), "invalid choice: 'paper'"),
        (("--uid", "12345"), "“12345” is not hexadecimal"),
        (("--uid", "112233"), "4, 7 or 10 bytes"),
        (("--vpcd", "here"), "“here” is no address: HOST:PORT"),
        (("--vpcd", "127.0.0.1:70000"), "the port from 1 to 65535"),
        (("--die-before", "0"), "they are counted from 1"),
        (("--die-after", "soon"), "“soon” is no command"),
        (("--die-after", "1", "--die-before", "2"), "not allowed with"),
    ],
)
def test_a_wrong_command_line(refused: Refused, arguments: tuple[str, ...], sentence: str) -> None:
    """Says what is wrong with it: status 2."""
    status, said = refused(*arguments)
    assert status == 2
    assert sentence in said


def test_what_cannot_be_done_is_said(refused: Refused, tmp_path: Path) -> None:
    """A UID of the wrong length, no encoder, a file that is none of ours, one of another card: status 1."""
    alien, other = tmp_path / "alien", tmp_path / "other"
    alien.write_text("hello")
    other.write_text('{"format": 1, "kind": "fmcos", "uid": "00112233", "card": {}}')
    for arguments, sentence in (
        (("--kind", "classic", "--uid", "00112233445566778899"), "has 4 or 7 bytes"),
        (("--vpcd", "127.0.0.1:1"), "No encoder listens on 127.0.0.1:1"),
        (("--state", str(alien)), "is not the state of a virtual card"),
        (("--state", str(other), "--kind", "classic"), "holds a card of the kind fmcos"),
        (("--state", str(other), "--kind", "fmcos", "--uid", "DEADBEEF"), "holds the card 00112233"),
        (("--state", str(tmp_path / "no" / "where")), "cannot be used: No such file or directory"),
    ):
        status, said = refused(*arguments)
        assert (status, sentence in said) == (1, True), said
