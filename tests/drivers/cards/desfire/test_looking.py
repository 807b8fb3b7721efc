"""A look at a DESFire card tells what it is to us, changes nothing, and tries at most one wrong key."""

from copy import deepcopy

import pytest

from drivers.cards import desfire, record
from drivers.cards.desfire.layout import MODE
from drivers.cards.desfire.protocol import authenticate
from drivers.cards.desfire.protocol.commands import applications, content, files, keys
from drivers.cards.desfire.protocol.commands.applications import KeyType
from drivers.cards.desfire.protocol.keys import KeyKind
from drivers.cards.exchange import Procedure
from drivers.cards.secrets import CardSecrets
from gateway.domain.card_data import CardData, CardKind
from gateway.ports.cards import CardForeignError, CardKeys, FoundCard, FoundState, KeyPurpose
from tests.drivers.cards.desk import SITE, TEMPLATES, UID, Tap, counting, data, key_set, plan
from tests.drivers.cards.desk import keys as site_keys

KINDS = {"desfire-ev1": CardKind.DESFIRE_EV1, "desfire-ev2": CardKind.DESFIRE_EV2}
RANDOM = counting()
AID = TEMPLATES.desfire.aid
pytestmark = pytest.mark.parametrize("name", KINDS)


def issued(name: str, version: int = 1) -> Tap:
    tap = Tap.of(name)
    tap.run(desfire.personalise(plan(KINDS[name], version), site_keys(version), RANDOM))
    return tap


def look(tap: Tap, name: str, known: CardKeys | None) -> FoundCard:
    """Also holds that nothing changed and that at most one key was wrong."""
    before = deepcopy(tap.mortal.logic.dump())  # type: ignore[attr-defined]  # every card of the catalogue has it
    found = tap.run(desfire.look(UID, KINDS[name], known, TEMPLATES, site_number=SITE, random=RANDOM))
    assert tap.mortal.logic.dump() == before  # type: ignore[attr-defined]  # as above
    assert tap.refusals <= 1
    return found


def number(tap: Tap, name: str, known: CardKeys) -> CardData | None:
    return tap.run(desfire.read_number(UID, KINDS[name], known, TEMPLATES, site_number=SITE, random=RANDOM))


def found(name: str, state: FoundState) -> FoundCard:
    return FoundCard(UID, KINDS[name], state)


def test_a_factory_card_is_blank(name: str) -> None:
    """With our keys and without."""
    tap = Tap.of(name)
    assert look(tap, name, site_keys(1)) == found(name, FoundState.BLANK)
    assert look(tap, name, None) == found(name, FoundState.BLANK)
    assert number(tap, name, site_keys(1)) is None


def test_our_card_is_read_with_the_keys_that_it_names(name: str) -> None:
    """The version on the card says which set, so an old card costs no wrong key."""
    tap = issued(name, 1)
    known = site_keys(1, 2, 3)
    assert look(tap, name, known) == FoundCard(UID, KINDS[name], FoundState.OURS, data(1), 1)
    assert tap.refusals == 0
    assert number(tap, name, known) == data(1)
    assert tap.refusals == 0


def test_without_our_keys_our_card_is_foreign(name: str) -> None:
    """Nothing tells it from someone else's."""
    tap = issued(name, 1)
    assert look(tap, name, None) == found(name, FoundState.FOREIGN)
    assert look(tap, name, site_keys(2)) == found(name, FoundState.FOREIGN)
    assert number(tap, name, site_keys(2, 3)) is None
    assert tap.refusals == 0


def test_a_card_of_another_site_with_our_version_is_foreign(name: str) -> None:
    """One wrong key says so; at a gate it has no number."""
    tap = Tap.of(name)
    stranger = CardKeys(1, {1: type(key_set(1))(1, dict.fromkeys(KeyPurpose, b"another site's!!"))})
    tap.run(desfire.personalise(plan(KINDS[name], 1), stranger, RANDOM))
    assert look(tap, name, site_keys(1)) == found(name, FoundState.FOREIGN)
    assert number(tap, name, site_keys(1)) is None
    assert tap.refusals == 1


