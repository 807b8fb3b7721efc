"""Wiegand frames: parity and data bits.

Formats as published for HID readers: H10301 (26 bits), H10306 (34), H10302 and H10304 (37).
"""

from dataclasses import dataclass

from gateway.domain.errors import MalformedError
from gateway.domain.identity import Identity


@dataclass(frozen=True, slots=True)
class WiegandFormat:
    """A frame of ``bits``: even parity, data, odd parity.

    The leading bit covers ``even`` data bits from the left, the trailing one ``odd`` data bits from
    the right. In 37-bit frames the two spans share the middle bit.
    """

    bits: int
    even: int
    odd: int

    def decode(self, frame: int) -> int:
        """The data bits of a frame; raises MalformedError when a parity bit is wrong."""
        data = (frame >> 1) & ((1 << (self.bits - 2)) - 1)
        if self.encode(data) != frame:
            raise MalformedError("A Wiegand frame of %(bits)s bits came with wrong parity.", bits=self.bits)
        return data

    def encode(self, data: int) -> int:
        """A whole frame for the data bits."""
        width = self.bits - 2
        if data >> width:
            raise MalformedError("%(data)s does not fit %(bits)s bits.", data=data, bits=width)
        even = (data >> (width - self.even)).bit_count() & 1
        odd = 1 - ((data & ((1 << self.odd) - 1)).bit_count() & 1)
        return even << (self.bits - 1) | data << 1 | odd


FORMATS = {f.bits: f for f in (WiegandFormat(26, 12, 12), WiegandFormat(34, 16, 16), WiegandFormat(37, 18, 18))}


def identity_of_frame(bits: int, frame: int) -> Identity:
    """The identity a Wiegand reader presents: data bits without parity.

    Formats we do not know keep all their bits: then the frame as a whole is the number.
    """
    known = FORMATS.get(bits)
    return Identity.wiegand(bits, frame) if known is None else Identity.wiegand(bits - 2, known.decode(frame))
