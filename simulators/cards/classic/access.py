"""Access conditions of MIFARE Classic: who may do what (NXP MF1S50yyX_V1 rev. 3.2, 8.7)."""

from dataclasses import dataclass
from enum import Enum
from typing import Final


class Key(Enum):
    """With which key the sector was opened."""

    A = 0x60
    B = 0x61


NEVER: Final[frozenset[Key]] = frozenset()
A: Final = frozenset({Key.A})
B: Final = frozenset({Key.B})
BOTH: Final = A | B


@dataclass(frozen=True, slots=True)
class DataRule:
    """Table 8. ``decrement`` stands for decrement, transfer and restore."""

    read: frozenset[Key]
    write: frozenset[Key]
    increment: frozenset[Key]
    decrement: frozenset[Key]


@dataclass(frozen=True, slots=True)
class TrailerRule:
    """Table 7. Key A can never be read."""

    write_a: frozenset[Key]
    read_access: frozenset[Key]
    write_access: frozenset[Key]
    read_b: frozenset[Key]
    write_b: frozenset[Key]

    @property
    def writable(self) -> frozenset[Key]:
        """Keys that may write some part of the trailer."""
        return self.write_a | self.write_access | self.write_b


DATA_RULES: Final = {
    0b000: DataRule(BOTH, BOTH, BOTH, BOTH),
    0b010: DataRule(BOTH, NEVER, NEVER, NEVER),
    0b100: DataRule(BOTH, B, NEVER, NEVER),
    0b110: DataRule(BOTH, B, B, BOTH),
    0b001: DataRule(BOTH, NEVER, NEVER, BOTH),
    0b011: DataRule(B, B, NEVER, NEVER),
    0b101: DataRule(B, NEVER, NEVER, NEVER),
    0b111: DataRule(NEVER, NEVER, NEVER, NEVER),
}
"""By C1 C2 C3, C1 the highest bit."""

TRAILER_RULES: Final = {
    0b000: TrailerRule(A, A, NEVER, A, A),
    0b010: TrailerRule(NEVER, A, NEVER, A, NEVER),
    0b100: TrailerRule(B, BOTH, NEVER, NEVER, B),
    0b110: TrailerRule(NEVER, BOTH, NEVER, NEVER, NEVER),
    0b001: TrailerRule(A, A, A, A, A),
    0b011: TrailerRule(B, BOTH, B, NEVER, B),
    0b101: TrailerRule(NEVER, BOTH, B, NEVER, NEVER),
    0b111: TrailerRule(NEVER, BOTH, NEVER, NEVER, NEVER),
}
"""By C1 C2 C3, C1 the highest bit."""


def conditions(access: bytes) -> tuple[int, int, int, int] | None:
    """C1 C2 C3 of the block groups 0 to 3 from bytes 6 to 8 of a trailer; None when the copies disagree (8.7.1)."""
    not_c2, not_c1 = access[0] >> 4, access[0] & 15
    c1, not_c3 = access[1] >> 4, access[1] & 15
    c3, c2 = access[2] >> 4, access[2] & 15
    if (c1 ^ not_c1, c2 ^ not_c2, c3 ^ not_c3) != (15, 15, 15):
        return None
    first, second, third, trailer = ((c1 >> n & 1) << 2 | (c2 >> n & 1) << 1 | c3 >> n & 1 for n in range(4))
    return first, second, third, trailer
