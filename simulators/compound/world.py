"""The simulated compound: every device, every controller, and what a hand can do to them."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from gateway.domain.errors import NotFoundError
from gateway.domain.identity import Identity
from gateway.ports.cards import CardError
from simulators.compound.box import KINDS, UID_ONLY, BenchCard, CardBox
from simulators.compound.desk import Desk
from simulators.compound.encoder import Plate
from simulators.compound.gates import LastCard, RemoteGate, WiredGate
from simulators.compound.plan import Plan
from simulators.compound.reader import ReadKeys
from simulators.compound.traffic import Traffic
from simulators.devices.barrier import ModbusBarrierBoard
from simulators.devices.osdp_reader import OsdpReaders
from simulators.devices.outputs import Recorder
from simulators.devices.pty import PtyCable
from simulators.devices.scanner import LineScanner
from sync.clock import SystemClock
from sync.controller import Controller

_TICK_S: Final = 0.1
_ASK_AGAIN_S: Final = 2.0
_LOG_LINES: Final = 60
_CABLE_KINDS: Final = ("reader", "barrier", "scanner")


class World:
    """All of it. ``revision`` rises whenever something that can be seen changed."""

    def __init__(self, plan: Plan) -> None:
        plan.osdp_link.parent.mkdir(parents=True, exist_ok=True)
        self._plan = plan
        self._readers = OsdpReaders(plan.osdp_link, {plan.osdp_address: plan.osdp_key})
        self._board = ModbusBarrierBoard(plan.barrier_link, Recorder(), unit=plan.barrier_unit)
        self._scanner = LineScanner(plan.scanner_link)
        self._main = WiredGate(plan.portal, plan.portal, self._readers.readers[plan.osdp_address], self._board)
        self._cables: dict[str, PtyCable] = {
            plan.osdp_link.name: self._readers.cable,
            plan.barrier_link.name: self._board.cable,
            plan.scanner_link.name: self._scanner.cable,
        }
        self._boxes = {
            box.id: Controller(box.provisioning, box.state, SystemClock(), self._output(box.id)) for box in plan.boxes
        }
        self._cut: set[str] = set()
        self._remote: dict[str, RemoteGate] = {}
        self._names: dict[str, str] = {}
        self._cards = CardBox(plan.directory / "bench-cards.json", plan.card_box)
        self._residents: dict[str, BenchCard] = {}
        self._read_keys = ReadKeys.load(plan.reader_keys)
        self._plate = Plate(*plan.encoder)
        self._log: deque[dict[str, Any]] = deque(maxlen=_LOG_LINES)
        self._traffic_on = plan.traffic
        self._seen: dict[str, Any] = {}
        self._change = asyncio.Condition()
        self.revision = 0
        self.closed = False

    def _output(self, controller: str) -> Callable[[str, int], None]:
        def drive(portal: str, unlock_ms: int) -> None:
            self._gate(portal, controller).drive(unlock_ms)

        return drive

    def _gate(self, portal: str, controller: str) -> RemoteGate:
        if portal not in self._remote:
            self._remote[portal] = RemoteGate(portal, self._names.get(portal, portal), controller)
        return self._remote[portal]

    # --- what a hand does ---

    async def hold(self, card: str, portal: str) -> None:
        """Holds a card to the reader of a portal. Raises CardError when the reader cannot make it out."""
        held = self._residents.get(card) or self._cards.take(card)
        if self._plate.card is not None and self._plate.card.id == held.id:
            await self._plate.lift()
        identity = await self._shown(held, portal)
        if portal == self._main.id:
            self._main.present(held, identity.value)
            return
        gate = self._remote.get(portal)
        if gate is None:
            raise NotFoundError("There is no gate %(portal)s here.", portal=portal)
        granted = self._boxes[gate.controller].present(portal, identity).granted
        gate.last = LastCard(held.id, held.uid, granted)
        self._note(gate.name, "granted" if granted else "denied", held.uid, granted=granted)

    async def _shown(self, card: BenchCard, portal: str) -> Identity:
        if card.kind == UID_ONLY:
            return Identity.uid(card.uid)
        try:
            return await self._read_keys.read(self._cards.life(card))
        except CardError as error:
            self._note(portal, "unreadable", card.uid, granted=False)
            raise CardError("The reader cannot make this card out. Lay it on the desk's encoder.") from error

    async def drive(self, portal: str) -> None:
        """A car stops on the loop before the arm."""
        self._wired(portal).arrive()

    async def drive_through(self, portal: str) -> None:
        """The car passes under the arm."""
        self._wired(portal).drive_through()

    def _wired(self, portal: str) -> WiredGate:
        if portal != self._main.id:
            raise NotFoundError("There is no barrier at %(portal)s.", portal=portal)
        return self._main

    async def lay(self, card: str) -> None:
        """Lays a card on the desk's encoder."""
        laid = self._cards.take(card)
        await self._plate.lay(laid, self._cards.life(laid))

    async def lift(self) -> None:
        """Takes the card off the encoder."""
        await self._plate.lift()

    async def pull(self, command: int, *, carried_out: bool) -> None:
        """Pulls the card off the encoder at the n-th command from now on."""
        self._plate.pull(command, carried_out=carried_out)

    async def scan(self, text: str) -> None:
        """Holds a slip's QR before the scanner at the post."""
        self._scanner.scan(" ".join(text.split()))
        self._note(self._plan.scanner_link.name, "scanned", f"{len(text)} B", granted=None)

    async def unplug(self, device: str) -> None:
        """Pulls a plug."""
        self._cable(device).unplug()
        self._note(device, "unplugged", "", granted=False)

    async def plug(self, device: str) -> None:
        """Puts it back."""
        self._cable(device).plug()
        self._note(device, "plugged", "", granted=True)

    def _cable(self, device: str) -> PtyCable:
        try:
            return self._cables[device]
        except KeyError:
            raise NotFoundError("There is no device %(device)s.", device=device) from None

    async def cut(self, controller: str) -> None:
        """Cuts a controller's network."""
        self._controller(controller).cut()
        self._cut.add(controller)
        self._note(controller, "isolated", "", granted=False)

    async def mend(self, controller: str) -> None:
        """Mends it."""
        self._controller(controller).heal()
        self._cut.discard(controller)
        self._note(controller, "connected", "", granted=True)

    def _controller(self, name: str) -> Controller:
        try:
            return self._boxes[name]
        except KeyError:
            raise NotFoundError("There is no controller %(name)s.", name=name) from None

    def set_traffic(self, *, on: bool) -> None:
        """Whether residents come and go."""
        self._traffic_on = on

    def add_card(self, uid: str) -> None:
        """A card with this UID for the box."""
        self._cards.add(uid)

    def blank(self, kind: str) -> None:
        """A new blank card for the box."""
        self._cards.blank(kind)

    def copy(self, card: str) -> None:
        """A copy of a card's UID for the box."""
        self._cards.copy(card)

    # --- what the page sees ---

    def _note(self, where: str, what: str, detail: str, *, granted: bool | None) -> None:
        tone = {True: "good", False: "bad", None: ""}[granted]
        self._log.appendleft(
            {"at": time.time(), "where": self._names.get(where, where), "what": what, "detail": detail, "tone": tone}
        )

    def state(self) -> dict[str, Any]:
        """Everything, as JSON values."""
        return {
            "cards": [_card_view(card) for card in self._cards.all()],
            "kinds": KINDS,
            "portals": [self._main.view(), *(self._remote[name].view() for name in sorted(self._remote))],
            **self._plate.view(),
            "devices": [
                {"name": name, "kind": kind, "plugged": cable.master is not None}
                for (name, cable), kind in zip(self._cables.items(), _CABLE_KINDS, strict=True)
            ],
            "controllers": [self._box_view(name, box) for name, box in self._boxes.items()],
            "traffic": self._traffic_on,
            "log": list(self._log),
        }

    def _box_view(self, name: str, box: Controller) -> dict[str, Any]:
        held = {list_: report.version for list_, report in box.held().items()}
        return {"id": name, "cut": name in self._cut, "lists": held, "waiting": box.waiting}

    async def changed(self, seen: int) -> None:
        """Returns when the revision is no longer ``seen``."""
        async with self._change:
            await self._change.wait_for(lambda: self.revision != seen)

    async def close(self) -> None:
        """Nobody may wait for a change any longer: open pages would keep the bench from ending."""
        self.closed = True
        async with self._change:
            self.revision += 1
            self._change.notify_all()

    # --- running ---

    async def run(self) -> None:
        """Until cancelled."""
        self._readers.start()
        self._board.start()
        try:
            async with asyncio.TaskGroup() as tasks:
                for box in self._boxes.values():
                    tasks.create_task(box.run())
                tasks.create_task(self._tick())
                tasks.create_task(self._learn())
        finally:
            self._stop()

    def _stop(self) -> None:
        self._plate.stop()
        self._readers.stop()
        self._board.stop()
        self._scanner.stop()

    async def _tick(self) -> None:
        while True:
            before = self._main.last
            self._main.step()
            if self._main.last is not None and self._main.last is not before:
                last = self._main.last
                self._note(self._main.name, "granted" if last.granted else "denied", last.uid, granted=last.granted)
            self._make_gates()
            self._see_plate()
            state = self.state()
            if state != self._seen:
                self._seen = state
                async with self._change:
                    self.revision += 1
                    self._change.notify_all()
            await asyncio.sleep(_TICK_S)

    def _see_plate(self) -> None:
        gone = self._plate.step()
        if gone is not None:
            card, left = gone
            self._note(self._plan.encoder_name, left.value, card.uid, granted=False)

    def _make_gates(self) -> None:
        for name, box in self._boxes.items():
            for portal in box.portals:
                self._gate(portal, name)

    async def _learn(self) -> None:
        """Names and cards come from the gateway, which may start after us; then traffic flows."""
        desk = Desk(self._plan.gateway_url, self._plan.gateway_token)
        while True:
            try:
                portals = await asyncio.to_thread(desk.portals)
                box, residents = await asyncio.to_thread(desk.cards)
                break
            except OSError:
                await asyncio.sleep(_ASK_AGAIN_S)
        self._names = {name: portal["name"] for name, portal in portals.items()}
        self._main.name = self._names.get(self._main.id, self._main.id)
        for name, gate in self._remote.items():
            gate.name = self._names.get(name, name)
        self._residents = {uid: BenchCard(uid, "") for uid in residents}
        self._cards.stock(box)
        await Traffic(residents, self._portal_ids, self._somebody_holds, lambda: self._traffic_on).run()

    def _portal_ids(self) -> list[str]:
        return [self._main.id, *sorted(self._remote)]

    async def _somebody_holds(self, uid: str, portal: str) -> None:
        if self._plate.card is None or self._plate.card.id != uid:
            await self.hold(uid, portal)


def _card_view(card: BenchCard) -> dict[str, Any]:
    """As the page has it."""
    return {"id": card.id, "uid": card.uid, "label": card.label, "kind": card.kind, "copied": card.copied > 0}
