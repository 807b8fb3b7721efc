"""A list's life as the gateway would publish it: every head, tail and page of every version."""

from gateway.domain.whitelist import NO_END, Changes, Terms, Whitelist
from sync.protocol.lists import BaseRef, Head, Page, Tail
from sync.protocol.planning import Step, encode_entries, merge_into, paged, window_of

NAME = "residents"


def key(number: int) -> bytes:
    return b"\x01" + number.to_bytes(7)


class History:
    """Publishes a list version by version; ``page_bytes`` small makes many pages of few entries."""

    def __init__(self, epoch: int = 1, page_bytes: int = 18 * 4) -> None:
        self.epoch = epoch
        self.page_bytes = page_bytes
        self.list = Whitelist(epoch=epoch)
        self.heads: dict[int, Head] = {}
        self.tails: dict[int, Tail] = {}
        self.pages: dict[tuple[int, int], Page] = {}
        self.roots: dict[int, bytes] = {}
        self.steps: list[Step] = []
        self.base = BaseRef(0, 0, 0, 0)
        self.since = Changes()
        self.cut()

    def cut(self) -> None:
        """A new base at the present version."""
        pages = paged(encode_entries(self.list), self.page_bytes)
        self.base = BaseRef(self.base.id + 1, self.list.version, len(pages), len(self.list))
        for number, entries in enumerate(pages):
            self.pages[self.base.id, number] = Page(NAME, self.epoch, self.base.id, number, entries)
        self.since = Changes()
        self.publish()

    def change(self, puts: dict[int, int], drops: set[int]) -> None:
        """One version more; ``puts`` maps card numbers to their schedules."""
        changes = Changes()
        for number in drops:
            changes.drop(key(number))
        for number, schedule in puts.items():
            changes.put(key(number), Terms(0, NO_END, schedule))
        before = self.list.version
        self.list.apply(changes)
        self.list.version = before + 1
        self.steps.append(Step(before, before + 1, changes))
        merge_into(self.since, changes)
        self.publish()

    def publish(self) -> None:
        version, root = self.list.version, self.list.root()
        window = window_of(self.steps, version)
        self.roots[version] = root
        self.heads[version] = Head(NAME, self.epoch, version, root, len(self.list), 0, 1000, self.base, window)
        puts, drops = self.since.encode_puts(), self.since.encode_drops()
        self.tails[version] = Tail(NAME, self.epoch, self.base.version, version, puts, drops)

    @property
    def head(self) -> Head:
        return self.heads[self.list.version]

    @property
    def tail(self) -> Tail:
        return self.tails[self.list.version]
