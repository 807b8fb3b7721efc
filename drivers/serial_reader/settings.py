"""Settings of scanners and card readers on serial lines."""

from dataclasses import dataclass
from enum import StrEnum

from drivers.serial_reader.protocol.number import Meaning, NumberForm
from drivers.settings import malformed


class Frame(StrEnum):
    """How a reader frames the number."""

    LINES = "lines"
    LABELLED = "labelled"
    RDM6300 = "rdm6300"
    FRAMED_55AA = "55aa"


@dataclass(frozen=True, slots=True)
class LineScannerSettings:
    """A QR or barcode scanner that prints what it reads; ``idle_ms`` of silence end a line as CR and LF do."""

    name: str
    link: str
    baud: int = 9600
    idle_ms: int = 80


@dataclass(frozen=True, slots=True)
class SerialReaderSettings:
    """A card reader. ``number``: how it writes (lines only); ``presents``: what the number is of the card."""

    name: str
    link: str
    frame: Frame
    number: NumberForm = NumberForm.HEX
    presents: Meaning = Meaning.UID
    baud: int = 9600
    idle_ms: int = 80

    def __post_init__(self) -> None:
        if self.frame is Frame.LINES and self.number is NumberForm.BINARY:
            raise malformed(self.name, "number", "must be hex or decimal where the frame is lines")
