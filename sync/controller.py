"""The reference controller: what a gate box does, as PROTOCOL.md says, with MQTT 3.1.1 and a directory.

``python -m sync.controller --provisioning FILE --state DIR`` runs one.
"""

import argparse
import asyncio
import json
import logging
import random
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

from gateway.domain.decision import Decision, Granted, PortalMode, decide
from gateway.domain.errors import GatehouseError, MalformedError
from gateway.domain.identity import Identity, KeyMaker
from gateway.domain.schedule import Calendar
from gateway.domain.whitelist import LONGER_OPENING, Whitelist
from gateway.ports import DeviceError, HeldList
from gateway.signing.cose import BadSignatureError, UnknownKeyError
from gateway.signing.keys import PublicKey
from sync.broker import Broker
from sync.clock import Clock, SystemClock
from sync.controller_commands import CommandGate
from sync.controller_events import EventBuffer
from sync.controller_lists import HeldLists
from sync.controller_store import ControllerStore
from sync.protocol.controllers import SMALL_LIMIT as COMMAND_LIMIT
from sync.protocol.controllers import Ack, Command, CommandKind, Event, Reply, ReplyResult, Status
from sync.protocol.receiving import Outcome
from sync.protocol.signed import unseal
from sync.protocol.site import CONFIG_LIMIT, SCHEDULES_LIMIT, Config, Schedules
from sync.protocol.topics import Address, Kind, Topics
from sync.provisioning import broker_settings, public_keys
from sync.wire import Will

SOFTWARE: Final = "gatehouse-reference/1"
STATUS_EVERY_S: Final = 30.0
READ_AGAIN_S: Final = 10.0
RESEND_S: Final = 10.0
REFUSED_EVERY_S: Final = 60.0
_LOG = logging.getLogger(__name__)


class ControllerListener(Protocol):
    """Watches a controller, for tests and benches."""

    def list_in_force(self, list_: str, whitelist: Whitelist) -> None:
        """A list was put in force."""

    def reported(self, kind: str, detail: str) -> None:
        """Something went wrong and was noted as an event."""


