"""The desk finds a household, sees what lies on the encoder, and issues a card in three acts."""

from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from gateway.domain.person import Role
from gateway.services import encode_jobs
from gateway.storage.store import Actor
from tests.admin_api.compound import Home, card
from tests.admin_api.pages.conftest import Browser
from tests.admin_api.pages.writer import BLANK, UID, Writer

Lay = Callable[..., None]
AsRole = Callable[[Role], Browser]


def issue(browser: Browser, place: Home, status: int = 200, **fields: str) -> str:
    form = {"encoder": "desk", "uid": UID.hex(), "receipt": "R-7", **fields}
    return browser.submit(f"/desk/units/{place.unit}/people/{place.owner}/cards", status, **form)


@pytest.mark.parametrize("query", ["3-1-502", "李娜", "1234"])
def test_one_field_finds_by_unit_name_and_phone(clerk: Browser, place: Home, query: str) -> None:
    """Each hit leads to the household."""
    page = clerk.client.get("/desk/search", params={"q": query}).text
    assert f"/desk/units/{place.unit}" in page


def test_nothing_found_says_what_to_try(clerk: Browser) -> None:
    """An empty result helps."""
    assert "Nothing found for “nobody”" in clerk.client.get("/desk/search", params={"q": "nobody"}).text


def test_what_was_searched_for_cannot_become_markup(clerk: Browser) -> None:
    """Everything is escaped."""
    page = clerk.client.get("/desk", params={"q": "<script>alert(1)</script>"}).text
    assert "<script>alert" not in page


def test_a_first_card_takes_three_acts(clerk: Browser, place: Home, lay: Lay) -> None:
    """Find the person, lay the card, press Enter on the receipt's number."""
    assert f"?q=%E6%9D%8E%E5%A8%9C&amp;person={place.owner}" in clerk.see("/desk/search?q=李娜")
    lay(UID)
    assert "Issue to 李娜" in clerk.see(f"/desk/units/{place.unit}?person={place.owner}")
    page = issue(clerk, place)
    assert "Card 0001 is issued." in page
    assert "Opens at 2 of 3 gates" in page


def test_an_error_names_the_rule_and_keeps_what_was_typed(clerk: Browser, place: Home, lay: Lay) -> None:
    """No receipt: the number typed for the card is still there."""
    lay(UID)
    page = issue(clerk, place, 422, receipt="", number="A-77")
    assert "R-CARD-10" in page
    assert 'value="A-77"' in page
    assert 'aria-invalid="true"' in page
    assert 'id="e-receipt"' in page


def test_what_is_wrong_outlives_the_first_look_at_the_encoder(clerk: Browser, place: Home, lay: Lay) -> None:
    """The sentence stands outside of what is fetched anew, once; the fields in it keep their errors."""
    lay(UID, BLANK)
    page = issue(clerk, place, 422, receipt="")
    before, live = page.split('data-live="encoder encode_job device"')
    assert before.count("R-CARD-10") == 1
    assert "R-CARD-10" not in live
    assert live.partition(">")[0].count("data-answered") == 1
    assert 'id="e-receipt"' in live


def test_a_blank_card_asks_for_someone_of_the_open_household(clerk: Browser, place: Home, lay: Lay) -> None:
    """And for a household when none is open."""
    lay(UID)
    assert "Choose in the household who gets it." in clerk.see(f"/desk/units/{place.unit}")
    assert "Search for the household" in clerk.see("/desk")


def test_a_card_that_belongs_to_someone_says_to_whom(clerk: Browser, admin: TestClient, place: Home, lay: Lay) -> None:
    """Whose it is, since when, what to do."""
    card(admin, place)
    lay(UID)
    assert "It belongs to 李娜, 3-1-502." in clerk.see("/desk/encoder")
    page = issue(clerk, place, 422)
    assert "already belongs to 李娜" in page


