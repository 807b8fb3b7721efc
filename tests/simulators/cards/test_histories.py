"""A card that dies in any history stands where an unhurt one stands that heard the same commands."""

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.ports import DeviceOfflineError
from simulators.cards.classic.chip import ClassicChip
from simulators.cards.classic.reader import ClassicReader
from simulators.cards.desfire import EV2, DesfireCard
from simulators.cards.fmcos import crypto
from simulators.cards.fmcos.card import FmcosCard
from simulators.cards.inprocess import InProcess
from simulators.cards.mortal import Mortal
from simulators.cards.reader import Reader
from simulators.cards.state import StoredCard

UID, LONG_UID = bytes.fromhex("DEADBEEF"), bytes.fromhex("04A1B2C3D4E5F6")
SEED = 7
FACTORY, OURS = b"\xff" * 16, bytes(range(16))
Play = Callable[[InProcess, Random], None]


def classic_step(card: InProcess, random: Random) -> None:
    """Opens, writes, counts and re-keys in two sectors."""
    block = random.choice([4, 5, 6, 7, 8, 11])
    card.answer(bytes.fromhex("FF82000006" + random.choice(["FF" * 6, "A0A1A2A3A4A5"])))
    card.answer(bytes.fromhex(f"FF860000050100{block:02X}{random.choice(['60', '61'])}00"))
    trailer = bytes.fromhex("A0A1A2A3A4A5" + random.choice(["FF0780", "7F0788"]) + "69FFFFFFFFFFFF")
    content = trailer if block % 4 == 3 else random.randbytes(16)
    card.answer(bytes((0xFF, 0xD6, 0, block, 16)) + content)
    card.answer(bytes((0xFF, 0xD7, 0, block, 5, random.choice([0, 1, 2]), 0, 0, 0, 9)))
    card.answer(bytes((0xFF, 0xB0, 0, block, 16)))


def fmcos_step(card: InProcess, random: Random) -> None:
    """Selects, proves keys, makes, writes and erases; the wrong key now and then."""
    card.answer(bytes.fromhex(random.choice(["00A40000023F00", "00A4000002DF01", "00A4000002DF01"])))
    for number, right in random.choice([((0, FACTORY),), ((1, OURS),), ()]):
        challenge = card.answer(bytes.fromhex("0084000008"))[:-2]
        key = right if random.random() < 0.9 else bytes(16)
        card.answer(bytes((0x00, 0x82, 0x00, number, 8)) + crypto.encrypt(key, challenge))
    choices = [
        "80E0DF010D380200F00AFFFFFF4741544531",
        "80E00000073F0060FFF0FFFF",
        "80E0000107280020F0F1FFFF",
        "80D401011539F00A01FF" + OURS.hex(),
        "00D6810004" + random.randbytes(4).hex(),
        "00D6810004" + random.randbytes(4).hex(),
        random.choice(["800E000000", "80D439001539F0FAAAFF" + FACTORY.hex()]),
    ]
    card.answer(bytes.fromhex(random.choice(choices)))
    card.answer(bytes.fromhex("00B0810000"))


def desfire_step(card: InProcess, random: Random) -> None:
    """Makes applications and files, writes and commits, without keys."""
    choices = [
        "905A00000300000000",
        "905A000003F5474800",
        "90CA000005F547480F0100",
        "90CD0000070100EEEE10000000",
        "90CB0000070200EEEE10000000",
        "903D00000B02000000040000" + random.randbytes(4).hex() + "00",
        "90C7000000",
        "90A7000000",
        "90DA000003F5474800",
        "90BD0000070200000004000000",
    ]
    card.answer(bytes.fromhex(random.choice(choices)))


def make(kind: str) -> StoredCard:
    """With random numbers that are the same each time."""
    random = Random(SEED).randbytes
    if kind == "classic":
        return ClassicReader(ClassicChip(UID))
    return Reader(FmcosCard(UID, random) if kind == "fmcos" else DesfireCard(LONG_UID, EV2, random))


def for_ever(step: Play, card: InProcess, random: Random) -> None:
    while True:
        step(card, random)


@pytest.mark.parametrize(
    ("kind", "step"), [("classic", classic_step), ("fmcos", fmcos_step), ("desfire-ev2", desfire_step)]
)
@given(seed=st.integers(0, 1 << 32), at=st.integers(1, 40), carried_out=st.booleans())
@settings(max_examples=60, deadline=None)
def test_power_loss(kind: str, step: Play, seed: int, at: int, carried_out: bool) -> None:  # noqa: FBT001 - drawn
    """What it keeps is the same, and so is every answer from there on."""
    random = Random(seed)
    stored = make(kind)
    hurt = InProcess(Mortal(stored, **{"die_after" if carried_out else "die_before": at}))
    with pytest.raises(DeviceOfflineError):
        for_ever(step, hurt, random)
    assert len(hurt.sent) == at
    twin = make(kind)
    unhurt = InProcess(twin)
    for apdu in hurt.sent if carried_out else hurt.sent[:-1]:
        unhurt.answer(apdu)
    hurt.lay()
    unhurt.lay()
    assert stored.dump() == twin.dump()
    for _ in range(3):
        step(hurt, random)
    for apdu in hurt.sent[at:]:
        unhurt.answer(apdu)
    assert stored.dump() == twin.dump()


@pytest.mark.parametrize(("kind", "step"), [("classic", classic_step), ("fmcos", fmcos_step)])
def test_the_histories_reach_something(kind: str, step: Play) -> None:
    """In two hundred steps the card is not as the factory made it."""
    stored = make(kind)
    card = InProcess(stored)
    random = Random(SEED)
    seen = {str(stored.dump())}
    for _ in range(200):
        step(card, random)
        seen.add(str(stored.dump()))
    assert len(seen) > 10
