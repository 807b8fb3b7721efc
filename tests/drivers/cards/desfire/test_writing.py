"""Personalising a DESFire card writes the layout, asks no more than it must, and spends no key on a stranger's card."""

import pytest

from drivers.cards import desfire, record
from drivers.cards.desfire.layout import MODE, NUMBER_FILE, PURPOSES
from drivers.cards.desfire.protocol import authenticate
from drivers.cards.desfire.protocol.commands import applications, content, files, keys, picc
from drivers.cards.desfire.protocol.commands.file_settings import AccessRights, DataFile, ValueFile
from drivers.cards.desfire.protocol.commands.keys import KeySettings
from drivers.cards.desfire.protocol.errors import DesfireRefusedError, Status
from drivers.cards.desfire.protocol.keys import KeyKind
from drivers.cards.desfire.protocol.session import Mode
from drivers.cards.exchange import Procedure, Step
from drivers.cards.secrets import CardSecrets
from drivers.cards.work import unless_swapped
from gateway.domain.card_data import CardKind
from gateway.domain.card_template import CardTemplates
from gateway.ports.cards import (
    CardForeignError,
    CardGarbledError,
    CardSwappedError,
    FoundState,
    KeyPurpose,
)
from simulators.cards.catalogue import make
from simulators.cards.mortal import Swapped
from tests.drivers.cards.desk import SITE, TEMPLATES, UID, Tap, counting, data, key_set, plan, with_options
from tests.drivers.cards.desk import keys as site_keys

KINDS = {"desfire-ev1": CardKind.DESFIRE_EV1, "desfire-ev2": CardKind.DESFIRE_EV2}
RANDOM = counting()
AID = TEMPLATES.desfire.aid
each_kind = pytest.mark.parametrize("name", KINDS)


def issued(name: str, version: int = 1, templates: CardTemplates = TEMPLATES) -> Tap:
    tap = Tap.of(name)
    tap.run(desfire.personalise(plan(KINDS[name], version, templates=templates), site_keys(version), RANDOM))
    return tap


def state(tap: Tap, name: str) -> FoundState:
    return tap.run(desfire.look(UID, KINDS[name], site_keys(1, 2), TEMPLATES, site_number=SITE, random=RANDOM)).state


def secrets(name: str, version: int = 1) -> CardSecrets:
    return CardSecrets.of(key_set(version), UID, KINDS[name], TEMPLATES, SITE)


@each_kind
def test_a_blank_card_takes_28_commands(name: str) -> None:
    """Three looks at the UID, nine commands to take the card, eight to write, five keys, four to read it back."""
    tap = issued(name)
    assert len(tap.card.sent) == 28
    assert sum(apdu[0] == 0xFF for apdu in tap.card.sent) == 3
    assert tap.refusals == 0


@each_kind
def test_the_layout_stands_on_the_card(name: str) -> None:
    """Every key is AES and diversified, files have their modes and rights, the number is sealed for this UID."""
    tap, own = issued(name), secrets(name)

    def inspect() -> Procedure[None]:
        yield from applications.select_application(AID)
        for number, purpose in reversed(list(enumerate(PURPOSES))):
            session = yield from authenticate.aes(number, own[purpose], RANDOM)
            assert (yield from keys.key_version(session, number)) == 1
        assert (yield from keys.key_settings(session)) == KeySettings(0x09, 5, 0x80)
        assert (yield from files.file_ids(session)) == b"\x01\x02"
        rights = AccessRights(read=1, write=2, read_write=0, change=0)
        assert (yield from files.file_settings(session, 1)) == DataFile(Mode.ENCIPHERED, rights, 32)
        counter = yield from files.file_settings(session, 2)
        assert isinstance(counter, ValueFile)
        assert (counter.rights, counter.lower, counter.upper) == (AccessRights(3, 3, 0, 0), 0, 0xFFFF)
        session = yield from authenticate.aes(1, own[KeyPurpose.READ], RANDOM)
        sealed = yield from content.read_data(session, NUMBER_FILE, 0, 32, MODE)
        assert record.open(sealed, UID, own[KeyPurpose.ISSUER]) == data(1)
        yield from applications.select_application(applications.PICC)
        session = yield from authenticate.aes(0, own[KeyPurpose.PICC], RANDOM)
        assert (yield from keys.key_settings(session)) == KeySettings(0x09, 1, 0x80)

    tap.run(inspect())


@each_kind
def test_strangers_see_nothing(name: str) -> None:
    """Without a key nobody lists, makes or deletes applications, lists files or reads."""
    tap = issued(name)

    def denied(procedure: Procedure[object]) -> None:
        with pytest.raises(DesfireRefusedError) as refusal:
            tap.run(procedure)
        assert refusal.value.status == Status.AUTHENTICATION_ERROR

    def inside(procedure: Procedure[object]) -> Procedure[None]:
        yield from applications.select_application(AID)
        yield from procedure

    denied(applications.application_ids())
    denied(
        applications.create_application(None, b"\1\2\3", key_settings=0x0F, key_type=applications.KeyType.AES, keys=1)
    )
    denied(inside(files.file_ids()))
    denied(inside(content.read_data(None, NUMBER_FILE, 0, 32, Mode.PLAIN)))


