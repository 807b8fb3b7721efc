"""What the tests of FMCOS cards share."""

from dataclasses import dataclass, field
from typing import Any

from drivers.cards import fmcos
from drivers.cards.exchange import Procedure, drive
from drivers.cards.tries import WRONG_KEYS_A_TAP
from gateway.domain.card_data import CardData, CardKind
from gateway.domain.card_template import CardTemplates, FmcosTemplate
from gateway.ports.cards import CardKeys, EncodePlan, FoundCard
from tests.drivers.cards.desk import SITE, TEMPLATES, T, Tap, counting, keys, plan

UID = bytes.fromhex("11223344")
RANDOM = counting()
EIGHT = CardTemplates(fmcos=FmcosTemplate(challenge_size=8))
DF = TEMPLATES.fmcos.df


@dataclass(slots=True)
class FmcosTap(Tap):
    """``wrong``: what the card said of each wrong key, tries left."""

    wrong: list[int] = field(default_factory=list)

    def run(self, procedure: Procedure[T]) -> T:
        self.card.sent.clear()
        self.wrong.clear()
        self.card.lay()
        try:
            return drive(procedure, self.answer)
        finally:
            assert len(self.wrong) <= WRONG_KEYS_A_TAP

    def answer(self, apdu: bytes) -> bytes:
        reply = self.card.answer(apdu)
        if reply[-2:-1] == b"\x63":
            self.wrong.append(reply[-1] & 15)
        return reply

    def dump(self) -> dict[str, Any]:
        state: dict[str, Any] = self.mortal.logic.dump()  # type: ignore[attr-defined]  # every card has it
        return state

    def load(self, state: dict[str, Any]) -> None:
        self.mortal.logic.load(state)  # type: ignore[attr-defined]  # every card has it

    @property
    def main_tries(self) -> int:
        return int(self.dump()["mf"]["key_file"]["keys"][0]["fourth"]) & 15

    def with_main_key(self, key: bytes, tries: int = 0x33) -> "FmcosTap":
        """Someone else's card."""
        state = self.dump()
        state["mf"]["key_file"]["keys"][0] |= {"value": key.hex(), "fourth": tries}
        self.load(state)
        return self


def blank() -> FmcosTap:
    tap = Tap.of("fmcos", UID)
    return FmcosTap(tap.card, tap.mortal)


def planned(version: int = 1, number: int = 1, *, before: int = 0, templates: CardTemplates = TEMPLATES) -> EncodePlan:
    return plan(CardKind.FMCOS, version, number, before=before, uid=UID, templates=templates)


def look(known: CardKeys | None, templates: CardTemplates = TEMPLATES) -> Procedure[FoundCard]:
    return fmcos.look(UID, CardKind.FMCOS, known, templates, site_number=SITE, random=RANDOM)


def read(known: CardKeys, templates: CardTemplates = TEMPLATES) -> Procedure[CardData | None]:
    return fmcos.read_number(UID, CardKind.FMCOS, known, templates, site_number=SITE, random=RANDOM)


def ours(version: int = 1) -> FmcosTap:
    tap = blank()
    tap.run(fmcos.personalise(planned(version), keys(version), RANDOM))
    return tap
