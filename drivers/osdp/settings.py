"""Settings of an OSDP line and the readers on it."""

from dataclasses import dataclass, field

from drivers.osdp.protocol.card_bits import Presents
from drivers.settings import malformed

_DEFAULT_KEY = bytes(range(0x30, 0x40))  # SCBK-D, SIA OSDP 2.2, D.4: printed in the standard
_MOST_READERS = 16


@dataclass(frozen=True, slots=True)
class OsdpReaderSettings:
    """One reader. ``scbk``: 32 hexadecimal digits. ``serial``: the unit admitted here, any when None."""

    name: str
    address: int
    scbk: str = field(repr=False)
    presents: Presents = Presents.UID
    serial: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.address <= 126:
            raise malformed(self.name, "address", "must be 0 to 126")
        try:
            key = self.key
        except ValueError as error:
            raise malformed(self.name, "scbk", "must be 32 hexadecimal digits") from error
        if len(key) != 16:
            raise malformed(self.name, "scbk", "must be 32 hexadecimal digits")
        if key == _DEFAULT_KEY:
            raise malformed(self.name, "scbk", "is the public default key: give the reader a key of its own")

    @property
    def key(self) -> bytes:
        """The secure channel base key, 16 bytes."""
        return bytes.fromhex(self.scbk)


@dataclass(frozen=True, slots=True)
class OsdpLineSettings:
    """One RS-485 line: ``link`` as in drivers.link.serial, ``baud`` as set at the readers."""

    name: str
    link: str
    readers: tuple[OsdpReaderSettings, ...]
    baud: int = 9600

    def __post_init__(self) -> None:
        if len(self.readers) > _MOST_READERS:
            raise malformed(self.name, "readers", f"are more than {_MOST_READERS} on one line")
        if len({r.address for r in self.readers}) < len(self.readers):
            raise malformed(self.name, "readers", "share an address")
        if len({r.name for r in self.readers}) < len(self.readers):
            raise malformed(self.name, "readers", "share a name")
