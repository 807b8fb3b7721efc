"""A controller's lists: a receiver for each, and the topics they want to read."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from gateway.ports import HeldList
from gateway.signing.keys import PublicKey
from sync.controller_store import ControllerStore
from sync.protocol.lists import HEAD_LIMIT, Head, Page, Tail
from sync.protocol.receiving import ListReceiver, Outcome
from sync.protocol.signed import unseal
from sync.protocol.topics import Address, Kind, Topics

if TYPE_CHECKING:
    from gateway.domain.whitelist import Whitelist


class HeldLists:
    """The lists in force, for deciding, and what is being read beside them."""

    def __init__(self, topics: Topics, store: ControllerStore, capacity: int, clock: Callable[[], int]) -> None:
        """``clock`` gives unix seconds."""
        self._topics = topics
        self._store = store
        self._capacity = capacity
        self._clock = clock
        self._receivers: dict[str, ListReceiver] = {}
        self._applied_at: dict[str, int] = {}
        self.in_force: dict[str, Whitelist] = {}

    def honour(self, names: frozenset[str]) -> None:
        """From now on exactly these lists count; the others are let go of."""
        for name in self._receivers.keys() - names:
            del self._receivers[name]
            self.in_force.pop(name, None)
        for name in names - self._receivers.keys():
            held = self._store.load_list(name)
            self._receivers[name] = ListReceiver(held, capacity=self._capacity)
            if held is not None:
                self.in_force[name] = held
                self._applied_at[name] = self._clock()

    def take(self, address: Address, topic: str, payload: bytes, keys: Mapping[bytes, PublicKey]) -> Outcome | None:
        """A head, tail or page; raises the errors of reading and of signatures. None for a list not honoured."""
        receiver = self._receivers.get(address.name)
        if receiver is None or not payload:
            return None
        outcome = self._hand_in(receiver, address, topic, payload, keys)
        if outcome.commit is not None:
            self.in_force[address.name] = outcome.commit
            self._applied_at[address.name] = self._clock()
        return outcome

    @staticmethod
    def _hand_in(
        receiver: ListReceiver, address: Address, topic: str, payload: bytes, keys: Mapping[bytes, PublicKey]
    ) -> Outcome:
        if address.kind is Kind.TAIL:
            tail = Tail.decode(payload)
            return receiver.on_tail(tail) if tail.list == address.name else Outcome()
        if address.kind is Kind.PAGE:
            page = Page.decode(payload)
            placed = (page.list, page.base, page.page) == (address.name, address.base, address.page)
            return receiver.on_page(page) if placed else Outcome()
        head = Head.decode(unseal(topic, payload, keys, HEAD_LIMIT))
        if head.list != address.name:
            return Outcome()
        outcome = receiver.on_head(head)
        if outcome.fresh and receiver.held is not None:
            receiver.held.fresh_until = max(receiver.held.fresh_until or 0, head.fresh_until)
        return outcome

    def wanted(self) -> dict[str, int]:
        """Topics to be subscribed to, each with the number of its attempt: another number, subscribe again."""
        wanted: dict[str, int] = {}
        for name, receiver in self._receivers.items():
            wanted[self._topics.head(name)] = 0
            for need in receiver.needs:
                tail = need.page is None
                topic = self._topics.tail(name) if tail else self._topics.page(name, need.base, need.page or 0)
                wanted[topic] = need.attempt
        return wanted

    def read_again(self) -> None:
        """Asks once more for what has not come."""
        for receiver in self._receivers.values():
            receiver.read_again()

    def report(self) -> dict[str, HeldList]:
        """What goes into a Status."""
        return {
            name: HeldList(held.epoch, held.version, held.root(), len(held), self._applied_at[name])
            for name, held in self.in_force.items()
        }
