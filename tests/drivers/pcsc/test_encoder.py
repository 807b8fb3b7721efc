"""A card on PC/SC that hangs holds up its own encoder for a while, and nothing for ever."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, cast

import pytest

from drivers.pcsc.encoder import LaidCard
from gateway.ports import DeviceOfflineError

if TYPE_CHECKING:
    from drivers.pcsc.winscard import CardHandle


class Hanging:
    """As CardHandle, to a service that answers nothing until it is let go."""

    atr = b"\x3b\x80"

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.let_go = threading.Event()

    def transmit(self, apdu: bytes) -> bytes:
        self.sent.append(apdu)
        assert self.let_go.wait(30)
        return b"\x90\x00"


@pytest.fixture
def thread() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as made:
        yield made


async def test_a_silent_card_is_told_and_nothing_more_is_sent_to_it(thread: ThreadPoolExecutor) -> None:
    """The second command never reaches a card that comes to itself later: nobody waits for its answer."""
    handle = Hanging()
    card = LaidCard("desk-1", cast("CardHandle", handle), thread, answer_s=0.05)
    try:
        for apdu in (b"first", b"second"):
            with pytest.raises(DeviceOfflineError, match="desk-1 was lifted or does not answer"):
                await card.transmit(apdu)
    finally:
        handle.let_go.set()
    thread.shutdown()
    assert handle.sent == [b"first"]
