"""The desk does its work with a card of any kind."""

from collections.abc import Mapping

import pytest

from drivers.cards.work import CardDesk
from gateway.domain.card_data import CardKind
from gateway.ports import DeviceOfflineError
from gateway.ports.cards import (
    CardForeignError,
    CardKindError,
    CardSwappedError,
    CardWork,
    FoundCard,
    FoundState,
    GateReading,
)
from simulators.cards.catalogue import make
from simulators.cards.inprocess import InProcess
from simulators.cards.mortal import Mortal, Swapped
from tests.drivers.cards.desk import SITE, TEMPLATES, UID, counting, data, keys, plan

FOUR = bytes.fromhex("A1B2C3D4")
CARDS: Mapping[str, tuple[CardKind, bytes]] = {
    "desfire-ev1": (CardKind.DESFIRE_EV1, UID),
    "desfire-ev2": (CardKind.DESFIRE_EV2, UID),
    "desfire-ev3": (CardKind.DESFIRE_EV2, UID),
    "classic": (CardKind.CLASSIC, FOUR),
    "fmcos": (CardKind.FMCOS, FOUR),
}
DESK: CardWork = CardDesk(SITE, counting())
KEYS = keys(1, 2)


async def silent(_number: int) -> None:
    return


@pytest.mark.parametrize("name", CARDS)
async def test_a_card_is_issued_read_and_wiped(name: str) -> None:
    """Blank, ours, what a gate reads, blank again; every announced step is told in order."""
    kind, uid = CARDS[name]
    card, wanted = InProcess(make(name, uid)), plan(kind, 2, uid=uid)
    told: list[int] = []

    async def on_step(number: int) -> None:
        told.append(number)

    assert (await DESK.look(card, KEYS, TEMPLATES)).state is FoundState.BLANK
    await DESK.personalise(card, wanted, KEYS, on_step)
    assert told == list(range(len(DESK.steps(wanted))))
    found = await DESK.look(card, KEYS, TEMPLATES)
    assert (found.uid, found.kind, found.state, found.key_version) == (uid, kind, FoundState.OURS, 2)
    reading = await DESK.read(card, KEYS, TEMPLATES)
    assert reading.data is not None
    assert (reading.uid, reading.data.number, reading.data.site_number) == (uid, wanted.data.number, SITE)
    told.clear()
    await DESK.wipe(card, wanted, KEYS, on_step)
    assert told == list(range(len(DESK.wipe_steps(wanted))))
    assert (await DESK.look(card, KEYS, TEMPLATES)).state is FoundState.BLANK
    assert await DESK.read(card, KEYS, TEMPLATES) == GateReading(uid, None)


@pytest.mark.parametrize("name", CARDS)
async def test_keys_that_were_withdrawn_are_told_and_nothing_is_written(name: str) -> None:
    """The plan is older than the retirement of its key version."""
    kind, uid = CARDS[name]
    card, withdrawn = InProcess(make(name, uid)), plan(kind, 3, uid=uid)
    with pytest.raises(CardForeignError, match="keys of version 3"):
        await DESK.personalise(card, withdrawn, KEYS, silent)
    assert (await DESK.look(card, KEYS, TEMPLATES)).state is FoundState.BLANK


@pytest.mark.parametrize("name", ["classic", "fmcos"])
async def test_a_card_with_withdrawn_keys_cannot_be_wiped(name: str) -> None:
    """Which of our keys it carries, neither kind says itself."""
    kind, uid = CARDS[name]
    with pytest.raises(CardForeignError, match="keys of version 3"):
        await DESK.wipe(InProcess(make(name, uid)), plan(kind, 3, before=3, uid=uid), KEYS, silent)


@pytest.mark.parametrize("name", ["desfire-ev1", "desfire-ev2"])
async def test_a_copy_of_the_uid_reads_as_a_uid(name: str) -> None:
    """A blank card with the UID of an issued one has no number; nor has the issued one without our keys."""
    kind, uid = CARDS[name]
    card = InProcess(make(name, uid))
    assert await DESK.read(card, KEYS, TEMPLATES) == GateReading(uid, None)
    await DESK.personalise(card, plan(kind, 2), KEYS, silent)
    assert await DESK.read(card, KEYS, TEMPLATES) == GateReading(uid, data(2))
    assert await DESK.read(card, None, TEMPLATES) == GateReading(uid, None)


async def test_a_uid_card_cannot_be_written() -> None:
    """A card of a kind without an application is found as such, and no work is begun on it."""
    wanted = plan(CardKind.UID, 1)
    card = InProcess(make("uid", FOUR))
    for work in (DESK.personalise, DESK.wipe):
        with pytest.raises(CardKindError):
            await work(card, wanted, KEYS, silent)
    with pytest.raises(CardKindError):
        DESK.steps(wanted)
    assert not card.sent


class Bare:
    """A contactless card of which the reader tells a UID only."""

    atr = bytes.fromhex("3B8F8001804F0CA000000306030003000000006B")

    async def transmit(self, apdu: bytes) -> bytes:
        assert apdu == bytes.fromhex("FFCA000000")
        return UID + b"\x90\x00"


async def test_other_cards_have_their_uid_only() -> None:
    """At the desk and at a gate."""
    assert await DESK.look(Bare(), KEYS, TEMPLATES) == FoundCard(UID, CardKind.UID, FoundState.UID_ONLY)
    assert await DESK.read(Bare(), KEYS, TEMPLATES) == GateReading(UID, None)


async def test_a_classic_card_on_a_reader_that_cannot_open_it_has_its_uid() -> None:
    """It can be issued by that, and let in by that."""
    card = InProcess(make("uid", FOUR))
    assert await DESK.look(card, KEYS, TEMPLATES) == FoundCard(FOUR, CardKind.UID, FoundState.UID_ONLY)
    assert await DESK.read(card, KEYS, TEMPLATES) == GateReading(FOUR, None)


@pytest.mark.parametrize("name", CARDS)
async def test_a_card_exchanged_in_the_middle_is_told_as_that(name: str) -> None:
    """Wherever it happens, the desk says that another card lies there."""
    kind, uid = CARDS[name]
    other = bytes(reversed(uid))
    whole = InProcess(make(name, uid))
    await DESK.personalise(whole, plan(kind, 2, uid=uid), KEYS, silent)
    for after in range(len(whole.sent) - 1):
        card = InProcess(Swapped(make(name, uid), make(name, other), after))
        with pytest.raises(CardSwappedError):
            await DESK.personalise(card, plan(kind, 2, uid=uid), KEYS, silent)


async def test_a_card_that_leaves_is_offline() -> None:
    """Nothing is known then but that it left."""
    card = InProcess(Mortal(make("desfire-ev2", UID), die_after=12))
    with pytest.raises(DeviceOfflineError):
        await DESK.personalise(card, plan(CardKind.DESFIRE_EV2, 2), KEYS, silent)
