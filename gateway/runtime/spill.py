"""The emergency file: records that must be durable while the store is not.

A file of fixed size, allocated when the disk was not yet full. Line: eight hexadecimal digits of the CRC-32
of the rest, a space, JSON, a newline; a NUL ends the file's content. A torn line fails its checksum and
ends the reading, so what was never acknowledged is never read.
"""

import json
import os
import threading
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from gateway.domain.errors import StoreFullError
from gateway.runtime.records import Record
from gateway.storage import crash

crash.register("spill.written", "spill.synced")

SIZE: Final = 8 * 1024 * 1024


class Spill:
    """One file, used by several threads. Every error of the disk comes as OSError or StoreFullError."""

    def __init__(self, path: Path, size: int = SIZE) -> None:
        self.path = path
        self._size = size
        self._lock = threading.Lock()
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.posix_fallocate(self._handle, 0, size)
        lines = list(_lines(os.pread(self._handle, size, 0)))
        self._end = sum(map(len, lines))
        self.left_over = [_parse(line) for line in lines]
        self._waiting = {record.id for _after, record in self.left_over}

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, record: Record, after_seq: int) -> None:
        """Makes the record durable. ``after_seq``: it is in the journal, if at all, behind this record."""
        self.add_all([record], after_seq)

    def add_all(self, records: Sequence[Record], after_seq: int) -> None:
        """The same for several, all or none, with one wait for the disk."""
        lines = b"".join(_line(record, after_seq) for record in records)
        with self._lock:
            if self._end + len(lines) >= self._size:
                raise StoreFullError("The emergency file %(path)s is full.", path=str(self.path))
            os.pwrite(self._handle, lines + b"\0", self._end)
            crash.crashpoint("spill.written")
            os.fdatasync(self._handle)
            crash.crashpoint("spill.synced")
            self._end += len(lines)
            self._waiting.update(record.id for record in records)

    def settle(self, ids: Iterable[tuple[str, int]]) -> None:
        """These records are in the journal; empties the file when all are."""
        if not self._waiting:
            return
        with self._lock:
            self._waiting.difference_update(ids)
            if not self._waiting and self._end:
                os.pwrite(self._handle, b"\0", 0)
                os.fdatasync(self._handle)
                self._end = 0

    def close(self) -> None:
        """Closes the file; its content stays."""
        os.close(self._handle)


def _line(record: Record, after_seq: int) -> bytes:
    text = json.dumps({"after": after_seq, **asdict(record)}, separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def _lines(content: bytes) -> Iterator[bytes]:
    for line in content[: content.find(b"\0")].splitlines(keepends=True):
        if not line.endswith(b"\n") or line[:8] != b"%08x" % zlib.crc32(line[9:-1]):
            return
        yield line


def _parse(line: bytes) -> tuple[int, Record]:
    fields = json.loads(line[9:])
    after: int = fields.pop("after")
    return after, Record(**fields)
