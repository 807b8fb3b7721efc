"""Versions that take too many entries off a list: the gates keep those until a person confirmed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gateway.domain.whitelist import Whitelist
from gateway.ports import ListBatch, WhitelistSource
from sync.protocol.lists import Head
from sync.protocol.planning import is_mass_removal
from sync.read_back import ReadBack
from sync.tracking import ListTrack

Alarm = Callable[[str, Mapping[str, object]], None]


@dataclass(frozen=True, slots=True)
class Held:
    """A mass removal that waits for a person: in which version it was, or 1 when that is not known."""

    list: str
    version: int
    removals: int
    count_before: int


class MassRemovals:
    """Judges each batch before a track takes it in, and each list that changed while the gateway was down."""

    def __init__(self, source: WhitelistSource, alarm: Alarm) -> None:
        self._source = source
        self._alarm = alarm

    def note(self, track: ListTrack, batch: ListBatch) -> None:
        """A version that takes too many off is withheld from the gates; what comes after it is not."""
        before, whitelist = track.published, self._source.lists().get(batch.list)
        follows = track.follows(batch)
        if before is None or whitelist is None:
            track.note(batch)
        elif follows and is_mass_removal(len(batch.removed), before.count):
            track.withhold(batch, whitelist)
            self._tell_held(track, len(batch.removed), before.count)
        else:
            track.note(batch)
            if not follows:
                self._block(track, before, whitelist)

    def _block(self, track: ListTrack, before: Head, whitelist: Whitelist) -> None:
        """How the list came about is not known, only how long it was."""
        removals = before.count - len(whitelist)
        if is_mass_removal(removals, before.count):
            track.blocked = True
            self._tell_held(track, removals, before.count)

    def _tell_held(self, track: ListTrack, removals: int, count: int) -> None:
        self._alarm("mass_removal_held", {"list": track.name, "removals": removals, "count": count})

    def compare(self, track: ListTrack, head: Head, found: ReadBack) -> None:
        """A list that lost many while we were down: what gates hold is read back, so that they keep it and follow."""
        whitelist = self._source.lists()[track.name]
        if not is_mass_removal(head.count - len(whitelist), head.count):
            return
        old = found.list_of(head)
        if old is None:
            self._block(track, head, whitelist)
            return
        gone = {key: terms for key, terms in old.terms().items() if key not in whitelist}
        track.show(whitelist, gone, 1)
        self._tell_held(track, len(gone), head.count)

    def held(self, track: ListTrack) -> Held | None:
        """What of a list waits now."""
        whitelist, before = self._source.lists().get(track.name), track.published
        if whitelist is None or before is None:
            return None
        if track.shown is not None:
            return Held(track.name, track.withheld_since, len(track.withheld), len(track.shown))
        return Held(track.name, 1, before.count - len(whitelist), before.count) if track.blocked else None
