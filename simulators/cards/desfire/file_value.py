"""Value files: a number between two limits, moved by credit and debit."""

from dataclasses import dataclass
from typing import Any

from simulators.cards.desfire.files import BLOCK, File, FileHead, FileType
from simulators.cards.desfire.status import Status, must


@dataclass(slots=True)
class ValueLimits:
    """``refund``: how much LimitedCredit may give back. All are signed 32-bit numbers."""

    lower: int
    upper: int
    refund: int = 0
    refunds_allowed: bool = False
    free_reading: bool = False


@dataclass(slots=True)
class _Pending:
    """``debited``: the sum of this transaction."""

    value: int
    debited: int = 0
    refunded: bool = False


class ValueFile(File):
    """A number between two limits."""

    type = FileType.VALUE

    def __init__(self, head: FileHead, limits: ValueLimits, value: int) -> None:
        super().__init__(head)
        self.limits = limits
        self.value = value
        self._pending: _Pending | None = None

    @property
    def memory(self) -> int:
        """The same for all of them."""
        return BLOCK

    def particulars(self) -> bytes:
        """Limits, what LimitedCredit may give back, and whether it and free GetValue are enabled."""
        numbers = (self.limits.lower, self.limits.upper, self.limits.refund)
        flags = self.limits.refunds_allowed | self.limits.free_reading << 1
        return b"".join(number.to_bytes(4, "little", signed=True) for number in numbers) + bytes([flags])

    def credit(self, amount: int) -> None:
        """BOUNDARY above the upper limit."""
        pending = self._pending or _Pending(self.value)
        must(pending.value + amount <= self.limits.upper, Status.BOUNDARY)
        pending.value += amount
        self._pending = pending

    def debit(self, amount: int) -> None:
        """BOUNDARY below the lower limit."""
        pending = self._pending or _Pending(self.value)
        must(pending.value - amount >= self.limits.lower, Status.BOUNDARY)
        pending.value -= amount
        pending.debited += amount
        self._pending = pending

    def refund(self, amount: int) -> None:
        """LimitedCredit: once, and no more than the last transaction took."""
        must(self.limits.refunds_allowed, Status.PERMISSION_DENIED)
        pending = self._pending or _Pending(self.value)
        must(amount <= self.limits.refund and not pending.refunded, Status.BOUNDARY)
        must(pending.value + amount <= self.limits.upper, Status.BOUNDARY)
        pending.value += amount
        pending.refunded = True
        self._pending = pending

    def commit(self) -> bool:
        """What was debited can be given back by the next transaction."""
        pending, self._pending = self._pending, None
        if pending is None:
            return False
        self.value = pending.value
        if pending.debited or pending.refunded:
            self.limits.refund = pending.debited
        return True

    def abort(self) -> bool:
        """The value stays."""
        pending, self._pending = self._pending, None
        return pending is not None

    def dump(self) -> dict[str, Any]:
        """Value and limits."""
        limits = self.limits
        return {
            "type": self.type.name,
            "head": self.head.dump(),
            "value": self.value,
            "limits": [limits.lower, limits.upper, limits.refund, limits.refunds_allowed, limits.free_reading],
        }
