"""``[cards]``: how our data lies on each kind of card. Change it before the first card is issued, not after.

A card is read by the settings of today: an application id or sector that was changed is not looked for any more.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from gateway.domain.card_template import CardTemplates, ClassicTemplate, DesfireTemplate, FmcosTemplate

_STRICT = ConfigDict(extra="forbid", frozen=True)

_RESERVED_FILES = frozenset({"0000", "3F00", "3FFF", "FFFF"})
"""No DF of ours: reserved, the master file, the current path (ISO/IEC 7816-4:2020, 7.3.2)."""


def _not_reserved(value: str) -> str:
    if not any(bytes.fromhex(value)) or value.upper() in _RESERVED_FILES:
        raise ValueError("is reserved")
    return value


Aid = Annotated[str, StringConstraints(pattern=r"^[0-9A-Fa-f]{6}$"), AfterValidator(_not_reserved)]
FileId = Annotated[str, StringConstraints(pattern=r"^[0-9A-Fa-f]{4}$"), AfterValidator(_not_reserved)]


class DesfireTable(BaseModel):
    """``[cards.desfire]``: the application id in hexadecimal; what is forbidden cannot be allowed again."""

    model_config = _STRICT

    aid: Aid = "F54748"
    forbid_format: bool = False


class ClassicTable(BaseModel):
    """``[cards.classic]``: the data sector."""

    model_config = _STRICT

    sector: Annotated[int, Field(ge=1, le=15)] = 4


class FmcosTable(BaseModel):
    """``[cards.fmcos]``: the DF's id and name, and how long a challenge these cards give."""

    model_config = _STRICT

    df: FileId = "DF47"
    name: Annotated[str, StringConstraints(pattern=r"^[!-~]{5,16}$")] = "GATEHOUSE"
    challenge_size: Literal[4, 8] = 4


class CardsTable(BaseModel):
    """``[cards]``."""

    model_config = _STRICT

    desfire: DesfireTable = DesfireTable()
    classic: ClassicTable = ClassicTable()
    fmcos: FmcosTable = FmcosTable()

    def templates(self) -> CardTemplates:
        """As the card procedures take them."""
        return CardTemplates(
            DesfireTemplate(bytes.fromhex(self.desfire.aid), self.desfire.forbid_format),
            ClassicTemplate(self.classic.sector),
            FmcosTemplate(int(self.fmcos.df, 16), self.fmcos.name.encode(), self.fmcos.challenge_size),
        )
