"""Cards over HTTP: one request a procedure, refusals that say who, when and by which rule."""

import pytest
from sqlalchemy import update
from starlette.testclient import TestClient

from gateway.domain.identity import IdentityForm
from gateway.domain.person import Role
from gateway.runtime.house import House
from gateway.services import site
from gateway.storage.store import SYSTEM
from gateway.storage.tables import cards
from tests.admin_api.compound import UID, card, created, done, home
from tests.admin_api.conftest import Machine


def listed(house: House) -> int:
    return len(house.keeper.lists()["gardens"])


def test_issue_opens_the_doors_in_one_request(admin: TestClient, house: House) -> None:
    """The card is active and on the list when the answer comes."""
    made = card(admin, home(admin))
    assert (made["state"], made["holder"], made["unit"], made["uid"]) == ("active", "李娜", "3-1-502", UID.lower())
    assert listed(house) == 1
    assert admin.get(f"/api/v1/cards/{made['id']}").json() == made
    assert admin.get(f"/api/v1/cards/by-uid/{UID}").json()["id"] == made["id"]


def test_a_unit_that_was_not_handed_over_gets_no_card(admin: TestClient) -> None:
    """422 with the rule."""
    unit = created(admin, "/units", {"code": "3-1-503"})["id"]
    owner = created(admin, "/people", {"name": "韩梅"})["id"]
    body = {"unit_id": unit, "person_id": owner, "uid": UID, "proof": "owner_file", "receipt": "R-1"}
    answer = admin.post("/api/v1/cards/issue", json=body)
    assert (answer.status_code, answer.json()["rule"]) == (422, "R-CARD-1")
    assert "3-1-503" in answer.json()["detail"]


def test_a_uid_that_someone_holds_names_the_holder_and_the_day(admin: TestClient) -> None:
    """409, so that the desk knows where to look."""
    first = home(admin)
    card(admin, first)
    other = home(admin, "3-1-601", "王芳")
    body = {"unit_id": other.unit, "person_id": other.owner, "uid": UID, "proof": "owner_file", "receipt": "R-2"}
    answer = admin.post("/api/v1/cards/issue", json=body)
    problem = answer.json()
    assert (answer.status_code, problem["rule"]) == (409, "R-CARD-12")
    for part in ("李娜", "3-1-502", "2025-10-09"):
        assert part in problem["detail"]
    assert problem["fields"].keys() == {"uid"}


def test_a_receipt_is_waived_by_a_supervisor_only(admin: TestClient, machine: Machine) -> None:
    """The clerk is told the rule (R-CARD-10)."""
    place = home(admin)
    body = {"unit_id": place.unit, "person_id": place.owner, "uid": UID, "proof": "owner_file", "waived": True}
    answer = machine(Role.FRONT_DESK).post("/api/v1/cards/issue", json=body)
    assert (answer.status_code, answer.json()["rule"]) == (422, "R-CARD-10")
    assert machine(Role.SUPERVISOR).post("/api/v1/cards/issue", json=body).status_code == 201


def test_a_lost_card_is_off_the_list_when_the_answer_comes(admin: TestClient, house: House) -> None:
    """And on it again when it was found."""
    made = card(admin, home(admin))
    lost = done(
        admin, f"/cards/{made['id']}/report-loss", {"provisional": False, "reporter": "李娜", "channel": "desk"}
    )
    assert lost["state"] == "lost"
    assert listed(house) == 0
    assert done(admin, f"/cards/{made['id']}/withdraw-loss", {"holder_verified": True})["state"] == "active"
    assert listed(house) == 1


def test_a_guard_suspends_but_does_not_confirm(admin: TestClient, machine: Machine) -> None:
    """A loss for good needs the desk."""
    made = card(admin, home(admin))
    guard = machine(Role.GUARD)
    report = {"reporter": "李娜", "channel": "guard"}
    address = f"/api/v1/cards/{made['id']}/report-loss"
    assert guard.post(address, json={**report, "channel": "desk", "provisional": False}).status_code == 403
    assert guard.post(address, json=report).json()["state"] == "provisional_lost"


@pytest.mark.parametrize(
    ("act", "body", "state"),
    [
        ("freeze", {"reason": "shared with a courier"}, "frozen"),
        ("cancel", {"reason": "moved out"}, "cancelled"),
        ("confiscate", {"reason": "used by a stranger"}, "confiscated"),
        ("return", {}, "cancelled"),
        ("report-defect", {"note": "cracked"}, "defective"),
    ],
)
def test_every_end_takes_the_card_off_the_list(
    admin: TestClient, house: House, act: str, body: dict[str, str], state: str
) -> None:
    """Whatever it is called."""
    made = card(admin, home(admin))
    assert done(admin, f"/cards/{made['id']}/{act}", body)["state"] == state
    assert listed(house) == 0


@pytest.mark.parametrize(
    ("first", "body", "act", "state"),
    [
        ("freeze", {"reason": "an incident"}, "unfreeze", "active"),
        ("confiscate", {"reason": "an incident"}, "restore", "active"),
        ("cancel", {"reason": "moved out"}, "recover", "blank"),
        ("cancel", {"reason": "moved out"}, "scrap", "scrapped"),
    ],
)
def test_what_ended_goes_on_as_the_life_of_a_card_allows(
    admin: TestClient, first: str, body: dict[str, str], act: str, state: str
) -> None:
    """One step each."""
    made = card(admin, home(admin))
    done(admin, f"/cards/{made['id']}/{first}", body)
    assert done(admin, f"/cards/{made['id']}/{act}")["state"] == state