def test_another_card_slipped_in_between_is_not_issued(clerk: Browser, place: Home, lay: Lay) -> None:
    """The act names the card that was seen."""
    lay(bytes.fromhex("04FFFFFFFFFFFF"))
    assert "Another card lies on the encoder now." in issue(clerk, place, 422)
    lay(None)
    assert "The card was taken off the encoder." in issue(clerk, place, 422)


def test_a_phone_on_the_encoder_is_told(clerk: Browser, lay: Lay) -> None:
    """Random numbers are never enrolled."""
    lay(bytes.fromhex("08A1B2C3"), random_uid=True)
    assert "This is a phone" in clerk.see("/desk/encoder")


def test_an_auditor_sees_and_changes_nothing(as_role: AsRole, place: Home, lay: Lay) -> None:
    """No button, and no way around it."""
    lay(UID)
    auditor = as_role(Role.AUDITOR)
    page = auditor.see(f"/desk/units/{place.unit}?person={place.owner}")
    assert "Issue to" not in page
    issue(auditor, place, 403)


def test_a_lost_card_stops_and_can_be_replaced(clerk: Browser, admin: TestClient, place: Home, lay: Lay) -> None:
    """Report, confirm, and the encoder offers the replacement."""
    old = card(admin, place)["id"]
    assert "Report card 0001 lost?" in clerk.see(f"/desk/cards/{old}/lost")
    page = clerk.submit(f"/desk/cards/{old}/lost", reporter="李娜", channel="phone")
    assert "Card 0001 is reported lost." in page
    clerk.submit(f"/desk/cards/{old}/confirm-loss")
    lay(bytes.fromhex("04AAAAAAAAAAAA"))
    assert "Replaces card 0001" in clerk.see(f"/desk/units/{place.unit}?person={place.owner}")
    page = issue(clerk, place, uid="04aaaaaaaaaaaa", replaces=str(old))
    assert "the old one is over" in page
    assert "cancelled" in clerk.see(f"/desk/cards/{old}")


def test_a_loss_is_withdrawn_only_by_its_holder(clerk: Browser, admin: TestClient, place: Home) -> None:
    """R-CARD-15, told where it is asked."""
    lost = card(admin, place)["id"]
    clerk.submit(f"/desk/cards/{lost}/lost", reporter="李娜", channel="desk")
    assert "R-CARD-15" in clerk.submit(f"/desk/cards/{lost}/found", 422)
    assert "is changed." in clerk.submit(f"/desk/cards/{lost}/found", holder_verified="1")


def test_arrears_cancel_no_card(clerk: Browser, admin: TestClient, place: Home) -> None:
    """R-CARD-25 stands on the page that asks, and behind it."""
    card_id = card(admin, place)["id"]
    assert "R-CARD-25" in clerk.submit(f"/desk/cards/{card_id}/cancel", 422, reason="欠费")
    assert "is changed." in clerk.submit(f"/desk/cards/{card_id}/cancel", reason="moved away")


def test_a_card_tells_its_story(clerk: Browser, admin: TestClient, place: Home) -> None:
    """What was done, newest first."""
    page = clerk.see(f"/desk/cards/{card(admin, place)['id']}")
    assert "card issued" in page
    assert "Opens at" in page


def test_the_story_names_who_ordered_the_work_and_where_it_ended(clerk: Browser, writer: Writer) -> None:
    """A card that was finished after a pull-off was finished by no person."""
    job = writer.write(writer.plan())
    with writer.house.store.write(Actor("encoder:desk", "desk", frozenset())) as uow:
        encode_jobs.verifying(uow, job.id, "desk")
        encode_jobs.finish(uow, writer.house.keys, job.id, "desk")
    page = clerk.see(f"/desk/cards/{job.card_id}")
    assert f"· {job.created_by} · desk</span>" in page
    assert "encoder:" not in page


def test_an_unknown_act_or_card_is_a_page_that_says_so(clerk: Browser) -> None:
    """With the way back."""
    assert "There is no card with the id 999." in clerk.see("/desk/cards/999", 404)
    assert "There is no such page." in clerk.see("/desk/cards/1/explode", 404)
    assert "There is no such page." in clerk.see("/desk/cards/x", 404)
