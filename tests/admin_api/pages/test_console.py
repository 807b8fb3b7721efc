"""The console: gates as read back, alarms to acknowledge, remote opening with a reason, and why."""

import re
from collections.abc import Callable

import pytest
from sqlalchemy import update
from starlette.testclient import TestClient

from gateway.domain.identity import Identity, IdentityForm
from gateway.domain.person import Proof, Role
from gateway.ports import DeviceOfflineError
from gateway.runtime.house import House
from gateway.services import alarms, card_views, encode_jobs, site
from gateway.services.encode_jobs import BatchRow
from gateway.storage import tables
from gateway.storage.store import SYSTEM
from tests.admin_api.compound import Home, card
from tests.admin_api.house import FakePortals
from tests.admin_api.pages.conftest import Browser
from tests.admin_api.pages.writer import UID, Writer


def test_everything_at_a_glance(admin_page: Browser) -> None:
    """Gates with their state, devices with why they are dark, controllers that are not enrolled."""
    page = admin_page.see("/console")
    for part in ("大门入口", "closed", "The adapter ttyUSB0 is gone.", "not enrolled", "No open alarm."):
        assert part in page


def test_an_alarm_is_acknowledged_by_a_person(admin_page: Browser, house: House) -> None:
    """It goes from the top into the record."""
    with house.store.write(SYSTEM) as uow:
        raised = alarms.raise_alarm(uow, "portal_forced", "portal:main-in")
    assert "A gate opened without being told to." in admin_page.see("/console/alarms")
    page = admin_page.submit(f"/console/alarms/{raised.id}/acknowledge")
    assert "No open alarm." in page
    assert re.search(r"alarm acknowledged</span> 大门入口 <span[^>]*>A gate opened without being told to", page)


def test_a_gate_opens_from_afar_with_a_reason(admin_page: Browser, barriers: FakePortals) -> None:
    """No reason, no opening (R-GATE-10)."""
    assert "Say why the gate is opened." in admin_page.submit("/console/portals/main-in/open", 422, reason=" ")
    assert not barriers.acts
    admin_page.submit("/console/portals/main-in/open", reason="a pram")
    assert [act[0] for act in barriers.acts] == ["open"]
    assert barriers.acts[0][-1] == "a pram"


def test_a_gate_that_does_not_answer_is_said_with_the_form(admin_page: Browser, barriers: FakePortals) -> None:
    """The reason is still there for the next try."""
    barriers.failure = DeviceOfflineError("%(device)s does not answer on %(link)s: check its power and the cable.",
                                          device="main-barrier", link="ttyUSB1")  # fmt: skip
    page = admin_page.submit("/console/portals/main-in/open", 422, reason="a pram")
    assert "main-barrier does not answer on ttyUSB1" in page
    assert 'value="a pram"' in page


def test_a_guard_opens_only_the_own_gate(guard: Browser, barriers: FakePortals) -> None:
    """And sees only what happens there."""
    guard.submit("/console/portals/north-in/open", 403, reason="x")
    guard.submit("/console/portals/main-in/open", reason="a pram")
    assert barriers.acts[0][1] == "main-in"
    assert "user " not in guard.see("/console/events")


def test_a_refusal_is_explained_in_one_click(admin_page: Browser, admin: TestClient, house: House, place: Home) -> None:
    """From the event to the card, its holder and what to do."""
    card(admin, place)
    card_id = 1
    admin.post(f"/api/v1/cards/{card_id}/freeze", json={"reason": "incident"})
    key = house.keys.list(Identity.uid(UID.hex()))
    body = {"reason": "unknown_credential", "key": key.hex(), "list": "gardens", "version": 2}
    with house.store.write(SYSTEM) as uow:
        uow.record("access.denied", "portal:main-in", body)
    events = admin_page.see("/console/events")
    link = events.split('href="/console/why/')[1].split('"')[0]
    page = admin_page.see(f"/console/why/{link}")
    assert "is frozen since" in page
    assert f"/desk/cards/{card_id}" in page


