"""Head, tail and page: the three tiers of a list (PROTOCOL.md, "Lists")."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from gateway.domain.errors import MalformedError
from gateway.domain.whitelist import Changes, Entry, decode_entries, decode_keys
from gateway.signing.cbor import dumps
from sync.protocol.fields import PROTOCOL_VERSION, Fields

HEAD_LIMIT: Final = 2 * 1024
TAIL_LIMIT: Final = 128 * 1024
PAGE_LIMIT: Final = 17 * 1024
DIGEST_SIZE: Final = 32
MOST_PAGES: Final = 0xFFFF


def changes_of(puts: bytes, drops: bytes) -> Changes:
    """Merged changes from their bytes; raises MalformedError when a key is both put and dropped or comes twice."""
    entries = decode_entries(puts)
    changes = Changes(dict(entries), set(decode_keys(drops)))
    if len(changes.puts) != len(entries) or len(changes.drops) * 8 != len(drops) or changes.puts.keys() & changes.drops:
        raise MalformedError("Merged changes name each credential once.")
    return changes


@dataclass(frozen=True, slots=True)
class BaseRef:
    """Which base a head stands on, and how many pages and entries it has."""

    id: int
    version: int
    pages: int
    count: int


@dataclass(frozen=True, slots=True)
class Window:
    """The newest merged changes: after version ``from_version`` up to the head's."""

    from_version: int
    puts: bytes = b""
    drops: bytes = b""

    def changes(self) -> Changes:
        """Taken apart."""
        return changes_of(self.puts, self.drops)


@dataclass(frozen=True, slots=True)
class Head:
    """What a list is now. Signed; at most 2 KiB with its signature."""

    list: str
    epoch: int
    version: int
    root: bytes
    count: int
    at: int
    fresh_until: int
    base: BaseRef
    window: Window

    def encode(self) -> bytes:
        """Deterministic CBOR."""
        base, window = self.base, self.window
        return dumps(
            {
                "v": PROTOCOL_VERSION,
                "list": self.list,
                "epoch": self.epoch,
                "version": self.version,
                "root": self.root,
                "count": self.count,
                "at": self.at,
                "fresh_until": self.fresh_until,
                "base": {"id": base.id, "version": base.version, "pages": base.pages, "count": base.count},
                "window": {"from": window.from_version, "puts": window.puts, "drops": window.drops},
            }
        )

    @classmethod
    def decode(cls, payload: bytes) -> "Head":
        """Raises MalformedError."""
        f = Fields.of_message(payload, HEAD_LIMIT)
        head = cls(
            f.slug("list"),
            f.uint("epoch"),
            f.uint("version"),
            f.data("root", DIGEST_SIZE),
            f.uint("count"),
            f.uint("at"),
            f.uint("fresh_until"),
            _base(f.map("base")),
            _window(f.map("window")),
        )
        if head.base.version > head.version or head.window.from_version > head.version:
            raise MalformedError("A head's base and window are not newer than the head.")
        return head


def _base(f: Fields) -> BaseRef:
    return BaseRef(f.uint("id"), f.uint("version"), f.uint("pages", MOST_PAGES), f.uint("count"))


def _window(f: Fields) -> Window:
    window = Window(f.uint("from"), f.data("puts"), f.data("drops"))
    window.changes()
    return window


@dataclass(frozen=True, slots=True)
class Tail:
    """Merged changes from the base's version up to ``version``. Unsigned: the head's root proves it."""

    list: str
    epoch: int
    from_version: int
    version: int
    puts: bytes
    drops: bytes

    def encode(self) -> bytes:
        """Deterministic CBOR."""
        fields: dict[str, Any] = {"v": PROTOCOL_VERSION, "list": self.list, "epoch": self.epoch}
        fields |= {"from": self.from_version, "version": self.version, "puts": self.puts, "drops": self.drops}
        return dumps(fields)

    @classmethod
    def decode(cls, payload: bytes) -> "Tail":
        """Raises MalformedError."""
        f = Fields.of_message(payload, TAIL_LIMIT)
        tail = cls(f.slug("list"), f.uint("epoch"), f.uint("from"), f.uint("version"), f.data("puts"), f.data("drops"))
        tail.changes()
        if tail.from_version > tail.version:
            raise MalformedError("A tail runs forward.")
        return tail

    def changes(self) -> Changes:
        """Taken apart."""
        return changes_of(self.puts, self.drops)


@dataclass(frozen=True, slots=True)
class Page:
    """Entries of a base, sorted by key within and across pages. Unsigned: the head's root proves it."""

    list: str
    epoch: int
    base: int
    page: int
    entries: bytes

    def encode(self) -> bytes:
        """Deterministic CBOR."""
        fields: dict[str, Any] = {"v": PROTOCOL_VERSION, "list": self.list, "epoch": self.epoch}
        return dumps(fields | {"base": self.base, "page": self.page, "entries": self.entries})

    @classmethod
    def decode(cls, payload: bytes) -> "Page":
        """Raises MalformedError."""
        f = Fields.of_message(payload, PAGE_LIMIT)
        page = cls(f.slug("list"), f.uint("epoch"), f.uint("base"), f.uint("page", MOST_PAGES), f.data("entries"))
        page.decoded()
        return page

    def decoded(self) -> Sequence[Entry]:
        """The entries, sorted by key; raises MalformedError when they are not."""
        entries = decode_entries(self.entries)
        if any(a.key >= b.key for a, b in pairwise(entries)):
            raise MalformedError("The entries of a page are sorted by key.")
        return entries
