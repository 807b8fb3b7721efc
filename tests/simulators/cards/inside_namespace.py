"""A real pcscd and real card processes in a namespace of their own, asked by a pyscard program that knows none of ours.

Prints as JSON what the cards answered.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from smartcard.CardConnection import CardConnection
from smartcard.Exceptions import CardConnectionException, NoCardException, NoReadersException
from smartcard.pcsc.PCSCExceptions import BaseSCardException
from smartcard.System import readers

_WAIT_S = 30
Ask = Callable[[str], str]


@contextmanager
def pcscd() -> Iterator[None]:
    process = subprocess.Popen(["/usr/sbin/pcscd", "-f", "-x"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=_WAIT_S)


@contextmanager
def card(kind: str, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """The program ``python -m simulators card``, tried until vpcd listens."""
    command = [sys.executable, "-u", "-m", "simulators", "card", "--kind", kind, *arguments]
    until = time.monotonic() + _WAIT_S
    while True:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert process.stdout is not None
        if process.stdout.readline():
            break
        process.communicate()
        if time.monotonic() > until:
            raise TimeoutError
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=_WAIT_S)
    _wait_until_empty()


def _wait_until_empty() -> None:
    """Else the next card could be taken for the one that pcscd has not yet seen go."""
    until = time.monotonic() + _WAIT_S
    while time.monotonic() < until:
        connection = readers()[0].createConnection()
        try:
            connection.connect()
        except NoCardException:
            return
        except CardConnectionException:
            time.sleep(0.05)
        else:
            connection.disconnect()
            time.sleep(0.05)
    raise TimeoutError


def connect() -> CardConnection:
    """As pyscard programs do it, tried until pcscd has the reader and has seen the card's answer to reset."""
    until = time.monotonic() + _WAIT_S
    while True:
        try:
            connection = next(
                each for each in readers() if str(each).startswith("Virtual PCD 00 00")
            ).createConnection()
            connection.connect()
        except (
            CardConnectionException,
            NoCardException,
            NoReadersException,
            BaseSCardException,
            StopIteration,
        ) as error:
            if time.monotonic() > until:
                raise TimeoutError from error
            time.sleep(0.05)
        else:
            return connection


@contextmanager
def asking() -> Iterator[tuple[Ask, str]]:
    """How to ask the card, and its answer to reset. Lets go of it in the end, be it there or not."""
    connection = connect()

    def ask(apdu: str) -> str:
        data, sw1, sw2 = connection.transmit(list(bytes.fromhex(apdu)))
        return bytes([*data, sw1, sw2]).hex().upper()

    try:
        yield ask, bytes(connection.getATR()).hex().upper()
    finally:
        with suppress(CardConnectionException):
            connection.disconnect()


def classic(ask: Ask) -> list[str]:
    apdus = (
        "FFCA000000",
        "FF82000006FFFFFFFFFFFF",
        "FF860000050100046000",
        "FFD6000410000102030405060708090A0B0C0D0E0F",
        "FFB0000410",
        "FFB0000810",
        "FF860000050100046000",
        "FFD70006050000000064",
        "FFC200030BA10980010681040A00000000",
        "FFB1000604",
    )
    return [ask(apdu) for apdu in apdus]


def fmcos(ask: Ask) -> list[str]:
    """A DF with a key and a file that only who proves the key can read."""
    key = bytes.fromhex("F49DC1BA1B4DEB52647186BC59106C0D")
    return [
        ask("FFCA000000"),
        ask("00A40000023F00"),
        _prove(ask, b"\xff" * 8, 0),
        ask("80E0DF010D380100F0F0FFFFFF4741544531"),
        ask("00A40400054741544531"),
        ask("80E00000073F0060FFF0FFFF"),
        ask("80D401011539F0F00133" + key.hex()),
        ask("80E0000107280010F1F1FFFF"),
        ask("00B0810010"),
        _prove(ask, bytes(16), 1),
        _prove(ask, key, 1),
        ask("00D681000401020304"),
        ask("00B0810004"),
    ]


def _prove(ask: Ask, key: bytes, number: int) -> str:
    challenge = bytes.fromhex(ask("0084000008"))[:8]
    cipher = Cipher(TripleDES((key + key[:8]) if len(key) == 16 else key * 3), modes.ECB()).encryptor()  # noqa: S305 - FMCOS
    return ask(f"008200{number:02X}08" + cipher.update(challenge).hex())


def desfire(ask: Ask) -> list[str]:
    """GetVersion in three frames, the list of applications, an application made and found."""
    apdus = (
        "FFCA000000",
        "9060000000",
        "90AF000000",
        "90AF000000",
        "906A000000",
        "90CA000005F547480F8500",
        "906A000000",
    )
    return [ask(apdu) for apdu in apdus]


def visit(kind: str, uid: str, talk: Callable[[Ask], list[str]]) -> dict[str, object]:
    with card(kind, "--uid", uid), asking() as (ask, atr):
        return {"atr": atr, "answers": talk(ask)}


PREPARE = ("FF82000006FFFFFFFFFFFF", "FF860000050100046000")


def kept(path: Path) -> tuple[str, ...]:
    return "--uid", "DEADBEEF", "--state", str(path)


def torn(path: Path) -> list[str]:
    """The card dies after its third command."""
    with card("classic", *kept(path), "--die-after", "3") as process, asking() as (ask, _):
        told = [ask(apdu) for apdu in PREPARE]
        try:
            told.append(ask("FFD6000410" + "5A" * 16))
        except CardConnectionException:
            told.append("gone")
        return [*told, str(process.wait(timeout=_WAIT_S))]


def again(path: Path) -> list[str]:
    """It is laid down again from its file, by another program and before another pcscd."""
    with card("classic", *kept(path)), asking() as (ask, _):
        return [ask(apdu) for apdu in (*PREPARE, "FFB0000410")]


def story(path: Path) -> dict[str, object]:
    return {
        "classic": visit("classic", "DEADBEEF", classic),
        "classic-4k": visit("classic-4k", "04A1B2C3D4E5F6", classic),
        "fmcos": visit("fmcos", "7AB4ABDC", fmcos),
        "desfire-ev1": visit("desfire-ev1", "04112233445566", desfire),
        "desfire-ev2": visit("desfire-ev2", "04112233445566", desfire),
        "torn": torn(path),
    }


if __name__ == "__main__":
    what: dict[str, Callable[[Path], object]] = {"story": story, "again": again}
    with pcscd():
        heard = what[sys.argv[1]](Path(sys.argv[2]))
    json.dump(heard, sys.stdout)
