"""Commands that take several frames, authentication, and what an error ends."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Final

from simulators.cards.desfire import commands_card, commands_content, commands_files, commands_keys, handshake
from simulators.cards.desfire.application import ROOT
from simulators.cards.desfire.command import Command, Commands, Plan
from simulators.cards.desfire.handshake import Handshake
from simulators.cards.desfire.keys import KeyKind
from simulators.cards.desfire.messaging import Unprotected
from simulators.cards.desfire.messaging_ev2 import Ev2Messaging
from simulators.cards.desfire.status import RefusedError, Status, must
from simulators.cards.desfire.visit import Visit

FRAME_SIZE: Final = 59
"""Data of a native frame: 60 bytes with the command code or the status (MF3ICD81, native command frames)."""
_LONG_FRAME: Final = 248
_MORE = 0xAF
_SELECT = 0x5A
_AUTHENTICATIONS: Final = {
    0x0A: frozenset({KeyKind.DES}),
    0x1A: frozenset({KeyKind.DES, KeyKind.TDES3}),
    0xAA: frozenset({KeyKind.AES}),
    0x71: frozenset({KeyKind.AES}),
    0x77: frozenset({KeyKind.AES}),
}
_EV2_AUTHENTICATIONS: Final = frozenset({0x71, 0x77})
_EV1: Final[Commands] = {
    **commands_card.COMMANDS,
    **commands_keys.COMMANDS,
    **commands_files.COMMANDS,
    **commands_content.COMMANDS,
}
_EV2: Final[Commands] = {**_EV1, **commands_content.EV2_COMMANDS}

Answer = tuple[Status, bytes]


@dataclass(slots=True)
class _Incoming:
    ins: int
    command: Command
    plan: Plan
    payload: bytes
    total: int | None


class Exchange:
    """One card from power on to power off, command by command. Waits at most for one thing at a time."""

    def __init__(self, visit: Visit) -> None:
        self.visit = visit
        self._commands = _EV2 if visit.profile.has_ev2_messaging else _EV1
        self._waiting: _Incoming | Handshake | list[bytes] | None = None

    def step(self, ins: int, data: bytes) -> Answer:
        """One frame and its answer. An error aborts the transaction; after EV1 and EV2 messaging, also the session."""
        try:
            return self._step(ins, data)
        except RefusedError as error:
            return self.refuse(error.status), b""

    def refuse(self, status: Status) -> Status:
        """What every error does to the card; ``status`` again."""
        self._waiting = None
        self.visit.selected.abort()
        if not self.visit.messaging.survives_errors:
            self.visit.messaging = Unprotected()
        return status

    def select(self, name: bytes) -> bool:
        """ISO/IEC 7816-4 SELECT by DF name; empty for the card itself. False when there is no such application."""
        self._waiting = None
        named = {found.name: found for found in self.visit.picc.applications.values() if found.name}
        found = named.get(name) if name else self.visit.picc.root
        if found is not None:
            self.visit.select(found)
        return found is not None

    def _step(self, ins: int, data: bytes) -> Answer:
        waiting, self._waiting = self._waiting, None
        if ins == _MORE:
            return self._continue(waiting, data)
        must(waiting is None, Status.COMMAND_ABORTED)
        if ins in _AUTHENTICATIONS and (ins not in _EV2_AUTHENTICATIONS or self.visit.profile.has_ev2_messaging):
            return self._authenticate(ins, data)
        if ins == _SELECT:
            return self._select(data)
        must(ins in self._commands, Status.ILLEGAL_COMMAND)
        return self._begin(ins, self._commands[ins], data)

    def _continue(self, waiting: "_Incoming | Handshake | list[bytes] | None", data: bytes) -> Answer:
        if isinstance(waiting, _Incoming):
            waiting.payload += data
            return self._collect(waiting)
        if isinstance(waiting, list):
            must(not data, Status.LENGTH)
            return self._hand_out(waiting)
        must(waiting is not None, Status.ILLEGAL_COMMAND)
        assert isinstance(waiting, Generator)  # noqa: S101  # for the type checker: nothing else is left
        return self._finish_authentication(waiting, data)

    def _select(self, data: bytes) -> Answer:
        """SelectApplication ends authentication and transaction even when there is no such application."""
        must(len(data) == len(ROOT), Status.LENGTH)
        picc = self.visit.picc
        self.visit.select(picc.root)
        if data != ROOT:
            must(data in picc.applications, Status.APPLICATION_NOT_FOUND)
            self.visit.select(picc.applications[data])
        return Status.OK, b""

    def _begin(self, ins: int, command: Command, payload: bytes) -> Answer:
        plan = command.plan(self.visit, payload)
        must(plan.header is None or len(payload) >= plan.header, Status.LENGTH)
        total = None
        if plan.header is not None and plan.size is not None:
            total = plan.header + self.visit.messaging.body_size(plan.size, plan.mode)
        return self._collect(_Incoming(ins, command, plan, payload, total))

    def _collect(self, incoming: _Incoming) -> Answer:
        if incoming.total is not None:
            must(len(incoming.payload) <= incoming.total, Status.LENGTH)
            if len(incoming.payload) < incoming.total:
                must(incoming.plan.size, Status.LENGTH)
                self._waiting = incoming
                return Status.MORE_FRAMES, b""
        return self._run(incoming)

    def _run(self, incoming: _Incoming) -> Answer:
        visit, plan, payload = self.visit, incoming.plan, incoming.payload
        header_size = plan.header
        if header_size is None:
            header_size = len(payload) - visit.messaging.body_size(0, plan.mode)
            must(header_size >= 0, Status.LENGTH)
        header, data = payload[:header_size], payload[header_size:]
        if incoming.ins != commands_keys.CHANGE_KEY:
            data = visit.messaging.open(incoming.ins, header, data, plan.mode, plan.size)
        reply = incoming.command.run(visit, header, data)
        whole = reply if isinstance(reply, bytes) else b"".join(reply)
        sealed = visit.messaging.seal(whole, plan.reply, size_known=plan.asked)
        if isinstance(reply, list):
            return self._hand_out(_cut(sealed, [len(part) for part in reply[:-1]]))
        size = _LONG_FRAME if incoming.command.long else FRAME_SIZE
        return self._hand_out([sealed[at : at + size] for at in range(0, len(sealed), size)] or [b""])

    def _hand_out(self, frames: list[bytes]) -> Answer:
        first, *rest = frames
        self._waiting = rest or None
        return (Status.MORE_FRAMES if rest else Status.OK), first

    def _authenticate(self, ins: int, data: bytes) -> Answer:
        """Whoever begins to authenticate is no longer authenticated."""
        before, self.visit.messaging = self.visit.messaging, Unprotected()
        must(data, Status.LENGTH)
        key = self.visit.selected.key(data[0])
        must(key.kind in _AUTHENTICATIONS[ins], Status.AUTHENTICATION)
        if ins == 0x71:
            must(len(data) >= 2 and len(data) == 2 + data[1] and data[1] <= 6, Status.LENGTH)
        else:
            must(len(data) == 1, Status.LENGTH)
        if ins == 0x77:
            must(isinstance(before, Ev2Messaging), Status.PERMISSION_DENIED)
            assert isinstance(before, Ev2Messaging)  # noqa: S101  # for the type checker: must() has said so
            talk = handshake.ev2_non_first(data[0], key, self.visit.random, before)
        else:
            talk = _HANDSHAKES[ins](data[0], key, self.visit.random)
        self._waiting = talk
        return Status.MORE_FRAMES, next(talk)

    def _finish_authentication(self, talk: Handshake, data: bytes) -> Answer:
        try:
            talk.send(data)
        except StopIteration as end:
            word, self.visit.messaging = end.value
            return Status.OK, word
        raise AssertionError("A handshake has one answer of the reader")


_HANDSHAKES: Final[dict[int, Callable[..., Handshake]]] = {
    0x0A: handshake.legacy,
    0x1A: handshake.iso,
    0xAA: handshake.iso,
    0x71: handshake.ev2_first,
}


def _cut(data: bytes, sizes: list[int]) -> list[bytes]:
    """The last part has what is left: a MAC goes with it."""
    parts = []
    for size in sizes:
        parts.append(data[:size])
        data = data[size:]
    return [*parts, data]