@each_kind
def test_the_counter_is_counted_down_by_the_posts(name: str) -> None:
    """Key 3 debits and gives back what it took, and cannot credit more."""
    tap, own = issued(name), secrets(name)

    def count() -> Procedure[tuple[int, int]]:
        yield from applications.select_application(AID)
        session = yield from authenticate.aes(0, own[KeyPurpose.APPLICATION], RANDOM)
        yield from content.credit(session, 2, 5, MODE)
        yield from files.commit(session)
        session = yield from authenticate.aes(3, own[KeyPurpose.COUNTER], RANDOM)
        yield from content.debit(session, 2, 2, MODE)
        yield from files.commit(session)
        low = yield from content.get_value(session, 2, MODE)
        yield from content.limited_credit(session, 2, 2, MODE)
        yield from files.commit(session)
        high = yield from content.get_value(session, 2, MODE)
        return low, high

    assert tap.run(count()) == (3, 5)


@each_kind
def test_steps_are_told_before_their_commands(name: str) -> None:
    """As many steps as were announced, in order."""
    tap, wanted = Tap.of(name), plan(KINDS[name], 1, templates=with_options(forbid_format=True))
    numbers = []

    def watched() -> Procedure[None]:
        work, reply = desfire.personalise(wanted, site_keys(1), RANDOM), b""
        try:
            asked = next(work)
            while True:
                if isinstance(asked, Step):
                    numbers.append(asked.number)
                reply = yield asked
                asked = work.send(reply)
        except StopIteration:
            return

    tap.run(watched())
    assert numbers == list(range(len(desfire.steps(wanted)))) == [0, 1, 2, 3, 4]
    assert len(desfire.steps(plan(KINDS[name], 1))) == 4


@each_kind
def test_options_come_last_and_stay(name: str) -> None:
    """A card that may not be formatted any more is wiped all the same, by deleting."""
    tap = issued(name, templates=with_options(forbid_format=True))
    own = secrets(name)

    def format_it() -> Procedure[None]:
        session = yield from authenticate.aes(0, own[KeyPurpose.PICC], RANDOM)
        yield from picc.format_picc(session)

    with pytest.raises(DesfireRefusedError):
        tap.run(format_it())
    tap.run(desfire.wipe(plan(KINDS[name], 1), site_keys(1), RANDOM))
    assert state(tap, name) is FoundState.BLANK


@each_kind
def test_a_strangers_card_costs_one_try(name: str) -> None:
    """The card's key is not the factory's, though its version says so: one wrong key, and it is left alone."""
    tap = Tap.of(name)

    def take() -> Procedure[None]:
        session = yield from authenticate.iso(0, bytes(16), RANDOM)
        yield from keys.change_key(session, 0x80, b"somebody else's!", 0, kind=KeyKind.AES)

    tap.run(take())
    with pytest.raises(CardForeignError):
        tap.run(desfire.personalise(plan(KINDS[name], 1), site_keys(1), RANDOM))
    assert tap.refusals <= 1
    assert len(tap.card.sent) <= 5


@each_kind
def test_a_key_of_an_unknown_version_is_not_tried(name: str) -> None:
    """A card of another site, or of keys that were retired."""
    tap = issued(name, 9)
    with pytest.raises(CardForeignError, match="version 9"):
        tap.run(desfire.personalise(plan(KINDS[name], 2), site_keys(1, 2), RANDOM))
    assert tap.refusals == 0


@each_kind
def test_another_card_never_gets_keys_of_this_one(name: str) -> None:
    """A card exchanged at any command, unnoticed by the reader, is refused; at the worst it has an empty application.

    On a blank card anybody may make one; its own work goes on from there.
    """
    other = bytes.fromhex("04999999999999")
    changed = 0
    for after in range(28):
        second, tap = make(name, other), Tap.of(name)
        blank = second.dump()
        tap.mortal.logic = Swapped(make(name, UID), second, after)
        with pytest.raises(CardSwappedError):
            tap.run(unless_swapped(UID, desfire.personalise(plan(KINDS[name], 1), site_keys(1), RANDOM)))
        changed += second.dump() != blank
        assert second.dump()["root"] == blank["root"], after
        tap.mortal.logic = second
        tap.run(desfire.personalise(plan(KINDS[name], 1, uid=other), site_keys(1), RANDOM))
    assert changed <= 1


@each_kind
def test_what_was_not_written_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A number that did not reach the card does not pass the reading back."""
    monkeypatch.setattr("drivers.cards.desfire.writing.commit", files.abort)
    with pytest.raises(CardGarbledError, match="read back"):
        issued(name)