def test_someone_elses_application_makes_a_card_foreign(name: str) -> None:
    """Even with the factory's key: what lies there is not ours to lose."""
    tap = Tap.of(name)
    tap.run(applications.create_application(None, b"\1\2\3", key_settings=0x0F, key_type=KeyType.DES, keys=1))
    assert look(tap, name, site_keys(1)) == found(name, FoundState.FOREIGN)


def test_our_application_id_with_other_keys_is_foreign(name: str) -> None:
    """Someone who copied the id and nothing else."""
    tap = Tap.of(name)

    def copy() -> Procedure[None]:
        yield from applications.create_application(None, AID, key_settings=0x0F, key_type=KeyType.AES, keys=2)
        yield from applications.select_application(AID)
        session = yield from authenticate.aes(0, bytes(16), RANDOM)
        yield from keys.change_key(session, 0, b"somebody else's!", 0)

    tap.run(copy())
    assert look(tap, name, site_keys(1)) == found(name, FoundState.FOREIGN)
    assert number(tap, name, site_keys(1)) is None


def test_a_key_of_the_card_that_is_not_the_factorys_is_foreign(name: str) -> None:
    """One wrong key, then it is left alone."""
    tap = Tap.of(name)

    def take() -> Procedure[None]:
        session = yield from authenticate.iso(0, bytes(16), RANDOM)
        yield from keys.change_key(session, 0x80, b"somebody else's!", 1, kind=KeyKind.AES)

    tap.run(take())
    assert look(tap, name, site_keys(1)) == found(name, FoundState.FOREIGN)


def test_a_number_that_was_moved_here_is_not_ours(name: str) -> None:
    """The CMAC is for another UID, though our own keys wrote it: torn at the desk, no number at a gate."""
    tap, own = issued(name), CardSecrets.of(key_set(1), UID, KINDS[name], TEMPLATES, SITE)

    def rewrite() -> Procedure[None]:
        yield from applications.select_application(AID)
        session = yield from authenticate.aes(2, own[KeyPurpose.WRITE], RANDOM)
        moved = data(1).encode() + bytes(8)
        yield from content.write_data(session, 1, 0, moved, MODE)
        yield from files.commit(session)

    tap.run(rewrite())
    assert look(tap, name, site_keys(1)) == FoundCard(UID, KINDS[name], FoundState.TORN, None, 1)
    assert number(tap, name, site_keys(1)) is None


def test_the_factory_issues_no_numbers(name: str) -> None:
    """Data that name key version 0 are not checked with a key that everybody knows."""
    tap, own = issued(name), CardSecrets.of(key_set(1), UID, KINDS[name], TEMPLATES, SITE)

    def rewrite() -> Procedure[None]:
        yield from applications.select_application(AID)
        session = yield from authenticate.aes(2, own[KeyPurpose.WRITE], RANDOM)
        yield from content.write_data(session, 1, 0, record.seal(data(0), UID, bytes(16)), MODE)
        yield from files.commit(session)

    tap.run(rewrite())
    assert number(tap, name, site_keys(1)) is None
    assert look(tap, name, site_keys(1)).state is not FoundState.OURS
    with pytest.raises(CardForeignError):
        tap.run(desfire.personalise(plan(KINDS[name], 0), site_keys(1), RANDOM))


def test_a_gate_needs_few_commands(name: str) -> None:
    """Select, two for the key, one to read; one more to ask for the version while there are two."""
    tap = issued(name)
    assert number(tap, name, site_keys(1)) == data(1)
    assert len(tap.card.sent) == 4
    assert number(tap, name, site_keys(1, 2)) == data(1)
    assert len(tap.card.sent) == 5
