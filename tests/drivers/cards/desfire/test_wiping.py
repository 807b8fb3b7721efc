"""Wiping takes everything of ours off a DESFire card, and nothing of others."""

import pytest

from drivers.cards import desfire
from drivers.cards.desfire.protocol.commands import applications
from drivers.cards.desfire.protocol.commands.applications import KeyType
from drivers.cards.exchange import Procedure
from gateway.domain.card_data import CardKind
from gateway.ports.cards import CardForeignError, CardSwappedError
from simulators.cards.catalogue import make
from tests.drivers.cards.desk import UID, Tap, counting, plan
from tests.drivers.cards.desk import keys as site_keys

KINDS = {"desfire-ev1": CardKind.DESFIRE_EV1, "desfire-ev2": CardKind.DESFIRE_EV2}
RANDOM = counting()
OTHERS = b"\x01\x02\x03"
pytestmark = pytest.mark.parametrize("name", KINDS)


def wipe(name: str, version: int = 1) -> Procedure[None]:
    return desfire.wipe(plan(KINDS[name], version), site_keys(1, 2), RANDOM)


def test_a_wiped_card_is_a_factory_card(name: str) -> None:
    """Key, settings, applications and memory."""
    tap = Tap.of(name)
    tap.run(desfire.personalise(plan(KINDS[name], 1), site_keys(1), RANDOM))
    tap.run(wipe(name))
    assert tap.mortal.logic.dump() == make(name, UID).dump()  # type: ignore[attr-defined]  # cards of the catalogue have it
    assert len(tap.card.sent) == 13


def test_a_blank_card_may_be_wiped(name: str) -> None:
    """Nothing of ours is there: it stays as it is."""
    tap = Tap.of(name)
    tap.run(wipe(name))
    assert tap.mortal.logic.dump() == make(name, UID).dump()  # type: ignore[attr-defined]  # as above


def test_others_applications_stay(name: str) -> None:
    """Ours is deleted beside them instead of formatting the card."""
    tap = Tap.of(name)
    tap.run(applications.create_application(None, OTHERS, key_settings=0x0F, key_type=KeyType.DES, keys=1))
    tap.run(desfire.personalise(plan(KINDS[name], 1), site_keys(1), RANDOM))
    tap.run(wipe(name))
    assert tap.run(applications.application_ids()) == [OTHERS]


def test_whose_keys_are_on_it_decides(name: str) -> None:
    """Keys of an earlier version open it, whatever the plan says; keys that we do not have leave it alone."""
    tap = Tap.of(name)
    tap.run(desfire.personalise(plan(KINDS[name], 9), site_keys(9), RANDOM))
    before = tap.mortal.logic.dump()  # type: ignore[attr-defined]  # as above
    with pytest.raises(CardForeignError):
        tap.run(wipe(name))
    assert tap.mortal.logic.dump() == before  # type: ignore[attr-defined]  # as above
    tap.run(desfire.wipe(plan(KINDS[name], 2), site_keys(9, 2), RANDOM))
    assert tap.run(applications.application_ids()) == []


def test_another_card_is_not_wiped(name: str) -> None:
    """Not even a blank one."""
    tap = Tap.of(name, bytes(reversed(UID)))
    with pytest.raises(CardSwappedError):
        tap.run(wipe(name))
