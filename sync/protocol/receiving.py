"""What a controller does with heads, tails and pages, without a wire or a clock (PROTOCOL.md, "Reading a list").

The machine says which topics it wants to read (:attr:`ListReceiver.needs`); the caller subscribes to them,
hands in what arrives, and puts every list that comes out in force. ``needs`` carry the number of
the attempt: a need that is new, though of the same topic, is subscribed to again, so that the broker
sends its retained message once more.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gateway.domain.errors import MalformedError
from gateway.domain.whitelist import Changes, Entry, Whitelist
from sync.protocol.lists import BaseRef, Head, Page, Tail

PAGES_AT_ONCE: Final = 8


class Report(StrEnum):
    """What a controller tells the gateway about a list."""

    ROLLBACK_REFUSED = "rollback_refused"
    DIGEST_MISMATCH = "digest_mismatch"
    OVER_CAPACITY = "over_capacity"


@dataclass(frozen=True, slots=True)
class Need:
    """A topic to be subscribed to: a page of a base, or the tail when ``page`` is None."""

    attempt: int
    base: int = 0
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a message: a list to put in force, word that the held one is fresh, things to report.

    ``changes`` lead from the list held before to ``commit``; None when it was read from the base.
    """

    commit: Whitelist | None = None
    changes: Changes | None = None
    fresh: bool = False
    reports: tuple[Report, ...] = ()


_NOTHING: Final = Outcome()


class ListReceiver:
    """Follows one list. ``held`` is None as long as the controller never had one."""

    def __init__(self, held: Whitelist | None = None, *, capacity: int = 1_000_000) -> None:
        self.held = held
        self.head: Head | None = None
        self._capacity = capacity
        self._attempt = 0
        self._reading = False  # the head cannot be reached by its window alone
        self._whole = False  # read from the base, whatever is held
        self._mismatches = 0
        self._base: BaseRef | None = None
        self._pages: dict[int, Page] = {}
        self._tail: Tail | None = None
        self._refused: set[tuple[int, int]] = set()

    @property
    def needs(self) -> frozenset[Need]:
        """What is to be read now; empty when the list is as new as its head."""
        if not self._reading or self.head is None:
            return frozenset()
        needs = {Need(self._attempt)}
        if self._whole:
            base = self.head.base
            missing = [number for number in range(base.pages) if number not in self._pages]
            needs |= {Need(self._attempt, base.id, number) for number in missing[:PAGES_AT_ONCE]}
        return frozenset(needs)

    def on_head(self, head: Head) -> Outcome:
        """A head whose signature was verified."""
        new, newest = (head.epoch, head.version), self._newest()
        if new < newest:
            return self._refuse(new)
        held = self.held
        if held is not None and new == (held.epoch, held.version) and head.root == held.root():
            self._settle(head)
            return Outcome(fresh=True)
        if self._base != head.base or new > newest:
            self._mismatches = 0
        elif not self._reading and self.head is not None:
            return _NOTHING  # a head that led to a mismatch twice: only a newer one, or another base, helps
        self._take(head)
        return self._advance()

    def on_tail(self, tail: Tail) -> Outcome:
        """A tail of the list; one that is newer than the head waits for its head."""
        if not self._reading or not self._is_newer_tail(tail):
            return _NOTHING
        self._tail = tail
        return self._advance()

    def on_page(self, page: Page) -> Outcome:
        """A page of the base."""
        base = self._base
        if not (self._reading and self._whole and base and self.head):
            return _NOTHING
        if page.base != base.id or page.page >= base.pages or page.epoch != self.head.epoch:
            return _NOTHING
        self._pages[page.page] = page
        return self._advance()

    def read_again(self) -> None:
        """Nothing came for a while: ask the broker for what is still missing once more."""
        if self._reading:
            self._attempt += 1

    def _newest(self) -> tuple[int, int]:
        held = (self.held.epoch, self.held.version) if self.held is not None else (0, 0)
        return max(held, (self.head.epoch, self.head.version)) if self.head is not None else held

    def _refuse(self, old: tuple[int, int]) -> Outcome:
        if old in self._refused:
            return _NOTHING
        if len(self._refused) > 1000:
            self._refused.clear()
        self._refused.add(old)
        return Outcome(reports=(Report.ROLLBACK_REFUSED,))

    def _take(self, head: Head) -> None:
        if self._base != head.base or (self.head is not None and self.head.epoch != head.epoch):
            self._pages.clear()
        self.head, self._base = head, head.base
        held = self.held
        if held is None or held.epoch != head.epoch or held.version >= head.version:
            self._whole = True  # nothing held leads there, or what is held has the right version and the wrong root
        if not self._reading:
            self._attempt += 1
        self._reading = True

    def _settle(self, head: Head) -> None:
        self.head, self._base = head, head.base
        self._reading = self._whole = False
        self._mismatches = 0
        self._pages.clear()
        self._tail = None

    def _is_newer_tail(self, tail: Tail) -> bool:
        kept = self._tail
        return kept is None or (tail.epoch, tail.version) >= (kept.epoch, kept.version)

    def _advance(self) -> Outcome:
        """Tries to reach the head with what has arrived."""
        head = self.head
        if head is None:
            return _NOTHING
        if max(head.count, head.base.count) > self._capacity:
            self._reading = False
            return Outcome(reports=(Report.OVER_CAPACITY,))
        held = self.held
        if held is None or self._is_too_old(held, head):
            self._whole = True
        changes = self._changes_from(head.base.version if self._whole or held is None else held.version, head)
        if changes is None:
            return _NOTHING
        candidate = self._base_list(head) if self._whole or held is None else held.copy()
        if candidate is None:
            return _NOTHING
        candidate.apply(changes)
        return self._finish(candidate, None if self._whole else changes, head)

    def _base_list(self, head: Head) -> Whitelist | None:
        """The base, when all of its pages have come."""
        if len(self._pages) < head.base.pages:
            return None
        entries: list[Entry] = []
        for number in range(head.base.pages):
            entries += self._pages[number].decoded()
        try:
            return Whitelist(entries, epoch=head.epoch)
        except MalformedError:  # a key on two pages; whatever the head says, this is not it
            return Whitelist(epoch=head.epoch)

    def _changes_from(self, version: int, head: Head) -> Changes | None:
        """Changes that lead from ``version`` to the head: none, its window, or the tail when it has come."""
        if version == head.version:
            return Changes()
        if head.window.from_version <= version:
            return head.window.changes()
        tail = self._tail
        if tail and (tail.epoch, tail.version) == (head.epoch, head.version) and tail.from_version <= version:
            return tail.changes()
        return None

    def _is_too_old(self, held: Whitelist, head: Head) -> bool:
        """Whether even the tail starts later than what is held: only the base helps."""
        return held.version < head.base.version and held.version < head.window.from_version

    def _finish(self, candidate: Whitelist, changes: Changes | None, head: Head) -> Outcome:
        if candidate.root() != head.root or len(candidate) != head.count:
            return self._mismatch()
        candidate.epoch, candidate.version = head.epoch, head.version
        candidate.fresh_until = head.fresh_until
        self.held = candidate
        self._settle(head)
        return Outcome(commit=candidate, changes=changes, fresh=True)

    def _mismatch(self) -> Outcome:
        self._mismatches += 1
        self._pages.clear()
        self._tail = None
        self._whole = True
        self._attempt += 1
        if self._mismatches < 2:
            return _NOTHING
        self._reading = False
        return Outcome(reports=(Report.DIGEST_MISMATCH,))
