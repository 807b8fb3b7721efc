"""Whitelists: who may enter one area, as every controller holds it.

The byte formats are those of sync/PROTOCOL.md, "Entry" and "Digest".
"""

import hashlib
import struct
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from gateway.domain.errors import MalformedError
from gateway.domain.identity import bucket_of

ENTRY_SIZE: Final = 18
KEY_SIZE: Final = 8
NO_END: Final = 0xFFFF_FFFF
ALWAYS: Final = 0

EXEMPT_FROM_ANTI_PASSBACK: Final = 1
LONGER_OPENING: Final = 2
EXIT_ONLY: Final = 4
_KNOWN_FLAGS: Final = 7

_ENTRY = struct.Struct(">8sIIBB")


class Terms(NamedTuple):
    """When and how a credential is admitted. Unix seconds; ``valid_until`` is the first second it is not."""

    valid_from: int
    valid_until: int
    schedule: int = ALWAYS
    flags: int = 0


class Entry(NamedTuple):
    """One credential on one list: 18 bytes on the wire."""

    key: bytes
    terms: Terms

    def encode(self) -> bytes:
        """The 18 bytes."""
        return _ENTRY.pack(self.key, *self.terms)


def decode_entries(data: bytes) -> list[Entry]:
    """Concatenated 18-byte entries; raises MalformedError for a broken length or unknown flags."""
    if len(data) % ENTRY_SIZE:
        raise MalformedError("%(length)s bytes are no whole number of list entries.", length=len(data))
    entries = [Entry(key, Terms(a, b, c, d)) for key, a, b, c, d in _ENTRY.iter_unpack(data)]
    if any(e.terms.flags & ~_KNOWN_FLAGS for e in entries):
        raise MalformedError("A list entry carries a flag this version does not know.")
    return entries


def decode_keys(data: bytes) -> list[bytes]:
    """Concatenated 8-byte credential keys."""
    if len(data) % KEY_SIZE:
        raise MalformedError("%(length)s bytes are no whole number of credential keys.", length=len(data))
    return [data[i : i + KEY_SIZE] for i in range(0, len(data), KEY_SIZE)]


@dataclass(slots=True)
class Changes:
    """Merged changes: for each key the last word only. Drops are applied before puts."""

    puts: dict[bytes, Terms] = field(default_factory=dict)
    drops: set[bytes] = field(default_factory=set)

    def put(self, key: bytes, terms: Terms) -> None:
        """The credential is on the list with these terms; newest last."""
        self.drops.discard(key)
        self.puts.pop(key, None)
        self.puts[key] = terms

    def drop(self, key: bytes) -> None:
        """The credential is not on the list."""
        self.puts.pop(key, None)
        self.drops.add(key)

    def encode_puts(self) -> bytes:
        """Concatenated entries, oldest change first."""
        return b"".join(Entry(k, t).encode() for k, t in self.puts.items())

    def encode_drops(self) -> bytes:
        """Concatenated keys, sorted."""
        return b"".join(sorted(self.drops))

    def __len__(self) -> int:
        return len(self.puts) + len(self.drops)


class _Bucket:
    """The entries of one bucket, sorted by key and concatenated: what its digest is the hash of."""

    __slots__ = ("data", "digest")

    def __init__(self) -> None:
        self.data = bytearray()
        self.digest: bytes | None = None

    def place(self, key: bytes) -> tuple[int, bool]:
        """Where the key's entry starts or would start, and whether it is there."""
        keys = range(0, len(self.data), ENTRY_SIZE)
        at = bisect_left(keys, key, key=lambda i: bytes(self.data[i : i + KEY_SIZE])) * ENTRY_SIZE
        return at, self.data[at : at + KEY_SIZE] == key


_EMPTY_DIGEST = hashlib.sha256(b"").digest()


class Whitelist:
    """One list in memory: a dictionary to decide by, and 256 sorted buckets to take the root of.

    A change rehashes one bucket. About 300 bytes a credential.
    """

    __slots__ = ("_buckets", "_terms", "epoch", "fresh_until", "version")

    def __init__(self, entries: Iterable[Entry] = (), *, epoch: int = 1, version: int = 0) -> None:
        self.epoch = epoch
        self.version = version
        self.fresh_until: int | None = None
        self._terms: dict[bytes, Terms] = {}
        self._buckets = [_Bucket() for _ in range(256)]
        self._load(entries)

    def _load(self, entries: Iterable[Entry]) -> None:
        interned: dict[Terms, Terms] = {}
        by_bucket: list[list[bytes]] = [[] for _ in range(256)]
        for key, terms in entries:
            if key in self._terms:
                raise MalformedError("A list names one credential twice.")
            self._terms[key] = interned.setdefault(terms, terms)
            by_bucket[bucket_of(key)].append(key)
        for bucket, keys in zip(self._buckets, by_bucket, strict=True):
            keys.sort()
            bucket.data = bytearray().join(Entry(k, self._terms[k]).encode() for k in keys)

    def get(self, key: bytes) -> Terms | None:
        """The terms of a credential, or None when it is not on the list."""
        return self._terms.get(key)

    def __len__(self) -> int:
        return len(self._terms)

    def __contains__(self, key: object) -> bool:
        return key in self._terms

    def __iter__(self) -> Iterator[Entry]:
        """All entries, sorted by key."""
        for key in sorted(self._terms):
            yield Entry(key, self._terms[key])

    def terms(self) -> dict[bytes, Terms]:
        """A copy of what each key means, unsorted, to page or to compare at leisure."""
        return dict(self._terms)

    def put(self, key: bytes, terms: Terms) -> None:
        """Adds or replaces one credential."""
        bucket = self._buckets[bucket_of(key)]
        at, there = bucket.place(key)
        bucket.data[at : at + (ENTRY_SIZE if there else 0)] = Entry(key, terms).encode()
        bucket.digest = None
        self._terms[key] = terms

    def drop(self, key: bytes) -> None:
        """Takes one credential off; nothing happens when it is not there."""
        if self._terms.pop(key, None) is None:
            return
        bucket = self._buckets[bucket_of(key)]
        at, _there = bucket.place(key)
        del bucket.data[at : at + ENTRY_SIZE]
        bucket.digest = None

    def apply(self, changes: Changes) -> None:
        """Drops, then puts. Idempotent: merged changes from any older version lead to the same list."""
        for key in changes.drops:
            self.drop(key)
        for key, terms in changes.puts.items():
            self.put(key, terms)

    def root(self) -> bytes:
        """SHA-256 over the 256 bucket digests: equal roots, equal lists."""
        whole = hashlib.sha256()
        for bucket in self._buckets:
            if bucket.digest is None:
                bucket.digest = hashlib.sha256(bucket.data).digest() if bucket.data else _EMPTY_DIGEST
            whole.update(bucket.digest)
        return whole.digest()

    def copy(self) -> "Whitelist":
        """An independent copy, to try changes on before they are in force."""
        twin = Whitelist(epoch=self.epoch, version=self.version)
        twin.fresh_until = self.fresh_until
        twin._terms = dict(self._terms)
        for mine, theirs in zip(self._buckets, twin._buckets, strict=True):
            theirs.data = bytearray(mine.data)
            theirs.digest = mine.digest
        return twin


def difference(old: Mapping[bytes, Terms], new: Mapping[bytes, Terms]) -> Changes:
    """The changes that lead from one set of entries to another."""
    changes = Changes()
    for key in old.keys() - new.keys():
        changes.drop(key)
    for key, terms in new.items():
        if old.get(key) != terms:
            changes.put(key, terms)
    return changes
