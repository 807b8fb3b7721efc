"""The page of the card keys: versions, check values, what is missing, and never a key."""

import re
from collections.abc import Callable

import pytest

from gateway.domain.person import Role
from gateway.runtime.house import House
from gateway.services import card_keys
from gateway.services.card_keys import load
from gateway.storage.store import SYSTEM
from tests.admin_api.house import KEYRING
from tests.admin_api.pages.conftest import Browser
from tests.admin_api.pages.writer import Writer

PATH = "/settings/card-keys"


def made(house: House, version: int) -> None:
    """A set of keys whose bytes are known."""
    change = card_keys.create if version == 1 else card_keys.rotate
    with house.store.write(SYSTEM) as uow:
        change(uow, KEYRING, _bytes(version))


def _bytes(version: int) -> Callable[[int], bytes]:
    counter = iter(range(256))
    return lambda size: bytes([version, next(counter)]) * (size // 2)


def test_before_there_are_keys_the_page_says_what_to_type(admin_page: Browser) -> None:
    """Both ways to begin; the settings lead here."""
    page = admin_page.see(PATH)
    assert "gatehouse keys init" in page
    assert "gatehouse keys import" in page
    assert PATH in admin_page.see("/settings")


def test_versions_are_shown_by_check_values_and_never_by_keys(admin_page: Browser, house: House) -> None:
    """Seven purposes; no byte string as long as a key."""
    made(house, 1)
    page = admin_page.see(PATH)
    assert "Version 1" in page
    assert "Nothing is missing." in page
    assert len(re.findall(r"<dd><code>[0-9A-Fa-f]{6}</code>", page)) == 7
    with house.store.read() as conn:
        keys = load(conn, KEYRING)
    assert keys is not None
    assert not [key for key in keys.sets[1].keys.values() if key.hex() in page.lower()]


@pytest.mark.usefixtures("place")
def test_a_change_of_keys_shows_which_cards_are_left(admin_page: Browser, house: House, writer: Writer) -> None:
    """With holder and unit; and when none is left, the command that retires the old keys."""
    made(house, 1)
    made(house, 2)
    page = admin_page.see(PATH)
    assert "gatehouse keys retire 1" in page
    assert "Every card carries the newest keys." in page
    writer.issued()
    page = admin_page.see(PATH)
    assert "Some cards carry older keys." in page
    assert "李娜" in page
    assert "3-1-502" in page


def test_only_those_who_audit_see_it(as_role: Callable[[Role], Browser]) -> None:
    """The desk types no keys."""
    as_role(Role.FRONT_DESK).see(PATH, 403)
    as_role(Role.AUDITOR).see(PATH)
