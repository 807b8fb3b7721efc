"""What a script says to a card, counted."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from drivers.cards.secrets import CardSecrets
from gateway.ports.cards import CardKeys, EncodePlan
from simulators.cards.catalogue import make
from simulators.cards.state import StoredCard

GET_UID = bytes.fromhex("FFCA000000")
_OK = b"\x90\x00"


@dataclass(slots=True)
class Counter:
    """Implements CardTransport over a virtual card. ``card_s``: the seconds that the card itself took."""

    logic: StoredCard
    said: list[tuple[bytes, bytes]] = field(default_factory=list)
    card_s: float = 0.0

    @property
    def atr(self) -> bytes:
        return self.logic.atr()

    def answer(self, apdu: bytes) -> bytes:
        start = time.perf_counter()
        reply = self.logic.answer(apdu)
        self.card_s += time.perf_counter() - start
        self.said.append((apdu, reply))
        return reply

    async def transmit(self, apdu: bytes) -> bytes:
        return self.answer(apdu)

    def clear(self) -> None:
        """Counts from here on, the card in the field anew."""
        self.logic.reset()
        self.said.clear()
        self.card_s = 0.0

    @property
    def commands(self) -> int:
        return len(self.said)

    @property
    def bytes(self) -> int:
        """Sent and received, with status bytes."""
        return sum(len(apdu) + len(reply) for apdu, reply in self.said)


@dataclass(frozen=True, slots=True)
class Job:
    """What shall lie on which card, and every key for it."""

    plan: EncodePlan
    keys: CardKeys
    secrets: CardSecrets
    random: Callable[[int], bytes]

    @classmethod
    def of(cls, plan: EncodePlan, keys: CardKeys, random: Callable[[int], bytes]) -> Self:
        keyset = keys.sets[plan.data.key_version]
        secrets = CardSecrets.of(keyset, plan.uid, plan.kind, plan.templates, plan.data.site_number)
        return cls(plan, keys, secrets, random)

    def blank(self) -> StoredCard:
        """A card as the factory made it."""
        return make(self.plan.kind, self.plan.uid)


class Script:
    """One card, one script. ``checked``: with the checks that the desk must make."""

    def __init__(self, job: Job, card: Counter, *, checked: bool = False) -> None:
        self.job = job
        self.card = card
        self.checked = checked

    def say(self, apdu: bytes, why: str) -> bytes:
        """The data of an answer that must be 9000."""
        answer = self.card.answer(apdu)
        assert answer[-2:] == _OK, f"{why}: {answer.hex()}"
        return answer[:-2]

    def same_card(self) -> None:
        """A check: the reader is asked whose UID it sees."""
        if self.checked:
            assert self.say(GET_UID, "the card that lies there is the one that is meant") == self.job.plan.uid
