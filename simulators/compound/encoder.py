"""The plate of the desk's encoder: one card or none, and the hand that may pull it away in the middle."""

import asyncio
from enum import StrEnum
from typing import Any

from gateway.domain.errors import ConflictError
from gateway.ports import DeviceOfflineError
from simulators.cards.mortal import Mortal
from simulators.compound.box import BenchCard
from simulators.devices.vcard import VirtualCard


class Left(StrEnum):
    """How a card left the encoder without being lifted."""

    PULLED = "pulled"
    LET_GO = "let_go"


class Plate:
    """Virtual cards lie on it as vpcd clients of the gateway's encoder."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._card: BenchCard | None = None
        self._life: Mortal | None = None
        self._held: VirtualCard | None = None
        self._pull_at: int | None = None

    @property
    def card(self) -> BenchCard | None:
        """What lies there."""
        return self._card

    async def lay(self, card: BenchCard, life: Mortal) -> None:
        """Raises ConflictError while another one lies there, DeviceOfflineError without a gateway."""
        if self._card:
            raise ConflictError("Another card lies on the encoder. Lift it first.")
        held = VirtualCard(life, *self._address)
        life.doom()
        try:
            await asyncio.to_thread(held.lay)
        except OSError as error:
            raise DeviceOfflineError("The encoder does not answer; is the gateway running?") from error
        self._card, self._life, self._held = card, life, held

    async def lift(self) -> None:
        """Takes the card away, whatever is being done to it."""
        held = self._forget()
        if held is not None:
            await asyncio.to_thread(held.lift)

    def pull(self, command: int, *, carried_out: bool) -> None:
        """The hand waits for the n-th command from now on, and pulls the card before or after it was carried out."""
        if self._life is None:
            raise ConflictError("No card lies on the encoder.")
        at = self._life.commands + command
        if carried_out:
            self._life.doom(die_after=at)
        else:
            self._life.doom(die_before=at)
        self._pull_at = at

    def step(self) -> tuple[BenchCard, Left] | None:
        """A card that is gone by itself since the last step, and why."""
        card, life, held = self._card, self._life, self._held
        if card is None or life is None or held is None or held.lies:
            return None
        self._forget()
        return card, Left.PULLED if life.dead else Left.LET_GO

    def stop(self) -> None:
        """The bench ends."""
        held = self._forget()
        if held is not None:
            held.lift()

    def view(self) -> dict[str, Any]:
        """As the page has it: how many commands are left until the card is pulled."""
        left = None if self._pull_at is None or self._life is None else max(0, self._pull_at - self._life.commands)
        return {"encoder": self._card.id if self._card else None, "pull_in": left}

    def _forget(self) -> VirtualCard | None:
        held, self._card, self._life, self._held, self._pull_at = self._held, None, None, None, None
        return held
