"""What the publisher knows of one list: what was published, what changed since, which base it stands on."""

from collections import deque
from collections.abc import Mapping
from typing import Final

from gateway.domain.whitelist import Changes, Terms, Whitelist
from gateway.ports import ListBatch
from sync.protocol.lists import BaseRef, Head
from sync.protocol.planning import Step, merge_into

# Steps that could fit into one window: its 1,024 bytes hold 128 drops.
_HISTORY: Final = 128


class ListTrack:
    """Follows one list's batches. ``(epoch, version)`` is how far they have been heard.

    ``shown`` is what gates are to hold while a mass removal waits: the list and the entries ``withheld``.
    ``blocked``: the list lost many while nobody looked, and which is not known: nothing new is said of it.
    ``turns`` rises whenever what gates are to hold becomes another list than a base under way was cut from.
    """

    def __init__(self, name: str, epoch: int, version: int) -> None:
        self.name = name
        self.epoch = epoch
        self.version = version
        self.history: deque[Step] = deque(maxlen=_HISTORY)
        self.base: BaseRef | None = None
        self.page_digests: Mapping[str, bytes] = {}
        self.tail = Changes()
        self.published: Head | None = None
        self.shown: Whitelist | None = None
        self.withheld: dict[bytes, Terms] = {}
        self.withheld_since = 0
        self.blocked = False
        self.turns = 0
        self.cutting = False
        self.last_base_id = 0
        self._since_snapshot = Changes()

    def follows(self, batch: ListBatch) -> bool:
        """Whether the batch begins where the last one ended."""
        return (batch.epoch, batch.from_version) == (self.epoch, self.version) and batch.version > self.version

    def note(self, batch: ListBatch) -> None:
        """A batch became durable. One that does not follow the last starts the list over with a new base."""
        if self.follows(batch):
            self._go_on(batch.version, batch.changes)
        elif (batch.epoch, batch.version) > (self.epoch, self.version):
            self._end_withholding()
            self.start_over(batch.epoch, batch.version)

    def _go_on(self, version: int, changes: Changes) -> None:
        self.history.append(Step(self.version, version, changes))
        self.version = version
        for whole in (self.tail, self._since_snapshot):
            merge_into(whole, changes)
        if self.shown is not None:
            self.shown.apply(changes)
            self.shown.version = version
            for key in changes.puts:
                self.withheld.pop(key, None)

    # --- a mass removal that waits for a person ---

    def withhold(self, batch: ListBatch, whitelist: Whitelist) -> None:
        """Notes a batch without its removals: gates keep these entries, and follow all that comes later.

        ``whitelist``: the list as it is after the batch.
        """
        if self.shown is None:
            self.show(whitelist, batch.removed, batch.version)
        self.withheld |= batch.removed
        self._go_on(batch.version, Changes(dict(batch.changes.puts)))

    def show(self, whitelist: Whitelist, withheld: Mapping[bytes, Terms], since: int) -> None:
        """Gates are to hold the list and these entries beside, removed in version ``since``."""
        self.withheld, self.withheld_since = dict(withheld), since
        self.shown = whitelist.copy()
        self.shown.apply(Changes(self.withheld))
        self.turns += 1

    def release(self) -> None:
        """A person confirmed: the entries withheld go.

        Where the version was already used for a list that still had them, only another base leads gates on.
        """
        drops = Changes(drops=set(self.withheld))
        used = [self.base and self.base.version, self.published and self.published.version]
        self._end_withholding()
        if self.version in used:
            self.start_over(self.epoch, self.version)
        else:
            self._go_on(self.version, drops)

    def _end_withholding(self) -> None:
        self.shown, self.withheld, self.blocked = None, {}, False
        self.turns += 1

    def start_over(self, epoch: int, version: int) -> None:
        """Nothing is known of how this version came about: only a new base leads to it."""
        self.epoch, self.version = epoch, version
        self.history.clear()
        self.base = None
        self.tail = Changes()

    def begin_cut(self, now: int) -> int:
        """From here on changes are kept apart for the tail of the new base; returns the base's id."""
        self.cutting = True
        self._since_snapshot = Changes()
        self.last_base_id = max(self.last_base_id + 1, now)
        return self.last_base_id

    def end_cut(self, base: BaseRef, page_digests: Mapping[str, bytes]) -> None:
        """The new base is on the broker."""
        self.base, self.page_digests = base, page_digests
        self.tail, self._since_snapshot = self._since_snapshot, Changes()

    def went_out(self, head: Head) -> None:
        """This head was sent."""
        self.published = head
