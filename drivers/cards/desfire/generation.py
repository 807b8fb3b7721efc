"""The procedures of one generation of DESFire: they differ in how a session is opened."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from drivers.cards.desfire import look as looking
from drivers.cards.desfire import personalise as writing
from drivers.cards.desfire import wipe as wiping
from drivers.cards.desfire.protocol.authenticate import Random
from drivers.cards.exchange import Procedure
from gateway.domain.card_data import CardData, CardKind
from gateway.domain.card_template import CardTemplates
from gateway.ports.cards import CardKeys, EncodePlan, FoundCard


@dataclass(frozen=True, slots=True)
class Generation:
    """Implements drivers.cards.work.CardProcedures."""

    kind: CardKind

    def look(
        self, uid: bytes, keys: CardKeys | None, templates: CardTemplates, site_number: int, random: Random
    ) -> Procedure[FoundCard]:
        """What lies there."""
        return looking.look(uid, self.kind, keys, templates, site_number=site_number, random=random)

    def read_number(
        self, uid: bytes, keys: CardKeys | None, templates: CardTemplates, site_number: int, random: Random
    ) -> Procedure[CardData | None]:
        """What a gate asks."""
        return looking.read_number(uid, self.kind, keys, templates, site_number=site_number, random=random)

    def personalise(self, plan: EncodePlan, keys: CardKeys, random: Random) -> Procedure[None]:
        """Brings the card to the plan; ``plan.kind`` is this kind."""
        return writing.personalise(plan, keys, random)

    def steps(self, plan: EncodePlan) -> Sequence[str]:
        """What :meth:`personalise` does."""
        return writing.steps(plan)

    def wipe(self, plan: EncodePlan, keys: CardKeys, random: Random) -> Procedure[None]:
        """Takes everything of ours off again."""
        return wiping.wipe(plan, keys, random)

    def wipe_steps(self, plan: EncodePlan) -> Sequence[str]:
        """What :meth:`wipe` does."""
        return wiping.wipe_steps(plan)


EV1: Final = Generation(CardKind.DESFIRE_EV1)
EV2: Final = Generation(CardKind.DESFIRE_EV2)
