"""What to publish, as pure functions: windows, tails, pages, and when a base is cut anew."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from gateway.domain.whitelist import ENTRY_SIZE, KEY_SIZE, Changes, Entry, Terms
from sync.protocol.lists import Window

WINDOW_LIMIT: Final = 1024
PAGE_BYTES: Final = 16 * 1024
TAIL_MOST: Final = 32 * 1024
TAIL_FREE: Final = 1024
MASS_REMOVAL_FROM: Final = 100


@dataclass(frozen=True, slots=True)
class Step:
    """The changes from one version of a list to a later one."""

    from_version: int
    version: int
    changes: Changes


def size_of(changes: Changes) -> int:
    """Bytes of the merged changes on the wire."""
    return len(changes.puts) * ENTRY_SIZE + len(changes.drops) * KEY_SIZE


def merge_into(whole: Changes, newer: Changes) -> None:
    """Adds newer changes: for each key the last word wins."""
    for key in newer.drops:
        whole.drop(key)
    for key, terms in newer.puts.items():
        whole.put(key, terms)


def window_of(history: Sequence[Step], version: int) -> Window:
    """The newest merged changes up to ``version`` that fit into 1,024 bytes; empty when the newest alone does not."""
    chosen: list[Changes] = []
    from_version = version
    keys: set[bytes] = set()
    size = 0
    for step in reversed(history):
        if step.version != from_version:
            break
        puts, drops = step.changes.puts.keys() - keys, step.changes.drops - keys
        size += len(puts) * ENTRY_SIZE + len(drops) * KEY_SIZE
        if size > WINDOW_LIMIT:
            break
        keys |= puts | drops
        chosen.append(step.changes)
        from_version = step.from_version
    merged = Changes()
    for changes in reversed(chosen):
        merge_into(merged, changes)
    return Window(from_version, merged.encode_puts(), merged.encode_drops())


def base_is_due(tail: Changes, base_count: int) -> bool:
    """Whether the tail has outgrown its base: over 32 KiB, or over a quarter of it and worth a page."""
    size = size_of(tail)
    return size > TAIL_MOST or size > max(TAIL_FREE, base_count * ENTRY_SIZE // 4)


def is_mass_removal(drops: int, count_before: int) -> bool:
    """Whether a change takes more than a tenth off a list of 100 or more, which waits for a person."""
    return count_before >= MASS_REMOVAL_FROM and drops * 10 > count_before


def paged(entries: bytes, page_bytes: int = PAGE_BYTES) -> list[bytes]:
    """Sorted, concatenated entries cut into pages of whole entries."""
    step = page_bytes // ENTRY_SIZE * ENTRY_SIZE
    return [entries[at : at + step] for at in range(0, len(entries), step)]


def sorted_in_slices(terms: dict[bytes, Terms], slice_size: int = 1000) -> Iterator[bytes]:
    """All entries sorted by key, encoded, in many small steps: each yield is a place to let others run.

    Keys are spread by their first two bytes (identity, first byte of the hash), so no step sorts many.
    """
    parts: dict[bytes, list[bytes]] = {}
    for number, key in enumerate(terms):
        parts.setdefault(key[:2], []).append(key)
        if number % slice_size == 0:
            yield b""
    ready: list[bytes] = []
    for prefix in sorted(parts):
        ready += sorted(parts[prefix])
        while len(ready) >= slice_size:
            yield encode_entries(Entry(key, terms[key]) for key in ready[:slice_size])
            del ready[:slice_size]
    yield encode_entries(Entry(key, terms[key]) for key in ready)


def encode_entries(entries: Iterable[Entry]) -> bytes:
    """Concatenated 18-byte entries."""
    return b"".join(entry.encode() for entry in entries)
