"""A controller's events: numbered, on disk before they are sent, kept until the gateway has them.

The file is a run of records: length (4 bytes, big endian), CRC-32 of what follows, CBOR ``{n, boot, event}``.
A torn last record ends it. Numbers are never used twice: the file's first record, made at each
rewriting, says what the next number is.
"""

import os
import struct
import zlib
from collections import deque
from collections.abc import Iterator
from itertools import islice, takewhile
from pathlib import Path
from typing import Final, NamedTuple

from gateway.domain.errors import MalformedError
from gateway.signing.cbor import dumps, loads
from sync.controller_store import write_atomically
from sync.protocol.controllers import Event, Events
from sync.protocol.fields import Fields

CAPACITY: Final = 10_000
_PREFIX: Final = struct.Struct(">II")
_REWRITE_AFTER: Final = 4096
_BATCH: Final = 100


class Numbered(NamedTuple):
    """An event with its number and the boot it happened in."""

    number: int
    boot: str
    event: Event


class EventBuffer:
    """At most ``capacity`` events; the oldest make room, and one ``overflow`` event in their place says which."""

    def __init__(self, path: Path, boot: str, capacity: int = CAPACITY) -> None:
        self._path = path
        self._boot = boot
        self._capacity = capacity
        self._kept: deque[Numbered] = deque()
        self._unwritten: list[Numbered] = []
        self._acknowledged_in_file = 0
        self.next_number = 1
        self._load()
        self._durable_to = self.next_number - 1

    def _load(self) -> None:
        data = self._path.read_bytes() if self._path.exists() else b""
        for fields in _records(data):
            if "next" in fields:
                self.next_number = fields.uint("next")
                continue
            number = fields.uint("n")
            if self._kept and number <= self._kept[-1].number:
                continue  # written again after a rewriting that already had it
            self._kept.append(Numbered(number, fields.text("boot"), Event.from_fields(fields.map("event"))))
            self.next_number = max(self.next_number, number + 1)
        while len(self._kept) > self._capacity:
            self._make_room(self._kept[-1].event.at)
        self.rewrite()

    def __len__(self) -> int:
        return len(self._kept)

    def add(self, event: Event) -> int:
        """Numbers an event; it is sent once :meth:`write` has made it durable."""
        numbered = Numbered(self.next_number, self._boot, event)
        self.next_number += 1
        self._kept.append(numbered)
        self._unwritten.append(numbered)
        if len(self._kept) > self._capacity:
            self._make_room(event.at)
        return numbered.number

    def _make_room(self, at: int) -> None:
        first, second = self._kept.popleft(), self._kept.popleft()
        lost_from = first.number
        if first.event.kind == "overflow" and first.event.detail is not None:
            lost_from = int(first.event.detail.split("-")[0])
        event = Event(at, None, "overflow", detail=f"{lost_from}-{second.number}")
        self._kept.appendleft(Numbered(second.number, self._boot, event))

    def take_unwritten(self) -> list[Numbered]:
        """What :meth:`write` is to make durable next."""
        unwritten, self._unwritten = self._unwritten, []
        return unwritten

    def write(self, events: list[Numbered]) -> None:
        """Appends and syncs; may run in another thread, one at a time."""
        with self._path.open("ab") as file:
            file.write(b"".join(_record(numbered) for numbered in events))
            file.flush()
            os.fsync(file.fileno())

    def written(self, events: list[Numbered]) -> None:
        """These are durable now and may be sent."""
        self._durable_to = max(self._durable_to, events[-1].number)

    def acknowledge(self, upto: int) -> bool:
        """The gateway has these; True when the file is worth a :meth:`rewrite`, by whoever calls :meth:`write`."""
        while self._kept and self._kept[0].number <= min(upto, self._durable_to):
            self._kept.popleft()
            self._acknowledged_in_file += 1
        return self._acknowledged_in_file >= _REWRITE_AFTER

    def rewrite(self) -> None:
        """Writes the file anew with what is still wanted."""
        head = _frame(dumps({"next": self.next_number}))
        write_atomically(self._path, head + b"".join(_record(numbered) for numbered in self._kept))
        self._acknowledged_in_file = 0

    def batch(self, after: int) -> Events | None:
        """The next durable events with numbers above ``after``, all of one boot and in one run."""
        ready = (e for e in self._kept if after < e.number <= self._durable_to)
        first = next(ready, None)
        if first is None:
            return None
        run = takewhile(
            lambda pair: pair[1].boot == first.boot and pair[1].number == first.number + 1 + pair[0], enumerate(ready)
        )
        events = [first.event, *(numbered.event for _i, numbered in islice(run, _BATCH - 1))]
        return Events(first.boot, first.number, events)


def _record(numbered: Numbered) -> bytes:
    return _frame(dumps({"n": numbered.number, "boot": numbered.boot, "event": numbered.event.to_map()}))


def _frame(body: bytes) -> bytes:
    return _PREFIX.pack(len(body), zlib.crc32(body)) + body


def _records(data: bytes) -> Iterator[Fields]:
    at = 0
    while at + _PREFIX.size <= len(data):
        length, check = _PREFIX.unpack_from(data, at)
        body = data[at + _PREFIX.size : at + _PREFIX.size + length]
        if len(body) != length or zlib.crc32(body) != check:
            return
        try:
            yield Fields(loads(body))
        except MalformedError:
            return
        at += _PREFIX.size + length
