"""What the publisher knows of one list: what was published, what changed since, which base it stands on."""

from collections import deque
from collections.abc import Mapping
from typing import Final

from gateway.domain.whitelist import Changes
from gateway.ports import ListBatch
from sync.protocol.lists import BaseRef, Head
from sync.protocol.planning import Step, merge_into

# Steps that could fit into one window: its 1,024 bytes hold 128 drops.
_HISTORY: Final = 128


class ListTrack:
    """Follows one list's batches. ``(epoch, version)`` is how far they have been heard."""

    def __init__(self, name: str, epoch: int, version: int) -> None:
        self.name = name
        self.epoch = epoch
        self.version = version
        self.history: deque[Step] = deque(maxlen=_HISTORY)
        self.base: BaseRef | None = None
        self.page_digests: Mapping[str, bytes] = {}
        self.tail = Changes()
        self.published: Head | None = None
        self.unpublished = Changes()
        self.confirmed = 0
        self.cutting = False
        self.last_base_id = 0
        self._since_snapshot = Changes()

    def note(self, batch: ListBatch) -> None:
        """A batch became durable. One that does not follow the last starts the list over with a new base."""
        if (batch.epoch, batch.version) <= (self.epoch, self.version):
            return
        if batch.epoch != self.epoch or batch.from_version != self.version:
            self.start_over(batch.epoch, batch.version)
            return
        self.version = batch.version
        self.history.append(Step(batch.from_version, batch.version, batch.changes))
        for whole in (self.tail, self.unpublished, self._since_snapshot):
            merge_into(whole, batch.changes)

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
        self.unpublished = Changes()
