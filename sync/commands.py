"""Commands to controllers: signed for one boot of one controller, answered within ten seconds or lost."""

import asyncio
from collections.abc import Callable
from typing import Final

from gateway.ports import CommandResult, DeviceOfflineError, DeviceRefusedError
from gateway.signing.keys import SigningKey
from sync.clock import Clock
from sync.protocol.controllers import COMMAND_LIFE_S, Command, CommandKind, Reply
from sync.protocol.signed import seal
from sync.protocol.topics import Kind, Topics
from sync.wire import Wire

_ANSWERS: Final = {str(result): result for result in CommandResult}


class Commands:
    """Sends commands and waits for their replies."""

    def __init__(
        self,
        topics: Topics,
        wire: Wire,
        *,
        signer: Callable[[], SigningKey],
        clock: Clock,
        new_id: Callable[[], str],
        boot_of: Callable[[str], str | None],
    ) -> None:
        """``boot_of`` tells the boot of a controller that is online, None for any other."""
        self._topics = topics
        self._wire = wire
        self._signer = signer
        self._clock = clock
        self._new_id = new_id
        self._boot_of = boot_of
        self._counter = 0
        self._waiting: dict[tuple[str, str], asyncio.Future[CommandResult]] = {}

    async def send(self, controller: str, kind: str, portal: str | None, by: str) -> CommandResult:
        """UNDELIVERED when it was never sent; UNANSWERED when nobody knows. Either way the command is dead by then."""
        boot = self._boot_of(controller)
        if boot is None:
            return CommandResult.UNDELIVERED
        command = self._make(CommandKind(kind), portal, boot, by)
        topic = self._topics.of_controller(Kind.COMMANDS, controller)
        answer: asyncio.Future[CommandResult] = asyncio.get_running_loop().create_future()
        self._waiting[controller, command.id] = answer
        try:
            published = self._wire.publish(topic, seal(topic, command.encode(), self._signer()))
            if not await _arrived(published):
                return CommandResult.UNDELIVERED
            return await self._answer(answer)
        finally:
            del self._waiting[controller, command.id]

    async def _answer(self, answer: asyncio.Future[CommandResult]) -> CommandResult:
        late = asyncio.ensure_future(self._clock.sleep(COMMAND_LIFE_S))
        try:
            await asyncio.wait((answer, late), return_when=asyncio.FIRST_COMPLETED)
        finally:
            late.cancel()
        return answer.result() if answer.done() else CommandResult.UNANSWERED

    def _make(self, kind: CommandKind, portal: str | None, boot: str, by: str) -> Command:
        now = self._clock.wall()
        # rises over restarts of the gateway too, without being stored
        self._counter = max(self._counter + 1, now * 1000)
        return Command(self._new_id(), kind, portal, boot, self._counter, now, now + COMMAND_LIFE_S, by)

    def replied(self, controller: str, reply: Reply) -> None:
        """A controller answered; an answer nobody waits for is dropped."""
        answer = self._waiting.get((controller, reply.id))
        if answer is not None and not answer.done():
            answer.set_result(_ANSWERS[reply.result])


async def _arrived(published: asyncio.Future[None]) -> bool:
    """Whether the broker may have the command: a word of it that is lost leaves that open."""
    sent = not published.done()
    try:
        await published
    except DeviceRefusedError:
        return False
    except DeviceOfflineError:
        return sent
    return True