def test_a_passage_names_the_card_and_its_holder(
    admin_page: Browser, as_role: Callable[[Role], Browser], admin: TestClient, house: House, place: Home
) -> None:
    """To whoever may ask why; the record itself holds only the card's id."""
    card(admin, place)
    with house.store.write(SYSTEM) as uow:
        uow.record("access.granted", "portal:main-in", {"credential": "card:1"})
    with house.store.read() as conn:
        held = card_views.get(conn, 1)
    assert f"Card {held.number} · {held.holder}" in admin_page.see("/console/events")
    assert f"{held.holder}" not in as_role(Role.GUARD).see("/console/events")


def test_work_at_the_encoder_and_card_keys_go_by_words(admin_page: Browser, house: House, writer: Writer) -> None:
    """Never by the ids of rows."""
    job = writer.plan()
    with house.store.write(SYSTEM) as uow:
        uow.record("card_keys.completed", "card_keys:1", {"version": 1})
        encode_jobs.plan_batch(
            uow, "3 号楼", [BatchRow("3-1-502", "李娜", Proof.OWNER_FILE, None, "R-9", waived=False)]
        )
    page = admin_page.see("/console")
    for words in ("Work on card 0001", "Card keys, version 1", "List “3 号楼”"):
        assert words in page
    assert job.id not in page
    assert "card_keys 1" not in page


def test_an_unknown_card_is_explained_too(admin_page: Browser, house: House) -> None:
    """Nothing is known of it, and that is said."""
    with house.store.write(SYSTEM) as uow:
        uow.record("access.denied", "portal:main-in", {"reason": "unknown_credential", "key": "0102030405060708"})
    link = admin_page.see("/console/events").split('href="/console/why/')[1].split('"')[0]
    assert "No card of this site is known by this number." in admin_page.see(f"/console/why/{link}")
    admin_page.see("/console/why/99999", 404)


def test_sections_are_fetched_alone(as_role: Callable[[Role], Browser]) -> None:
    """What a live page asks for is a part, not a page."""
    captain = as_role(Role.CAPTAIN)
    for section in ("alarms", "gates", "controllers", "devices", "events"):
        assert "<html" not in captain.see(f"/console/{section}")
    captain.see("/console/nothing", 404)


def test_a_gate_is_held_open_and_given_back(admin_page: Browser, barriers: FakePortals) -> None:
    """Asked by naming it, with what will happen and a reason; the row says so until it is ended."""
    page = admin_page.see("/console/portals/main-in/hold")
    assert "Hold 大门入口 open?" in page
    assert "until somebody ends the hold" in page
    assert "R-GATE-10" in admin_page.submit("/console/portals/main-in/hold", 422, reason=" ")
    assert not barriers.acts
    page = admin_page.submit("/console/portals/main-in/hold", reason="movers all day")
    assert barriers.acts == [("mode", "main-in", "held_open")]
    assert "stays open until ended" in page
    assert "/console/portals/main-in/end-hold" in page
    page = admin_page.submit("/console/portals/main-in/end-hold", reason="movers left")
    assert barriers.acts[-1] == ("mode", "main-in", "normal")
    assert "stays open until ended" not in page


def test_a_lock_out_is_for_the_way_in_alone(admin_page: Browser, barriers: FakePortals) -> None:
    """It denies entry; no way out offers it or takes it."""
    assert "Nobody is locked in" in admin_page.see("/console/portals/main-in/lock-out")
    page = admin_page.submit("/console/portals/main-in/lock-out", reason="gas alarm")
    assert "nobody may enter" in page
    assert "/console/portals/main-out/lock-out" not in page
    assert "nobody is locked in" in admin_page.submit("/console/portals/main-out/lock-out", 422, reason="x")
    admin_page.submit("/console/portals/main-in/end-lock-out", reason="all clear")
    assert [act[2] for act in barriers.acts] == ["locked_out", "normal"]