def test_a_step_a_card_cannot_take_is_refused_by_its_rule(admin: TestClient) -> None:
    """Nothing comes of it."""
    made = card(admin, home(admin))
    answer = admin.post(f"/api/v1/cards/{made['id']}/unfreeze")
    assert (answer.status_code, answer.json()["rule"]) == (422, "R-CARD-27")


def test_a_lost_card_is_replaced_by_another(admin: TestClient, house: House) -> None:
    """The old one ends, the new one opens; both stories stay."""
    made = card(admin, home(admin))
    done(admin, f"/cards/{made['id']}/report-loss", {"reporter": "李娜", "channel": "phone"})
    done(admin, f"/cards/{made['id']}/confirm-loss")
    body = {"uid": "04FFEEDDCCBBAA", "proof": "owner_file", "receipt": "R-2"}
    new = created(admin, f"/cards/{made['id']}/replace", body)
    assert (new["state"], new["replaces_id"]) == ("active", made["id"])
    assert listed(house) == 1
    story = admin.get(f"/api/v1/cards/{made['id']}/story").json()["items"]
    part = admin.get(f"/api/v1/cards/{made['id']}/story", params={"limit": 1}).json()
    rest = admin.get(f"/api/v1/cards/{made['id']}/story", params={"after": part["next"]}).json()
    assert (part["items"] + rest["items"], rest["next"]) == (story, None)
    assert [record["kind"] for record in story] == [
        "card.issue",
        "card.report_loss",
        "card.confirm_loss",
        "card.cancel",
    ]


def test_stock_comes_in_whole_or_not_at_all(admin: TestClient) -> None:
    """One known number refuses the box."""
    box = {"cards": [{"number": "0001"}, {"number": "0002", "uid": UID}]}
    assert [c["state"] for c in created(admin, "/cards", box)["items"]] == ["blank", "blank"]
    answer = admin.post("/api/v1/cards", json={"cards": [{"number": "0003"}, {"number": "0001"}]})
    assert answer.status_code == 409
    numbers = [c["number"] for c in admin.get("/api/v1/cards", params={"state": "blank"}).json()["items"]]
    assert numbers == ["0001", "0002"]


def test_a_card_is_renewed_to_a_day_within_its_bounds(admin: TestClient) -> None:
    """A renewal sets the end absolutely."""
    made = card(admin, home(admin))
    until = "2026-01-01T00:00:00+08:00"
    body = {"valid_until": until, "receipt": "R-9"}
    assert done(admin, f"/cards/{made['id']}/renew", body)["valid_until"] == "2025-12-31T16:00:00Z"


def test_reach_counts_the_gates_that_have_it(admin: TestClient) -> None:
    """Wired gates at once; a controller that never reported is waited for."""
    made = card(admin, home(admin))
    reached = admin.get(f"/api/v1/cards/{made['id']}/reach").json()
    assert (reached["confirmed"], reached["total"]) == (2, 3)
    assert {gate["portal"]: gate["state"] for gate in reached["gates"]} == {
        "main-in": "opens",
        "main-out": "opens",
        "north-in": "offline_since",
    }


def test_why_is_the_gates_own_answer(admin: TestClient, machine: Machine) -> None:
    """Granted with the basis, denied with the reason, and nothing is changed by asking."""
    made = card(admin, home(admin))
    ask = {"portal": "main-in", "identity": "uid", "value": UID}
    captain = machine(Role.CAPTAIN)
    granted = captain.post("/api/v1/decisions", json=ask).json()
    assert (granted["granted"], granted["card_id"], granted["list"]) == (True, made["id"], "gardens")
    assert granted["bases"][0]["relation"] == "owner"
    done(admin, f"/cards/{made['id']}/freeze", {"reason": "an incident"})
    denied = captain.post("/api/v1/decisions", json=ask).json()
    assert (denied["granted"], denied["reason"]) == (False, "unknown_credential")
    assert "frozen" in denied["sentence"]
    later = captain.post("/api/v1/decisions", json={**ask, "portal": "nowhere"})
    assert later.status_code == 404


def test_why_of_a_uid_says_what_the_number_on_the_card_opens(admin: TestClient, house: House) -> None:
    """The answer is the gate's, and refuses the UID; the sentence names the card and tells the two apart."""
    made = card(admin, home(admin))
    with house.store.write(SYSTEM) as uow:
        uow.conn.execute(update(cards).where(cards.c.id == made["id"]).values(secure_number=bytes(range(1, 9))))
        site.set_area_forms(uow, house.keys, "gardens", (IdentityForm.UID, IdentityForm.SECURE))
    ask = {"portal": "main-in", "identity": "uid", "value": UID}
    by_uid = admin.post("/api/v1/decisions", json=ask).json()
    assert (by_uid["granted"], by_uid["reason"], by_uid["card_id"]) == (False, "unknown_credential", made["id"])
    assert " may pass " in by_uid["sentence"]
    assert by_uid["sentence"].endswith("its UID alone is refused there as a copy.")
    by_number = admin.post("/api/v1/decisions", json={**ask, "identity": "secure", "value": "0102030405060708"}).json()
    assert (by_number["granted"], by_number["card_id"]) == (True, made["id"])


def test_entitlements_name_their_basis(admin: TestClient) -> None:
    """Whether a card carries them or not."""
    place = home(admin)
    rights = admin.get("/api/v1/entitlements", params={"holder": place.owner}).json()["items"]
    assert [(right["area"], right["basis"]) for right in rights] == [("gardens", "residence")]
    elsewhere = admin.get("/api/v1/entitlements", params={"holder": place.owner, "area": "pool"}).json()["items"]
    assert elsewhere == []
