"""A MIFARE Classic card gets our number and keys, is read, gets new keys, and is wiped."""

import pytest

from drivers.cards import classic
from drivers.cards.classic import layout
from drivers.cards.classic.protocol.commands import load_key, update_trailer
from drivers.cards.classic.protocol.sector import FACTORY_KEY, Trailer
from drivers.cards.classic.protocol.value import ValueBlock
from drivers.cards.classic.sector import Sector
from drivers.cards.exchange import Procedure, drive
from drivers.cards.secrets import CardSecrets
from drivers.cards.tries import Tries
from drivers.cards.work import unless_swapped
from gateway.domain.card_data import CardData, CardKind
from gateway.domain.card_template import CardTemplates, ClassicTemplate
from gateway.ports.cards import (
    CardForeignError,
    CardGarbledError,
    CardKeys,
    CardSwappedError,
    EncodePlan,
    FoundCard,
    FoundState,
    KeyPurpose,
)
from simulators.cards.catalogue import make
from simulators.cards.inprocess import InProcess
from simulators.cards.mortal import Mortal, Swapped
from tests.drivers.cards.desk import SITE, TEMPLATES, Tap, counting, data, key_set, keys, plan
from tests.drivers.cards.torn import commands_of, steps_of

UID = bytes.fromhex("11223344")
RANDOM = counting()
WRONG_KEY = b"\x63\x00"


def blank(kind: str = "classic") -> Tap:
    tap = Tap.of(kind, UID)
    tap.refused = WRONG_KEY
    return tap


def planned(version: int = 1, number: int = 1, *, before: int = 0, sector: int = 4) -> EncodePlan:
    templates = CardTemplates(classic=ClassicTemplate(sector))
    return plan(CardKind.CLASSIC, version, number, before=before, uid=UID, templates=templates)


def look(known: CardKeys | None, templates: CardTemplates = TEMPLATES) -> Procedure[FoundCard]:
    return classic.look(UID, CardKind.CLASSIC, known, templates, site_number=SITE, random=RANDOM)


def read(known: CardKeys, templates: CardTemplates = TEMPLATES) -> Procedure[CardData | None]:
    return classic.read_number(UID, CardKind.CLASSIC, known, templates, site_number=SITE, random=RANDOM)


def ours(version: int = 1) -> Tap:
    tap = blank()
    tap.run(classic.personalise(planned(version), keys(version), RANDOM))
    return tap


def on_card(version: int, number: int = 1) -> CardData:
    """What can be read of it: the time of issue does not stand on the card."""
    whole = data(version, number)
    return CardData(whole.site_number, whole.number, 0, version, whole.holder_class)


def block(tap: Tap, number: int) -> bytes:
    logic = tap.mortal.logic.dump()  # type: ignore[attr-defined]  # every card of the catalogue has it
    return bytes.fromhex(logic["blocks"][number])


@pytest.mark.parametrize("kind", ["classic", "classic-4k"])
@pytest.mark.parametrize("sector", [1, 4, 15])
def test_a_blank_card_becomes_ours_in_sixteen_commands(kind: str, sector: int) -> None:
    tap = blank(kind)
    work = planned(sector=sector)
    assert commands_of(tap, classic.personalise(work, keys(1), RANDOM)) == 16
    assert tap.refusals == 0
    assert tap.run(read(keys(1), work.templates)) == on_card(1)
    assert len(tap.card.sent) == 3
    assert tap.run(look(keys(1), work.templates)).data == on_card(1)


def test_the_sector_is_as_the_layout_says() -> None:
    tap = ours()
    secrets = CardSecrets.of(key_set(1), UID, CardKind.CLASSIC, TEMPLATES, SITE)
    assert block(tap, 16)[:8] == data(1).number
    assert block(tap, 17) == block(tap, 18) == ValueBlock(layout.COUNTER_START, 17).encode()
    assert block(tap, 19) == secrets[KeyPurpose.READ] + bytes.fromhex("18778E01") + secrets[KeyPurpose.WRITE]


def test_steps_are_told_in_order() -> None:
    work = planned()
    tap = blank()
    assert steps_of(tap, classic.personalise(work, keys(1), RANDOM)) == [*range(len(classic.steps(work)))]
    work = planned(before=1)
    assert steps_of(tap, classic.wipe(work, keys(1), RANDOM)) == [*range(len(classic.wipe_steps(work)))]


def test_a_card_that_stands_as_planned_is_only_read() -> None:
    tap = ours()
    before = tap.mortal.logic.dump()  # type: ignore[attr-defined]  # every card of the catalogue has it
    tap.run(classic.personalise(planned(before=1), keys(1), RANDOM))
    assert not [apdu for apdu in tap.card.sent if apdu[1] == 0xD6]
    assert tap.mortal.logic.dump() == before  # type: ignore[attr-defined]  # every card of the catalogue has it