def test_a_mode_the_gate_does_not_follow_is_said(admin_page: Browser, barriers: FakePortals) -> None:
    """The mode stands, the reason is still there, and the way to repeat it."""
    barriers.failure = DeviceOfflineError("%(device)s does not answer on %(link)s: check its power and the cable.",
                                          device="main-barrier", link="ttyUSB1")  # fmt: skip
    page = admin_page.submit("/console/portals/main-in/hold", 422, reason="movers")
    assert "main-barrier does not answer" in page
    assert "The new mode is on record" in page
    assert 'value="movers"' in page


def test_a_guard_sees_the_own_gate_and_sets_no_mode(guard: Browser) -> None:
    """Modes are for those the API lets set them."""
    page = guard.see("/console/gates")
    assert "大门入口" in page
    assert "/console/portals/north-in" not in page
    assert "/hold" not in page
    assert "/console/portals/main-in/open" in page
    guard.see("/console/portals/main-in/hold", 403)
    guard.submit("/console/portals/main-in/hold", 403, reason="x")


def test_older_events_come_page_by_page_with_the_filter_kept(admin_page: Browser, house: House) -> None:
    """Newest first; each page leads to the next, however rare what is looked for; nothing is shown twice."""
    with house.store.write(SYSTEM) as uow:
        for n in range(400):
            uow.record("portal.opened", "portal:main-in", {"reason": f"pram {n:03}" if n % 100 == 0 else f"van {n:03}"})
    page = admin_page.see("/console")
    assert "van 399" in page
    assert "van 200" not in page
    seen: list[str] = []
    page = admin_page.see("/console/events")
    while True:
        seen += re.findall(r"(?:van|pram) \d{3}", page)
        older = re.search(r'data-older href="/console\?([^"]+)"', page)
        if older is None:
            break
        page = admin_page.see(f"/console/events?{older[1]}".replace("&amp;", "&"))
    assert len(seen) == len(set(seen)) == 400
    assert seen == sorted(seen, key=lambda text: text[-3:], reverse=True)
    page = admin_page.see("/console?q=PRAM+%E5%A4%A7%E9%97%A8")
    assert re.findall(r"pram \d{3}", page) == ["pram 300", "pram 200", "pram 100", "pram 000"]
    assert "van " not in page
    assert "No event here holds all of these words." in admin_page.see("/console?q=zebra")


def test_a_guard_reaches_no_other_gate_through_older_events(guard: Browser, house: House) -> None:
    """The same eyes for the past as for the present."""
    with house.store.write(SYSTEM) as uow:
        uow.record("portal.opened", "portal:north-in", {"reason": "elsewhere"})
        uow.record("portal.opened", "portal:main-in", {"reason": "here"})
    page = guard.see("/console/events?before=9999&q=opened")
    assert "here" in page
    assert "elsewhere" not in page


def test_a_gate_that_a_release_opened_is_not_opened_by_hand(admin_page: Browser, house: House) -> None:
    """The slip's number says why, in the stream and in the gate's row."""
    with house.store.write(SYSTEM) as uow:
        uow.record("portal.opened", "portal:main-in", {"reason": "slip 17"})
    for section in ("events", "gates"):
        page = admin_page.see(f"/console/{section}")
        assert "opened for slip 17" in page
        assert "opened by hand" not in page


def test_the_alarm_of_a_used_slip_says_which_slip_where_and_why(admin_page: Browser, house: House) -> None:
    """The number, the post and the verdict in words."""
    detail = {"code": "ALREADY_RELEASED", "post": "main", "slip_no": 7}
    with house.store.write(SYSTEM) as uow:
        alarms.raise_alarm(uow, "slip_presented", "slip-no:7", detail)
        alarms.raise_alarm(uow, "slip_presented", "post:main", {"code": "BAD_SIGNATURE", "post": "main"})
    page = admin_page.see("/console/alarms")
    assert "Slip 7 was presented at 大门岗: Used." in page
    assert "A slip was presented at 大门岗: Forged." in page
    assert re.search(r"alarm</span> Slip 7 <span[^>]*>A bad release slip", admin_page.see("/console/events"))


