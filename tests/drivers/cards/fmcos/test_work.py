"""An FMCOS card gets our number and keys, is read, gets new keys, and is wiped."""

import pytest

from drivers.cards import fmcos
from drivers.cards.record import seal
from drivers.cards.secrets import CardSecrets
from drivers.cards.work import unless_swapped
from gateway.domain.card_data import CardKind
from gateway.domain.card_template import CardTemplates
from gateway.ports.cards import (
    CardForeignError,
    CardGarbledError,
    CardKeys,
    CardKeySet,
    CardLockedError,
    CardRefusedError,
    CardSwappedError,
    FoundState,
    KeyPurpose,
)
from simulators.cards.catalogue import make
from simulators.cards.inprocess import InProcess
from simulators.cards.mortal import Mortal, Swapped
from tests.drivers.cards.desk import SITE, TEMPLATES, Tap, data, key_set, keys
from tests.drivers.cards.fmcos.bench import EIGHT, RANDOM, UID, FmcosTap, blank, look, ours, planned, read
from tests.drivers.cards.torn import commands_of, steps_of

SECRETS = CardSecrets.of(key_set(1), UID, CardKind.FMCOS, TEMPLATES, SITE)


@pytest.mark.parametrize("templates", [TEMPLATES, EIGHT], ids=["challenge-4", "challenge-8"])
def test_a_blank_card_becomes_ours(templates: CardTemplates) -> None:
    tap = blank()
    assert tap.run(look(keys(1), templates)).state is FoundState.BLANK
    assert commands_of(tap, fmcos.personalise(planned(templates=templates), keys(1), RANDOM)) == 22
    assert tap.wrong == []
    assert tap.run(read(keys(1), templates)) == data(1)
    assert len(tap.card.sent) == 5
    found = tap.run(look(keys(1), templates))
    assert (found.state, found.data, found.key_version) == (FoundState.OURS, data(1), 1)


def test_the_card_is_as_the_layout_says() -> None:
    mf = ours().dump()["mf"]
    (df,) = mf["children"]
    (file,) = df["files"]
    assert mf["key_file"]["keys"][0]["value"] == SECRETS[KeyPurpose.PICC].hex()
    assert (df["number"], bytes.fromhex(df["name"])) == (0xDF47, b"GATEHOUSE")
    assert bytes.fromhex(file["content"]) == seal(data(1), UID, SECRETS[KeyPurpose.ISSUER])
    assert [(key["type"], key["number"], key["value"]) for key in df["key_file"]["keys"]] == [
        (0x39, 1, SECRETS[KeyPurpose.READ].hex()),
        (0x34, 1, SECRETS[KeyPurpose.PROOF].hex()),
    ]


def test_keys_come_after_the_files_and_nothing_before_the_uid_is_checked() -> None:
    tap = blank()
    tap.run(fmcos.personalise(planned(), keys(1), RANDOM))
    kinds = [apdu[:2].hex() for apdu in tap.card.sent]
    writes = [kind for kind in kinds if kind in {"80e0", "80d4", "00d6", "ffca"}]
    assert writes == ["ffca", "80e0", "80d4", "ffca", "80e0", "80e0", "00d6", "ffca", "80d4", "80d4"]


def test_steps_are_told_in_order() -> None:
    work = planned()
    tap = blank()
    assert steps_of(tap, fmcos.personalise(work, keys(1), RANDOM)) == [*range(len(fmcos.steps(work)))]
    work = planned(before=1)
    assert steps_of(tap, fmcos.wipe(work, keys(1), RANDOM)) == [*range(len(fmcos.wipe_steps(work)))]


def test_a_card_that_stands_as_planned_is_only_read() -> None:
    tap = ours()
    before = tap.dump()
    tap.run(fmcos.personalise(planned(before=1), keys(1), RANDOM))
    assert tap.dump() == before
    assert not [apdu for apdu in tap.card.sent if apdu[0] == 0x80]


def test_the_same_keys_can_carry_another_number() -> None:
    tap = ours()
    tap.run(fmcos.personalise(planned(number=9, before=1), keys(1), RANDOM))
    assert tap.run(read(keys(1))) == data(1, 9)


def test_new_keys_take_the_place_of_the_old() -> None:
    tap = ours()
    tap.run(fmcos.personalise(planned(2, 2, before=1), keys(1, 2), RANDOM))
    assert tap.wrong == []
    assert tap.run(read(keys(1, 2))) == data(2, 2)
    assert tap.run(read(keys(1))) is None
    assert tap.wrong == []


def test_an_old_card_is_read_without_a_wrong_key() -> None:
    tap = ours(1)
    assert tap.run(read(keys(1, 2, 3))) == data(1)
    assert tap.run(look(keys(1, 2, 3))).key_version == 1
    assert tap.wrong == []


def test_wiped_it_has_the_makers_key_and_an_empty_directory() -> None:
    tap = ours()
    tap.run(fmcos.wipe(planned(before=1), keys(1), RANDOM))
    wiped, new = tap.dump()["mf"], make("fmcos", UID).dump()["mf"]
    (df,) = wiped.pop("children")
    assert (df["files"], df["key_file"], df["children"]) == ([], None, [])
    assert wiped == {name: value for name, value in new.items() if name != "children"}
    assert tap.run(look(keys(1))).state is FoundState.BLANK
    tap.run(fmcos.wipe(planned(before=1), keys(1), RANDOM))
    tap.run(fmcos.personalise(planned(number=5), keys(1), RANDOM))
    assert tap.run(read(keys(1))) == data(1, 5)