def test_new_keys_take_the_place_of_the_old() -> None:
    tap = ours()
    tap.run(classic.personalise(planned(2, 2, before=1), keys(1, 2), RANDOM))
    assert tap.refusals == 0
    assert tap.run(read(keys(1, 2))) == on_card(2, 2)
    assert tap.run(read(keys(1))) is None


def test_wiped_it_is_as_the_factory_made_it() -> None:
    tap = ours()
    tap.run(classic.wipe(planned(before=1), keys(1), RANDOM))
    assert tap.mortal.logic.dump() == make("classic", UID).dump()  # type: ignore[attr-defined]  # as above
    assert tap.run(look(keys(1))).state is FoundState.BLANK


def test_a_blank_card_costs_one_wrong_key() -> None:
    tap = blank()
    assert tap.run(look(keys(1))).state is FoundState.BLANK
    assert tap.refusals == 1
    assert tap.run(look(None)).state is FoundState.BLANK
    assert tap.refusals == 0


def test_a_foreign_card_costs_two_wrong_keys() -> None:
    tap = ours(7)
    for work in (look(keys(1, 2, 3)), look(CardKeys(2, keys(1, 2, 3).sets, likely=1))):
        assert tap.run(work).state is FoundState.FOREIGN
        assert tap.refusals == 2
    assert tap.run(look(None)).state is FoundState.FOREIGN
    assert tap.run(read(keys(1, 2, 3))) is None
    assert tap.refusals == 2
    for procedure in (classic.personalise, classic.wipe):
        for before in (0, 1, 2):
            with pytest.raises(CardForeignError):
                tap.run(procedure(planned(2, before=before), keys(1, 2), RANDOM))
            assert tap.refusals == 2


def test_an_old_card_is_known_when_its_uid_is() -> None:
    tap = ours(1)
    found = tap.run(look(CardKeys(2, keys(1, 2).sets, likely=1)))
    assert (found.state, found.key_version, found.data) == (FoundState.OURS, 1, on_card(1))
    assert tap.refusals == 0


def test_a_dump_on_another_card_is_not_ours() -> None:
    tap = ours()
    other = make("classic", bytes.fromhex("55667788"))
    other.load(tap.mortal.logic.dump())  # type: ignore[attr-defined]  # every card of the catalogue has it
    copy = Tap(InProcess(mortal := Mortal(other)), mortal)
    work = classic.read_number(other.uid, CardKind.CLASSIC, keys(1), TEMPLATES, site_number=SITE, random=RANDOM)
    assert copy.run(work) is None


def test_the_key_of_readers_cannot_write() -> None:
    tap = ours()
    tap.run(read(keys(1)))
    refused = tap.answer(bytes.fromhex("FFD6001010") + bytes(16))
    assert refused == b"\x69\x82"


def test_the_key_of_readers_counts_down() -> None:
    tap = ours()
    tap.run(read(keys(1)))
    assert tap.answer(bytes.fromhex("FFD70011050200000001")) == b"\x90\x00"
    assert ValueBlock.decode(block(tap, 17)).value == layout.COUNTER_START - 1


@pytest.mark.parametrize("after", range(15))
def test_another_card_is_left_as_it_is(after: int) -> None:
    other = make("classic", bytes.fromhex("55667788"))
    untouched = other.dump()
    hand = Mortal(Swapped(make("classic", UID), other, after))
    with pytest.raises(CardSwappedError):
        Tap(InProcess(hand), hand).run(unless_swapped(UID, classic.personalise(planned(), keys(1), RANDOM)))
    assert other.dump() == untouched


def test_contradicting_bits_are_told_as_garbled() -> None:
    with pytest.raises(CardGarbledError):
        drive(Sector(4, Tries()).read_trailer(), lambda _: bytes(16) + b"\x90\x00")


def test_no_key_is_loaded_that_does_not_belong_to_the_card() -> None:
    tap = blank()
    tap.run(classic.personalise(planned(), keys(1), RANDOM))
    secrets = CardSecrets.of(key_set(1), UID, CardKind.CLASSIC, TEMPLATES, SITE)
    allowed = {load_key(0, key) for key in (FACTORY_KEY, secrets[KeyPurpose.READ], secrets[KeyPurpose.WRITE])}
    assert {apdu for apdu in tap.card.sent if apdu[1] == 0x82} == allowed
    trailer = Trailer(secrets[KeyPurpose.READ], layout.ACCESS, 1, secrets[KeyPurpose.WRITE])
    assert update_trailer(4, trailer) in tap.card.sent