class Controller:
    """One gate box. ``outputs(portal, unlock_ms)`` is called for each opening; 0 ends a hold, -1 starts one."""

    def __init__(
        self,
        provisioning: Mapping[str, Any],
        state_dir: Path,
        clock: Clock,
        outputs: Callable[[str, int], None],
        *,
        listener: ControllerListener | None = None,
        capacity: int = 250_000,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.name: str = provisioning["controller"]
        self.boot = secrets.token_hex(8)
        self._clock = clock
        self._outputs = outputs
        self._listener = listener
        self._capacity = capacity
        self._topics = Topics(provisioning["site"])
        self._keys: Mapping[bytes, PublicKey] = public_keys(provisioning)
        self._key_of = KeyMaker(bytes.fromhex(provisioning["list_key"]))
        self._store = ControllerStore(state_dir)
        self._events = EventBuffer(state_dir / "events.log", self.boot)
        self._lists = HeldLists(self._topics, self._store, capacity, clock.wall)
        self._commands = CommandGate(self.boot)
        self._calendar = Calendar()
        self._config = Config(0)
        self._modes: dict[str, PortalMode] = {}
        self._sent_to = 0
        self._subscribed: dict[str, int] = {}
        self._unsaved: dict[str, list[Outcome]] = {}
        self._turn = asyncio.Event()
        self._status_due = False
        self._rewrite_due = False
        self._refused_at: dict[str, float] = {}
        self._wire = Broker(self.name, broker_settings(provisioning), self, clock=clock, jitter=jitter, will=self._will)
        self._restore()

    def _restore(self) -> None:
        config, schedules = self._store.load("config"), self._store.load("schedules")
        try:
            if schedules is not None:
                self._calendar = Schedules.decode(schedules).calendar
            if config is not None:
                self._configure(Config.decode(config))
        except MalformedError:
            _LOG.warning("the kept configuration cannot be read; waiting for the gateway's")

    # --- what the gate does ---

    def present(self, portal: str, identity: Identity) -> Decision:
        """Decides, opens, and notes an event. The portal is one of the configuration."""
        now = self._clock.wall()
        key = self._key_of(identity)
        mode = self._modes.get(portal, self._config.portals[portal].mode)
        decision = decide(self._config.policy(portal, mode), self._lists.in_force, self._calendar, key, now)
        if isinstance(decision, Granted):
            unlock_ms = self._config.portals[portal].unlock_ms
            longer = decision.terms.flags & LONGER_OPENING
            self._outputs(portal, unlock_ms * 2 if longer else unlock_ms)
            self._note(Event(now, portal, "granted", key=key, list=decision.list))
        else:
            self._note(Event(now, portal, "denied", key=key, reason=decision.reason.value, list=decision.list))
        return decision

    def note(self, portal: str, kind: str, detail: str | None = None) -> None:
        """Something else happened at a portal: ``forced``, ``held_open``, ``passed`` and so on."""
        self._note(Event(self._clock.wall(), portal, kind, detail=detail))

    def held(self) -> dict[str, HeldList]:
        """The lists in force."""
        return self._lists.report()

    @property
    def portals(self) -> frozenset[str]:
        """The portals of the configuration in force."""
        return frozenset(self._config.portals)

    @property
    def waiting(self) -> int:
        """Events kept until the gateway acknowledges them."""
        return len(self._events)

    @property
    def connected(self) -> bool:
        """Whether the broker is there."""
        return self._wire.connected

    def cut(self) -> None:
        """Cuts the network, for a bench; :meth:`heal` mends it."""
        self._wire.hold_down()

    def heal(self) -> None:
        """Mends the network."""
        self._wire.let_up()

    def _note(self, event: Event) -> None:
        self._events.add(event)
        self._turn.set()

    # --- running ---

    async def run(self) -> None:
        """Serves until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._wire.run())
            tasks.create_task(self._work())
            tasks.create_task(self._every(STATUS_EVERY_S, self._status_again))
            tasks.create_task(self._every(READ_AGAIN_S, self._read_again))
            tasks.create_task(self._every(RESEND_S, self._send_again))

    async def _every(self, seconds: float, what: Callable[[], None]) -> None:
        while True:
            await self._clock.sleep(seconds)
            what()
            self._turn.set()

    def _status_again(self) -> None:
        self._status_due = True

    def _read_again(self) -> None:
        self._lists.read_again()

    def _send_again(self) -> None:
        self._sent_to = 0

    async def _work(self) -> None:
        """Does the slow things one after the other: the disk, subscriptions, reports."""
        while True:
            await self._turn.wait()
            self._turn.clear()
            await self._save()
            if not self._wire.connected:
                continue
            try:
                await self._subscribe()
                self._send_events()
                if self._status_due:
                    self._status_due = False
                    self._wire.publish(self._status_topic, self._status(online=True).encode(), retain=True)
            except DeviceError as error:
                _LOG.info("the broker went away: %s", error)

    async def _save(self) -> None:
        unwritten = self._events.take_unwritten()
        if unwritten:
            await asyncio.to_thread(self._events.write, unwritten)
            self._events.written(unwritten)
        if self._rewrite_due:
            self._rewrite_due = False
            self._events.rewrite()
        unsaved, self._unsaved = self._unsaved, {}
        for name, outcomes in unsaved.items():
            for outcome in outcomes:
                await asyncio.to_thread(self._save_one, name, outcome)
        self._status_due |= bool(unsaved)

    def _save_one(self, name: str, outcome: Outcome) -> None:
        if outcome.commit is not None:
            self._store.save_list(name, outcome.commit, outcome.changes)
        held = self._lists.in_force.get(name)
        if held is not None and held.fresh_until is not None:
            self._store.save_fresh(name, held.fresh_until)

    async def _subscribe(self) -> None:
        wanted = dict.fromkeys(self._fixed_topics(), 0) | self._lists.wanted()
        gone = [topic for topic in self._subscribed if topic not in wanted]
        new = {topic: attempt for topic, attempt in wanted.items() if self._subscribed.get(topic) != attempt}
        self._subscribed = wanted
        if gone:
            await self._wire.unsubscribe(gone)
        if new:
            await self._wire.subscribe(list(new))

    def _fixed_topics(self) -> list[str]:
        kinds = (Kind.CONFIG, Kind.ACK, Kind.COMMANDS)
        return [self._topics.schedules, *(self._topics.of_controller(kind, self.name) for kind in kinds)]

    def _send_events(self) -> None:
        while (batch := self._events.batch(self._sent_to)) is not None:
            self._wire.publish(self._topics.of_controller(Kind.EVENTS, self.name), batch.encode())
            self._sent_to = batch.first + len(batch.events) - 1

    # --- reports ---

    @property
    def _status_topic(self) -> str:
        return self._topics.of_controller(Kind.STATUS, self.name)

    def _status(self, *, online: bool) -> Status:
        return Status(
            online,
            self.boot,
            self._clock.wall(),
            SOFTWARE,
            self._lists.report(),
            self._config.version,
            self._calendar.version,
            self._capacity,
            self._events.next_number,
        )

    def _will(self) -> Will:
        return Will(self._status_topic, self._status(online=False).encode())

    # --- WireListener ---

    def wire_connected(self) -> None:
        """A new session: everything is subscribed to again, everything not acknowledged sent again."""
        self._subscribed = {}
        self._sent_to = 0
        self._status_due = True
        self._turn.set()

    def wire_lost(self, why: str) -> None:
        """The gate goes on with what it holds."""
        _LOG.info("no broker: %s", why)

    def wire_message(self, topic: str, payload: bytes, *, retained: bool) -> None:
        """Whatever cannot be read or does not verify is noted and changes nothing."""
        address = self._topics.parse(topic)
        if address is None:
            return
        try:
            self._take(address, topic, payload, retained=retained)
        except (MalformedError, UnknownKeyError, BadSignatureError) as error:
            self._refuse(topic.removeprefix(self._topics.root + "/"), error)

    def _refuse(self, topic: str, error: GatehouseError) -> None:
        """Notes a bad message, once a minute for each topic: a forger must not fill the memory."""
        now = self._clock.monotonic()
        if now - self._refused_at.get(topic, -REFUSED_EVERY_S) >= REFUSED_EVERY_S:
            self._refused_at[topic] = now
            self._report("refused_message", topic, error)

    def _take(self, address: Address, topic: str, payload: bytes, *, retained: bool) -> None:
        match address.kind:
            case Kind.HEAD | Kind.TAIL | Kind.PAGE:
                self._take_list(address.name, self._lists.take(address, topic, payload, self._keys))
            case Kind.CONFIG if payload:
                self._take_config(unseal(topic, payload, self._keys, CONFIG_LIMIT))
            case Kind.SCHEDULES if payload:
                self._take_schedules(unseal(topic, payload, self._keys, SCHEDULES_LIMIT))
            case Kind.ACK:
                self._rewrite_due |= self._events.acknowledge(Ack.decode(payload).upto)
                self._turn.set()
            case Kind.COMMANDS if not retained:
                self._obey(Command.decode(unseal(topic, payload, self._keys, COMMAND_LIMIT)))
            case _:
                pass

    def _take_list(self, name: str, outcome: Outcome | None) -> None:
        if outcome is None:
            return
        if outcome.commit is not None or outcome.fresh:
            self._unsaved.setdefault(name, []).append(outcome)
        if outcome.commit is not None and self._listener is not None:
            self._listener.list_in_force(name, outcome.commit)
        for report in outcome.reports:
            self._report(report.value, name)
        self._turn.set()

    def _take_config(self, payload: bytes) -> None:
        config = Config.decode(payload)
        if config.version < self._config.version or config == self._config:
            return
        self._configure(config)
        self._store.save("config", payload)
        self._status_due = True
        self._turn.set()

    def _configure(self, config: Config) -> None:
        self._config = config
        self._modes = {p: m for p, m in self._modes.items() if p in config.portals}
        if config.keys:
            keys = [PublicKey(raw) for raw in config.keys]
            self._keys = {key.kid: key for key in keys}
        self._lists.honour(config.lists())

    def _take_schedules(self, payload: bytes) -> None:
        calendar = Schedules.decode(payload).calendar
        if calendar.version < self._calendar.version or calendar == self._calendar:
            return
        self._calendar = calendar
        self._store.save("schedules", payload)
        self._status_due = True
        self._turn.set()

    def _obey(self, command: Command) -> None:
        now = self._clock.wall()
        result, detail = self._commands.judge(command, self._config.portals.keys(), now)
        if result is ReplyResult.DONE:
            self._carry_out(command)
            self._note(Event(now, command.portal, "command", reason=command.kind.value, detail=command.by))
        reply = Reply(command.id, result, now, detail)
        self._wire.publish(self._topics.of_controller(Kind.REPLIES, self.name), reply.encode())

    def _carry_out(self, command: Command) -> None:
        portal = command.portal or ""
        match command.kind:
            case CommandKind.OPEN:
                self._outputs(portal, self._config.portals[portal].unlock_ms)
            case CommandKind.HOLD_OPEN:
                self._modes[portal] = PortalMode.HELD_OPEN
                self._outputs(portal, -1)
            case CommandKind.RELEASE_HOLD:
                self._modes[portal] = PortalMode.NORMAL
                self._outputs(portal, 0)
            case CommandKind.LOCK_OUT:
                self._modes[portal] = PortalMode.LOCKED_OUT
                self._outputs(portal, 0)
            case CommandKind.RESYNC:
                self._subscribed = {}
                self._status_due = True

    def _report(self, kind: str, detail: str, error: GatehouseError | None = None) -> None:
        self._note(Event(self._clock.wall(), None, kind, reason=type(error).__name__ if error else None, detail=detail))
        if self._listener is not None:
            self._listener.reported(kind, detail)


async def _main() -> None:
    parser = argparse.ArgumentParser(description="Runs a reference gate controller.")
    parser.add_argument("--provisioning", type=Path, required=True, help="the file handed out at enrolment")
    parser.add_argument("--state", type=Path, required=True, help="a directory of its own")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    provisioning = json.loads(arguments.provisioning.read_text())
    controller = Controller(provisioning, arguments.state, SystemClock(), lambda p, ms: _LOG.info("%s: %s ms", p, ms))
    await controller.run()


if __name__ == "__main__":
    asyncio.run(_main())