def test_wiping_a_blank_card_changes_nothing() -> None:
    tap = blank()
    tap.run(fmcos.wipe(planned(), keys(1), RANDOM))
    assert tap.dump() == make("fmcos", UID).dump()


def test_work_stops_when_two_tries_are_left() -> None:
    """A factory counter of three: one wrong key, and the card is left alone."""
    tap = blank().with_main_key(b"\x01" * 16)
    for procedure in (fmcos.personalise, fmcos.wipe):
        with pytest.raises(CardLockedError, match="only"):
            tap.run(procedure(planned(), keys(1), RANDOM))
        assert tap.main_tries == 2
        tap.with_main_key(b"\x01" * 16)


def test_looking_tries_no_key_on_a_card_without_our_directory() -> None:
    """A stranger's transit card may lie there a hundred times: it loses nothing, and counts as blank till we write."""
    tap = blank().with_main_key(b"\x01" * 16)
    for known in (keys(1), None):
        assert tap.run(look(known)).state is FoundState.BLANK
    assert tap.main_tries == 3


def test_a_locked_card_is_told_as_locked() -> None:
    tap = blank().with_main_key(b"\x01" * 16, 0x30)
    with pytest.raises(CardLockedError, match="for ever"):
        tap.run(fmcos.personalise(planned(), keys(1), RANDOM))


def test_a_foreign_card_is_told_when_it_shall_be_written() -> None:
    tap = blank().with_main_key(b"\x01" * 16, 0x99)
    with pytest.raises(CardForeignError):
        tap.run(fmcos.personalise(planned(), keys(1), RANDOM))
    assert tap.wrong == [8]
    assert tap.run(read(keys(1))) is None
    assert tap.wrong == []


def test_another_sites_card_of_ours_is_foreign() -> None:
    tap = ours()
    other = CardKeys(1, {1: CardKeySet(1, key_set(9).keys)})
    assert tap.run(look(other)).state is FoundState.FOREIGN
    assert tap.run(read(other)) is None
    assert tap.run(look(None)).state is FoundState.FOREIGN


def test_a_copy_cannot_prove_itself() -> None:
    """It says yes to every key and shows the right bytes; only the internal key is missing."""
    tap = ours()
    state = tap.dump()
    state["mf"]["children"][0]["key_file"]["keys"][1]["value"] = bytes(range(16)).hex()
    tap.load(state)
    assert tap.run(read(keys(1))) is None
    with pytest.raises(CardGarbledError, match="copy"):
        tap.run(look(keys(1)))


def test_a_dump_on_another_card_is_not_ours() -> None:
    copy = FmcosTap(InProcess(hand := Mortal(make("fmcos", bytes.fromhex("55667788")))), hand)
    copy.load(ours().dump())
    work = fmcos.read_number(
        bytes.fromhex("55667788"), CardKind.FMCOS, keys(1), TEMPLATES, site_number=SITE, random=RANDOM
    )
    assert copy.run(work) is None


def test_a_card_with_a_short_main_key_gets_a_short_one() -> None:
    tap = blank().with_main_key(b"\xff" * 8)
    tap.run(fmcos.personalise(planned(), keys(1), RANDOM))
    assert tap.dump()["mf"]["key_file"]["keys"][0]["value"] == SECRETS[KeyPurpose.PICC][:8].hex()
    assert tap.run(read(keys(1))) == data(1)
    tap.run(fmcos.personalise(planned(2, 2, before=1), keys(1, 2), RANDOM))
    assert (tap.run(read(keys(1, 2))), tap.wrong) == (data(2, 2), [])
    tap.run(fmcos.wipe(planned(2, before=2), keys(1, 2), RANDOM))
    assert tap.dump()["mf"]["key_file"] == blank().with_main_key(b"\xff" * 8).dump()["mf"]["key_file"]
    assert tap.run(look(keys(1, 2))).state is FoundState.BLANK


def test_a_card_without_room_is_refused_and_can_be_wiped() -> None:
    tap = blank()
    state = tap.dump()
    state["mf"]["space"] = 0x60
    tap.load(state)
    with pytest.raises(CardRefusedError, match="6A84"):
        tap.run(fmcos.personalise(planned(), keys(1), RANDOM))
    assert tap.dump() == state


@pytest.mark.parametrize("after", range(21))
def test_another_card_is_left_as_it_is(after: int) -> None:
    other = make("fmcos", bytes.fromhex("55667788"))
    hand = Mortal(Swapped(make("fmcos", UID), other, after))
    with pytest.raises(CardSwappedError):
        Tap(InProcess(hand), hand).run(unless_swapped(UID, fmcos.personalise(planned(), keys(1), RANDOM)))
    left, new = other.dump(), make("fmcos", UID).dump()
    for state in (left, new):
        del state["mf"]["key_file"]["keys"][0]["fourth"]  # a try of the swapped card may be spent by the last reading
    assert left == new


def test_without_its_keys_nothing_can_be_had_from_it() -> None:
    tap = ours()
    tap.run(look(None))
    assert tap.answer(bytes.fromhex("00A4040009") + b"GATEHOUSE")[-2:] == b"\x90\x00"
    for refused in ("00B0810020", "0088000108" + 16 * "0", "800E000000", "00D681000100", "80E000050728001000F0FFFF"):
        assert tap.answer(bytes.fromhex(refused)) == b"\x69\x82", refused
