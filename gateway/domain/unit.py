"""Units of a compound and how they are named."""

import re
from typing import Final, NamedTuple

from gateway.domain.errors import MalformedError

_PART: Final = re.compile(r"[0-9A-Za-z]{1,16}")


class UnitCode(NamedTuple):
    """Where a unit is: building (楼栋), entrance (单元) and room (房号), written ``3-1-502``."""

    building: str
    entrance: str
    room: str

    def __str__(self) -> str:
        return "-".join(self)


def parse_unit_code(text: str) -> UnitCode:
    """From ``3-1-502``; raises MalformedError for anything else."""
    parts = text.strip().split("-")
    if len(parts) != 3 or not all(_PART.fullmatch(part) for part in parts):
        raise MalformedError(
            "“%(text)s” is not a unit: write building-entrance-room, such as 3-1-502.",
            text=text[:40],
            fields={"code": "building-entrance-room, such as 3-1-502"},
        )
    return UnitCode(*parts)
