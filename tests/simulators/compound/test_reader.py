"""The readers of the demo: our number where they can read it, the UID of everything else."""

import json
from pathlib import Path

import pytest

from drivers.cards.work import CardDesk
from gateway.domain.card_data import CardData, CardKind
from gateway.domain.card_template import CardTemplates
from gateway.domain.identity import Identity, IdentityKind
from gateway.ports.cards import CardError, CardKeys, CardKeySet, EncodePlan, KeyPurpose
from simulators.cards.catalogue import make
from simulators.cards.inprocess import InProcess
from simulators.cards.state import StoredCard
from simulators.compound.reader import ReadKeys
from simulators.devices.vcard import UidCard

SITE = 7
NUMBER = bytes.fromhex("0102030405060708")
KEYS = CardKeySet(1, {purpose: bytes((n,)) * 16 for n, purpose in enumerate(KeyPurpose, 1)})
READERS_KEYS = (KeyPurpose.READ, KeyPurpose.ISSUER, KeyPurpose.PROOF)
UIDS = {
    CardKind.DESFIRE_EV2: "04A1B2C3D4E5F6",
    CardKind.DESFIRE_EV1: "04112233445566",
    CardKind.FMCOS: "5630F009",
    CardKind.CLASSIC: "1122334A",
}


def readers_in(directory: Path, keys: CardKeySet = KEYS) -> ReadKeys:
    """As the demo writes their memory: nothing but what they check."""
    told = {purpose.value: keys.keys[purpose].hex() for purpose in READERS_KEYS}
    memory = {"v": 1, "site_number": SITE, "current": 1, "versions": {"1": told}}
    (directory / "keys.json").write_text(json.dumps(memory))
    return ReadKeys.load(directory / "keys.json")


async def written(kind: CardKind) -> StoredCard:
    """A card of ours, written by the desk with all seven keys."""
    card = make(kind.value, bytes.fromhex(UIDS[kind]))
    plan = EncodePlan(card.uid, kind, CardData(SITE, NUMBER, 1_700_000_000, 1), CardTemplates())

    async def on_step(_step: int) -> None:
        """Nobody watches."""

    await CardDesk(SITE, bytes).personalise(InProcess(card), plan, CardKeys(1, {1: KEYS}), on_step)
    return card


@pytest.mark.parametrize("kind", UIDS)
async def test_a_card_of_ours_shows_its_number(tmp_path: Path, kind: CardKind) -> None:
    """With the keys of a reader alone; without any, the same card is its UID."""
    card = await written(kind)
    assert await readers_in(tmp_path).read(card) == Identity(IdentityKind.SECURE, NUMBER)
    assert await ReadKeys.load(tmp_path / "nowhere").read(card) == Identity.uid(UIDS[kind])


@pytest.mark.parametrize("kind", UIDS)
async def test_every_other_card_shows_its_uid(tmp_path: Path, kind: CardKind) -> None:
    """A blank one, a copy, and one that was written with keys of another site."""
    readers, uid = readers_in(tmp_path), Identity.uid(UIDS[kind])
    assert await readers.read(make(kind.value, bytes.fromhex(UIDS[kind]))) == uid
    assert await readers.read(UidCard(bytes.fromhex(UIDS[kind]))) == uid
    strange = CardKeySet(1, {purpose: bytes((n,)) * 16 for n, purpose in enumerate(KeyPurpose, 0x51)})
    assert await readers_in(tmp_path, strange).read(await written(kind)) == uid


async def test_a_card_that_answers_nonsense_shows_nothing(tmp_path: Path) -> None:
    """Neither let in nor taken for a copy."""

    class Mute(UidCard):
        def answer(self, apdu: bytes) -> bytes:
            return super().answer(apdu)[:-3]

    with pytest.raises(CardError):
        await readers_in(tmp_path).read(Mute(bytes.fromhex("5630F009")))
