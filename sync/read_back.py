"""What the broker retains of the lists, as the publisher finds it at the beginning of a session."""

import hashlib
from collections.abc import Mapping

from gateway.domain.errors import GatehouseError, MalformedError
from gateway.domain.whitelist import Whitelist
from gateway.signing.keys import PublicKey
from sync.protocol.lists import HEAD_LIMIT, Head, Page, Tail
from sync.protocol.receiving import ListReceiver
from sync.protocol.signed import unseal
from sync.protocol.topics import Address, Kind, Topics


class ReadBack:
    """Of one session. ``heads``: our own signed heads, by list."""

    def __init__(self, topics: Topics) -> None:
        self._topics = topics
        self._digests: dict[str, bytes] = {}
        self._texts: dict[str, bytes] = {}
        self._forgotten = False
        self.heads: dict[str, Head] = {}

    def take(self, address: Address, topic: str, payload: bytes, keys: Mapping[bytes, PublicKey]) -> None:
        """A retained message of a list. A head that none of our keys signed is none: it is overwritten."""
        self._digests[topic] = hashlib.sha256(payload).digest()
        if self._forgotten:
            return
        self._texts[topic] = payload
        if address.kind is Kind.HEAD:
            try:
                self.heads[address.name] = Head.decode(unseal(topic, payload, keys, HEAD_LIMIT))
            except GatehouseError:
                return

    def has(self, digests: Mapping[str, bytes]) -> bool:
        """Whether messages with these digests (SHA-256) are all there."""
        return all(self._digests.get(topic) == digest for topic, digest in digests.items())

    def list_of(self, head: Head) -> Whitelist | None:
        """The list that the head, the tail and the pages found make, when they are whole."""
        receiver = ListReceiver()
        receiver.on_head(head)
        try:
            tail = self._texts.get(self._topics.tail(head.list))
            if tail is not None:
                receiver.on_tail(Tail.decode(tail))
            for number in range(head.base.pages):
                page = self._texts.get(self._topics.page(head.list, head.base.id, number), b"")
                receiver.on_page(Page.decode(page))
        except MalformedError:
            return None
        return receiver.held

    def forget(self) -> None:
        """Everything was compared: the texts, which are as long as the lists, are not needed any more."""
        self._forgotten = True
        self._texts.clear()
        self.heads.clear()