def test_the_alarm_of_a_copied_card_says_which_card_whose_and_where(admin_page: Browser, house: House) -> None:
    """Whoever is called knows whom to call."""
    detail = {"card": "0417", "unit": "3-1-502", "portal": "main-in"}
    with house.store.write(SYSTEM) as uow:
        alarms.raise_alarm(uow, "clone_suspected", "card:1", detail)
    page = admin_page.see("/console/alarms")
    assert "A copy of a card was presented." in page
    assert "At 大门入口 someone showed the UID of card 0417 (3-1-502)" in page
    assert re.search(r"alarm</span> card 1 · 大门入口 <span[^>]*>A copy of a card", admin_page.see("/console/events"))


def test_a_refused_copy_is_explained_as_one(admin_page: Browser, admin: TestClient, house: House, place: Home) -> None:
    """Not as a card that the desk could issue."""
    made = card(admin, place)
    with house.store.write(SYSTEM) as uow:
        uow.conn.execute(update(tables.cards).where(tables.cards.c.id == made["id"]).values(secure_number=bytes(8)))
        site.set_area_forms(uow, house.keys, "gardens", (IdentityForm.UID, IdentityForm.SECURE))
        key = house.keys.list(Identity.uid(UID.hex()))
        uow.record("access.denied", "portal:main-in", {"reason": "unknown_credential", "key": key.hex()})
    link = admin_page.see("/console/events").split('href="/console/why/')[1].split('"')[0]
    page = admin_page.see(f"/console/why/{link}")
    assert f"This is the UID of card {made['number']} of 李娜, 3-1-502, without the number" in page
    assert "No card of this site" not in page
    assert f"/desk/cards/{made['id']}" in page


@pytest.mark.parametrize(
    "kind",
    [
        "time_suspect",
        "read_back_failed",
        "publish_refused",
        "controller_ahead",
        "base_not_published",
        "over_capacity",
        "malformed",
    ],
)
def test_an_alarm_of_the_lists_is_a_sentence(admin_page: Browser, house: House, kind: str) -> None:
    """No bare names of kinds and parts."""
    with house.store.write(SYSTEM) as uow:
        alarms.raise_alarm(uow, kind, "sync")
    page = admin_page.see("/console/alarms")
    assert kind.replace("_", " ") + "<" not in page
    assert "The message broker" in page


def test_an_alarm_that_is_over_says_so(admin_page: Browser, house: House) -> None:
    """The device is back; somebody may still want to know that it was gone."""
    with house.store.write(SYSTEM) as uow:
        alarms.raise_alarm(uow, "device_offline", "device:main-reader", {"why": "It does not answer."})
        alarms.raise_alarm(uow, "device_offline", "device:main-barrier", {"why": "It does not answer."})
    page = admin_page.see("/console/alarms")
    assert page.count("<strong>A device is offline.") == 1
    assert page.count("<strong>A device was offline and is back.") == 1
    assert "back since" not in page
    with house.store.write(SYSTEM) as uow:
        uow.record("device.online", "device:main-barrier")
    assert "It was offline; back since" in admin_page.see("/console/alarms")


def test_a_gate_behind_a_controller_shows_what_is_known_of_it(admin_page: Browser, house: House) -> None:
    """No barrier is read there: it decides alone; a mode is named when it is not the normal one."""
    row = admin_page.see("/console/gates").split("north-in")[0].rsplit("<tr", 1)[1]
    assert "decides alone" in row
    assert "normal" not in row
    assert "not known" not in row
    report = {"online": False, "lists": {}}
    with house.store.write(SYSTEM) as uow:
        values = {"report": report, "seen_at": uow.now - 600}
        uow.conn.execute(update(tables.controllers).where(tables.controllers.c.id == "north").values(values))
    row = admin_page.see("/console/gates").split("north-in")[0].rsplit("<tr", 1)[1]
    assert re.search(r"offline</span> last heard <time", row)
