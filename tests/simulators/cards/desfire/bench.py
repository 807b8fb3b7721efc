"""A virtual DESFire on the table of a tester: commands in hexadecimal, sessions of the gateway's own driver."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from drivers.cards.desfire.protocol import authenticate
from drivers.cards.desfire.protocol.session import Mode, Session
from drivers.cards.exchange import Procedure, drive
from simulators.cards.desfire import EV1, EV2, DesfireCard, Profile

T = TypeVar("T")

UID = bytes.fromhex("04DE5F1EACC040")
AID = "4847F5"
ZERO = bytes(16)
PLAIN, MACED, ENCIPHERED = Mode.PLAIN, Mode.MACED, Mode.ENCIPHERED
MODES = (PLAIN, MACED, ENCIPHERED)
GENERATIONS = (EV1, EV2)


def counting() -> Callable[[int], bytes]:
    """Bytes that differ each time and each run alike."""
    numbers = iter(range(1, 1 << 30))
    return lambda size: next(numbers).to_bytes(4).rjust(size, b"\x5a")[-size:]


def scripted(*chunks: bytes) -> Callable[[int], bytes]:
    """Hands out what a recorded card drew."""
    rest: Iterator[bytes] = iter(chunks)

    def draw(size: int) -> bytes:
        chunk = next(rest)
        assert len(chunk) == size
        return chunk

    return draw


@dataclass(frozen=True)
class Way:
    """How to authenticate, and with what kind of key: ``kind`` as in CreateApplication."""

    name: str
    kind: int
    key: bytes
    begin: Callable[..., Procedure[Session]]
    profile: Profile

    @property
    def ends_with_errors(self) -> bool:
        return self.name != "d40"


def _legacy(key_no: int, key: bytes) -> Procedure[Session]:
    return (yield from authenticate.legacy(key_no, key, counting()))


def _iso(key_no: int, key: bytes) -> Procedure[Session]:
    return (yield from authenticate.iso(key_no, key, counting()))


def _aes(key_no: int, key: bytes) -> Procedure[Session]:
    return (yield from authenticate.aes(key_no, key, counting()))


def _ev2(key_no: int, key: bytes) -> Procedure[Session]:
    return (yield from authenticate.ev2_first(key_no, key, counting()))


WAYS = (
    Way("d40", 0x00, ZERO, _legacy, EV1),
    Way("iso-des", 0x00, ZERO, _iso, EV1),
    Way("iso-3k3des", 0x40, bytes(24), _iso, EV1),
    Way("aes", 0x80, ZERO, _aes, EV1),
    Way("ev2", 0x80, ZERO, _ev2, EV2),
)


class Table:
    """One card that lies there, without a reader in between."""

    def __init__(self, profile: Profile = EV1, random: Callable[[int], bytes] | None = None) -> None:
        self.card = DesfireCard(UID, profile, random or counting())

    def run(self, work: Procedure[T]) -> T:
        """A procedure of the driver."""
        return drive(work, self.card.answer)

    def raw(self, apdu: str) -> str:
        """Any APDU at all."""
        return self.card.answer(bytes.fromhex(apdu)).hex().upper()

    def send(self, command: str) -> str:
        """One wrapped frame: INS and data. Returns data and the status byte after 91."""
        frame = bytes.fromhex(command)
        body = bytes([len(frame) - 1]) + frame[1:] if len(frame) > 1 else b""
        answer = self.card.answer(b"\x90" + frame[:1] + b"\x00\x00" + body + b"\x00")
        assert answer[-2] == 0x91
        return (answer[:-2] + answer[-1:]).hex().upper()

    def ok(self, command: str) -> str:
        """As :meth:`send`; the status must be 00 and is left out."""
        answer = self.send(command)
        assert answer[-2:] == "00", f"{command}: {answer}"
        return answer[:-2]

    def select(self, aid: str = AID) -> None:
        """Ends any session."""
        self.ok(f"5A {aid}")

    def open(self, way: Way, key_no: int = 0, key: bytes | None = None) -> Session:
        """A session."""
        return self.run(way.begin(key_no, way.key if key is None else key))


def application(way: Way, *, settings: str = "0F", keys: int = 5) -> Table:
    """A card with one application, which is selected."""
    table = Table(way.profile)
    table.ok(f"CA {AID} {settings} {way.kind | keys:02X}")
    table.ok(f"5A {AID}")
    return table


def free_application(profile: Profile = EV1) -> Table:
    """As :func:`application`, without any key: everything is free."""
    table = Table(profile)
    table.ok(f"CA {AID} FF 00")
    table.ok(f"5A {AID}")
    return table
