"""Whether a command may still be obeyed: only in this boot, within its ten seconds, and once."""

from collections.abc import Collection

from sync.protocol.controllers import COMMAND_LIFE_S, Command, CommandKind, ReplyResult


class CommandGate:
    """Remembers the highest counter of this boot."""

    def __init__(self, boot: str) -> None:
        self._boot = boot
        self._counter = 0

    def judge(self, command: Command, portals: Collection[str], now: int) -> tuple[ReplyResult, str | None]:
        """DONE when it may be carried out now (and never again); else the refusal and why."""
        if command.boot != self._boot:
            return ReplyResult.REFUSED, "meant for another boot"
        if not command.at - COMMAND_LIFE_S <= now < command.expires_at:
            return ReplyResult.EXPIRED, None
        if command.counter <= self._counter:
            return ReplyResult.REPEATED, None
        self._counter = command.counter
        if command.kind is not CommandKind.RESYNC and command.portal not in portals:
            return ReplyResult.REFUSED, "no such portal"
        return ReplyResult.DONE, None
