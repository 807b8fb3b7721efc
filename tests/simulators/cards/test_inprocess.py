"""A card in the same process is a card transport: it answers, or it is gone."""

import pytest

from gateway.ports import DeviceOfflineError
from simulators.cards.inprocess import InProcess
from simulators.cards.mortal import Mortal
from simulators.devices.vcard import UidCard

UID = bytes.fromhex("04A1B2C3D4E5F6")
GET_UID = bytes.fromhex("FFCA000000")


async def test_it_answers_and_remembers_what_it_was_asked() -> None:
    """Awaited and directly."""
    card = InProcess(UidCard(UID))
    assert await card.transmit(GET_UID) == card.answer(GET_UID) == UID + b"\x90\x00"
    assert card.atr == UidCard(UID).atr()
    assert card.sent == [GET_UID, GET_UID]


async def test_a_lifted_card_is_offline() -> None:
    """Until it is laid again."""
    card = InProcess(UidCard(UID))
    card.lift()
    with pytest.raises(DeviceOfflineError):
        await card.transmit(GET_UID)
    with pytest.raises(DeviceOfflineError):
        _ = card.atr
    card.lay()
    assert await card.transmit(GET_UID) == UID + b"\x90\x00"


async def test_a_dead_card_is_offline_too() -> None:
    """Also for its answer to reset; laid again, it lives."""
    card = InProcess(Mortal(UidCard(UID), die_after=2))
    await card.transmit(GET_UID)
    with pytest.raises(DeviceOfflineError, match="lifted"):
        await card.transmit(GET_UID)
    with pytest.raises(DeviceOfflineError):
        _ = card.atr
    card.lay()
    assert await card.transmit(GET_UID) == UID + b"\x90\x00"
