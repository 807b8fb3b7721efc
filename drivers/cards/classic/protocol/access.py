"""Access conditions of a sector, in the order of the data sheet: C1 C2 C3, as ``"011"``.

NXP MF1S50yyX, 8.7.1 to 8.7.3. Each bit stands in the trailer twice, once inverted; bits that contradict each other lock
the sector for ever. :class:`AccessConditions` cannot hold such bits, and only it can be written.
"""

from dataclasses import dataclass
from typing import Final, Self

from gateway.domain.errors import MalformedError

_BLOCKS: Final = 4
_CODES: Final = frozenset(f"{code:03b}" for code in range(8))


@dataclass(frozen=True, slots=True)
class AccessConditions:
    """One code of three bits, C1 first, for each of the blocks 0, 1, 2 (data) and 3 (the trailer)."""

    codes: tuple[str, str, str, str]

    def __post_init__(self) -> None:
        if not _CODES.issuperset(self.codes):
            raise MalformedError("An access condition has three bits for each of four blocks.")

    def encode(self) -> bytes:
        """Bytes 6, 7 and 8 of the trailer: ``/C2 /C1 ‖ C1 /C3 ‖ C3 C2``, block 3's bit the highest of each four."""
        c1, c2, c3 = (self._nibble(bit) for bit in range(3))
        return bytes([(~c2 & 15) << 4 | ~c1 & 15, c1 << 4 | ~c3 & 15, c3 << 4 | c2])

    @classmethod
    def decode(cls, access: bytes) -> Self:
        """Raises MalformedError for bits that contradict each other."""
        if len(access) != 3:
            raise MalformedError("Access bits have 3 bytes.")
        not_c2, not_c1, c1, not_c3, c3, c2 = (n for byte in access for n in (byte >> 4, byte & 15))
        if (c1 ^ not_c1, c2 ^ not_c2, c3 ^ not_c3) != (15, 15, 15):
            raise MalformedError("The access bits contradict each other: they would lock the sector for ever.")
        first, second, third, trailer = (
            "".join(str(nibble >> block & 1) for nibble in (c1, c2, c3)) for block in range(_BLOCKS)
        )
        return cls((first, second, third, trailer))

    def _nibble(self, bit: int) -> int:
        return sum(int(code[bit]) << block for block, code in enumerate(self.codes))


TRANSPORT: Final = AccessConditions(("000", "000", "000", "001"))
"""As the factory sets them: key A may do everything (8.7.1)."""
