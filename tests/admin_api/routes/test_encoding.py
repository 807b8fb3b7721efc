"""Work at the encoders over HTTP: ordered once, refused with whoever is in the way, told to the desk alone."""

import os
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from gateway.domain.card_data import CardData, CardKind
from gateway.domain.encode_job import JobState
from gateway.domain.errors import RuleViolationError
from gateway.domain.person import Role
from gateway.ports import CardOnEncoder
from gateway.ports.cards import FoundCard, FoundState, KeyPurpose
from gateway.runtime.house import House, LaidCard
from gateway.services import card_keys, encode_jobs
from gateway.storage.store import SYSTEM, Actor
from tests.admin_api.compound import UID, Home, card, created, done, home
from tests.admin_api.conftest import Machine
from tests.admin_api.encoding import desk_of
from tests.admin_api.house import KEYRING, FakeEncoders
from tests.admin_api.routes.encoder_talk import refused, row

CHIP = bytes.fromhex(UID)
OTHER = bytes.fromhex("04FFEEDDCCBBAA")
NUMBER = bytes(range(1, 9))
DESK = Actor("encoder:desk", "desk", frozenset())
Lay = Callable[..., None]


@pytest.fixture
def lay(house: House) -> Lay:
    """Lays a card on the encoder "desk" and says what it turned out to be; None takes it away."""

    def do(
        uid: bytes | None, state: FoundState | None = FoundState.BLANK, kind: CardKind = CardKind.DESFIRE_EV2
    ) -> None:
        assert isinstance(house.encoders, FakeEncoders)
        card = None if uid is None else CardOnEncoder(uid)
        ours = state is FoundState.OURS
        data = CardData(7, NUMBER, 1_760_000_000, 1) if ours else None
        found = None if uid is None or state is None else FoundCard(uid, kind, state, data, 1 if ours else None)
        house.encoders.known = [LaidCard("desk", house.encoders.known[0].version + 1, card, found=found)]

    return do


@pytest.fixture
def place(admin: TestClient) -> Home:
    return home(admin)


def order(place: Home, **more: Any) -> dict[str, Any]:
    body = {"encoder": "desk", "uid": UID, "what": "issue", "unit_id": place.unit, "person_id": place.owner}
    return {**body, "proof": "owner_file", "receipt": "R-1", **more}


def ordered(client: TestClient, body: dict[str, Any]) -> dict[str, Any]:
    answer = client.post("/api/v1/encode-jobs", json=body)
    assert answer.status_code == 202, answer.text
    made: dict[str, Any] = answer.json()
    return made


def work(house: House, job_id: str, *, upto: JobState) -> None:
    """What the desk does with a job, as far as ``upto``."""
    with house.store.write(DESK) as uow:
        encode_jobs.take(uow, job_id, "desk")
        encode_jobs.start(uow, job_id, "desk", 3)
    if upto is JobState.UNKNOWN:
        with house.store.write(DESK) as uow:
            encode_jobs.fail(uow, job_id, "desk", RuleViolationError("R-CARD-11", "It was lifted."))
    elif upto is JobState.ACTIVE:
        with house.store.write(DESK) as uow:
            encode_jobs.mark(uow, job_id, "desk", 0)
            encode_jobs.verifying(uow, job_id, "desk")
            encode_jobs.finish(uow, house.keys, job_id, "desk")


# --- Encoders -------------------------------------------------------------------------------------


def test_an_encoder_shows_what_lies_on_it(admin: TestClient, lay: Lay) -> None:
    """Nothing, something that is being read, a card of ours."""
    seen = []
    for state in (None, FoundState.OURS):
        lay(CHIP, state)
        seen.append(admin.get("/api/v1/encoders").json()["items"][0])
    assert [(one["uid"], one["version"]) for one in seen] == [(UID.lower(), 1), (UID.lower(), 2)]
    assert seen[0]["found"] is None
    known = {"state": "ours", "kind": "desfire-ev2", "number": NUMBER.hex(), "key_version": 1, "tries_left": None}
    assert seen[1]["found"] == known


def test_a_card_is_looked_at_again_once_for_each_request(admin: TestClient, house: House) -> None:
    """A repeat under the same key asks nothing of the encoder."""
    for _time in range(2):
        answer = admin.post("/api/v1/encoders/desk/look", headers={"Idempotency-Key": "one"})
        assert answer.status_code == 200
    assert desk_of(house).acts == [("look again", "desk")]


@pytest.mark.parametrize("path", ["/encoders/attic/look", "/encoders/attic/unfollow"])
def test_an_encoder_nobody_configured_is_not_there(admin: TestClient, house: House, path: str) -> None:
    """404 with its name."""
    assert "attic" in refused(admin, path, {}, 404)["detail"]
    assert desk_of(house).acts == []


# --- Orders ---------------------------------------------------------------------------------------


def test_an_order_reserves_the_card_and_begins(admin: TestClient, house: House, place: Home, lay: Lay) -> None:
    """202: whose it will be is settled, and it opens nothing before it was written and read back."""
    lay(CHIP)
    job = ordered(admin, order(place))
    assert (job["state"], job["holder"], job["unit"], job["step_name"]) == (
        "planned", "李娜", "3-1-502", "Make the application",
    )  # fmt: skip
    assert [act[:3] for act in desk_of(house).acts] == [("begin", "desk", job["id"])]
    assert admin.get(f"/api/v1/cards/{job['card_id']}").json()["state"] == "reserved"
    assert len(house.keeper.lists()["gardens"]) == 0
    work(house, job["id"], upto=JobState.ACTIVE)
    after = admin.get(f"/api/v1/encode-jobs/{job['id']}").json()
    assert (after["state"], after["step_name"]) == ("active", "")
    assert len(house.keeper.lists()["gardens"]) == 1


def test_a_repeated_order_gets_its_answer_and_begins_once(
    admin: TestClient, house: House, place: Home, lay: Lay
) -> None:
    """Whatever lies on the encoder by then; another body under the same key is refused."""
    lay(CHIP)
    key = {"Idempotency-Key": "order-1"}
    first = admin.post("/api/v1/encode-jobs", json=order(place), headers=key)
    lay(None)
    again = admin.post("/api/v1/encode-jobs", json=order(place), headers=key)
    assert (again.status_code, again.json()) == (202, first.json())
    assert len(desk_of(house).acts) == 1
    other = admin.post("/api/v1/encode-jobs", json=order(place, number="0099"), headers=key)
    assert other.status_code == 409
    assert len(admin.get("/api/v1/encode-jobs").json()["items"]) == 1


def test_a_card_that_is_being_written_says_for_whom_and_who_began(
    admin: TestClient, machine: Machine, place: Home, lay: Lay
) -> None:
    """409, and nothing begins."""
    lay(CHIP)
    ordered(machine(Role.FRONT_DESK), order(place))
    problem = refused(admin, "/encode-jobs", order(place))
    assert problem["rule"] == "R-CARD-12"
    for part in ("李娜", "3-1-502", "test front_desk"):
        assert part in problem["detail"]


def test_a_card_that_belongs_to_someone_names_the_holder(admin: TestClient, place: Home, lay: Lay) -> None:
    """409, as when it is issued by its UID."""
    card(admin, place)
    lay(CHIP)
    problem = refused(admin, "/encode-jobs", order(place))
    assert (problem["rule"], "李娜" in problem["detail"]) == ("R-CARD-12", True)


def test_a_rule_says_no_by_its_name(admin: TestClient, house: House, lay: Lay) -> None:
    """422 before anything is written."""
    unit = created(admin, "/units", {"code": "3-1-503"})["id"]
    owner = created(admin, "/people", {"name": "韩梅"})["id"]
    lay(CHIP)
    problem = refused(admin, "/encode-jobs", order(Home(unit, owner)), 422)
    assert (problem["rule"], "3-1-503" in problem["detail"]) == ("R-CARD-1", True)
    assert desk_of(house).acts == []


@pytest.mark.parametrize(
    ("uid", "state", "said"),
    [
        (None, None, "taken off"),
        (OTHER, FoundState.BLANK, "Another card"),
        (CHIP, None, "being read"),
        (CHIP, FoundState.FOREIGN, "Someone else's keys"),
        (CHIP, FoundState.LOCKED, "no further tries"),
        (CHIP, FoundState.TORN, "half-written"),
        (CHIP, FoundState.UID_ONLY, "/api/v1/cards/issue"),
    ],
)
def test_only_the_card_that_was_seen_is_written(
    admin: TestClient, house: House, place: Home, lay: Lay, uid: bytes | None, state: FoundState | None, said: str
) -> None:
    """Each other way a card can lie there is 409 with what to do."""
    lay(uid, state)
    assert said in refused(admin, "/encode-jobs", order(place))["detail"]
    assert (desk_of(house).acts, admin.get("/api/v1/encode-jobs").json()["items"]) == ([], [])


def test_a_site_without_keys_says_what_to_type(admin: TestClient, house: House, place: Home, lay: Lay) -> None:
    """To an order, and to who wants to write a batch."""
    lay(CHIP)
    desk_of(house).version = None
    assert "gatehouse keys init" in refused(admin, "/encode-jobs", order(place))["detail"]
    batch = created(admin, "/encode-batches", {"name": "Building 3", "rows": [row()]})
    problem = refused(admin, f"/encode-batches/{batch['id']}/follow", {"encoder": "desk"})
    assert "gatehouse keys init" in problem["detail"]
    assert desk_of(house).acts == []


def test_an_encoder_nobody_configured_takes_no_order(admin: TestClient, place: Home) -> None:
    """404."""
    assert "attic" in refused(admin, "/encode-jobs", order(place, encoder="attic"), 404)["detail"]


def test_bad_fields_are_named_all_at_once(admin: TestClient, place: Home) -> None:
    """400."""
    problem = refused(admin, "/encode-jobs", order(place, what="melt", uid="xyz", secure_number="00" * 8), 400)
    assert problem["fields"].keys() == {"what", "uid", "secure_number"}


# --- What becomes of it ---------------------------------------------------------------------------


def test_work_is_walked_by_a_cursor_oldest_first(admin: TestClient, place: Home, lay: Lay) -> None:
    """Open work alone, or all of it."""
    ids = []
    for last in range(3):
        lay(bytes((*CHIP[:6], last)))
        ids.append(ordered(admin, order(place, uid=bytes((*CHIP[:6], last)).hex(), number=f"A{last}"))["id"])
    done(admin, f"/encode-jobs/{ids[0]}/cancel")
    assert {job["id"] for job in admin.get("/api/v1/encode-jobs").json()["items"]} == set(ids[1:])
    part = admin.get("/api/v1/encode-jobs?all=true&limit=1").json()
    walked = [job["id"] for job in part["items"]]
    while part["next"]:
        part = admin.get(f"/api/v1/encode-jobs?all=true&limit=1&after={part['next']}").json()
        walked += [job["id"] for job in part["items"]]
    assert walked == sorted(ids)  # made in the same second: by their ids then
    assert len(walked) == 3


def test_work_is_given_up_and_the_card_is_free_again(admin: TestClient, place: Home, lay: Lay) -> None:
    """Before anything was written nothing stays of it."""
    lay(CHIP)
    job = ordered(admin, order(place))
    assert done(admin, f"/encode-jobs/{job['id']}/cancel")["state"] == "cancelled"
    assert admin.get(f"/api/v1/cards/by-uid/{UID}").status_code == 404
    problem = refused(admin, f"/encode-jobs/{job['id']}/cancel", {})
    assert "cancelled" in problem["detail"]


def test_half_written_work_is_wiped_or_the_card_is_gone(admin: TestClient, house: House, place: Home, lay: Lay) -> None:
    """The encoder on which the card still lies goes on at once."""
    lay(CHIP)
    job = ordered(admin, order(place))
    work(house, job["id"], upto=JobState.UNKNOWN)
    shown = admin.get(f"/api/v1/encode-jobs/{job['id']}").json()
    assert (shown["state"], shown["why"]) == ("unknown", "It was lifted.")
    desk_of(house).acts.clear()
    assert done(admin, f"/encode-jobs/{job['id']}/cancel")["state"] == "wiping"
    assert desk_of(house).acts == [("look again", "desk")]
    assert done(admin, f"/encode-jobs/{job['id']}/abandon")["state"] == "cancelled"
    assert admin.get(f"/api/v1/cards/{job['card_id']}").json()["state"] == "cancelled"


def test_what_another_desk_works_on_is_left_to_it(admin: TestClient, house: House, place: Home, lay: Lay) -> None:
    """409 says who, where and until when; who is at that desk may give it up."""
    lay(CHIP)
    job = ordered(admin, order(place))
    with house.store.write(DESK) as uow:
        encode_jobs.take(uow, job["id"], "desk")
    for body in ({}, {"encoder": "other"}):
        assert "at desk until" in refused(admin, f"/encode-jobs/{job['id']}/cancel", body)["detail"]
    assert done(admin, f"/encode-jobs/{job['id']}/cancel", {"encoder": "desk"})["state"] == "cancelled"


def test_an_act_on_work_that_went_on_is_stale(admin: TestClient, house: House, place: Home, lay: Lay) -> None:
    """412 for who looked before; the entity tag of a look lets it through."""
    lay(CHIP)
    job = ordered(admin, order(place))
    path = f"/api/v1/encode-jobs/{job['id']}"
    seen = admin.get(path).headers["etag"]
    work(house, job["id"], upto=JobState.UNKNOWN)
    assert admin.post(f"{path}/cancel", headers={"If-Match": seen}).status_code == 412
    assert admin.post(f"{path}/cancel", headers={"If-Match": admin.get(path).headers["etag"]}).status_code == 200


def test_work_that_never_was_is_not_there(admin: TestClient) -> None:
    """404; what is no id is malformed."""
    for act in ("cancel", "abandon", "skip"):
        refused(admin, f"/encode-jobs/{'0' * 32}/{act}", {}, 404)
        refused(admin, f"/encode-jobs/1/{act}", {}, 400)
    assert admin.get(f"/api/v1/encode-jobs/{'0' * 32}").status_code == 404


# --- By its UID alone -----------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["kind", "secure_number"])
def test_no_card_grants_by_a_number_that_nobody_wrote(admin: TestClient, place: Home, field: str) -> None:
    """400: what a card is, the encoder or the stock knows."""
    made = card(admin, place, uid=OTHER.hex())
    done(admin, f"/cards/{made['id']}/report-loss", {"provisional": False, "reporter": "李娜", "channel": "desk"})
    body = {"uid": UID, "proof": "owner_file", "receipt": "R-2", field: "0011223344556677"}
    whose = {"unit_id": place.unit, "person_id": place.owner}
    assert refused(admin, "/cards/issue", {**body, **whose}, 400)["fields"].keys() == {field}
    assert refused(admin, f"/cards/{made['id']}/replace", body, 400)["fields"].keys() == {field}


def test_the_kind_is_what_the_encoder_saw_or_the_stock_knows(admin: TestClient, place: Home, lay: Lay) -> None:
    """A card nobody knows is known by its UID."""
    created(admin, "/cards", {"cards": [{"number": "0500", "uid": OTHER.hex(), "kind": "em4100"}]})
    lay(CHIP, FoundState.UID_ONLY, CardKind.CLASSIC)
    kinds = [card(admin, place, uid=uid)["kind"] for uid in (UID, OTHER.hex(), "04111111111111")]
    assert kinds == ["classic", "em4100", "uid"]


@pytest.mark.parametrize("state", [FoundState.BLANK, FoundState.OURS, None])
def test_a_card_that_can_be_written_is_not_issued_by_its_uid(
    admin: TestClient, place: Home, lay: Lay, state: FoundState | None
) -> None:
    """409 names the other way, or asks to wait until it is known."""
    made = card(admin, place, uid=OTHER.hex())
    done(admin, f"/cards/{made['id']}/report-loss", {"provisional": False, "reporter": "李娜", "channel": "desk"})
    lay(CHIP, state)
    body = {"uid": UID, "proof": "owner_file", "receipt": "R-2"}
    said = "still being read" if state is None else "work at the encoder"
    whose = {"unit_id": place.unit, "person_id": place.owner}
    assert said in refused(admin, "/cards/issue", {**body, **whose})["detail"]
    assert said in refused(admin, f"/cards/{made['id']}/replace", body)["detail"]


def test_a_written_card_comes_back_into_stock_by_being_wiped(
    admin: TestClient, house: House, place: Home, lay: Lay
) -> None:
    """R-CARD-21: by hand it is refused, with the way."""
    lay(CHIP)
    job = ordered(admin, order(place))
    work(house, job["id"], upto=JobState.ACTIVE)
    path = f"/cards/{job['card_id']}"
    assert "secure_number" in admin.get(f"/api/v1{path}").json()
    done(admin, f"{path}/cancel", {"reason": "moved out"})
    problem = refused(admin, f"{path}/recover", {}, 422)
    assert (problem["rule"], "wipe it" in problem["detail"]) == ("R-CARD-21", True)
    lay(CHIP, FoundState.OURS)
    wipe = ordered(admin, {"encoder": "desk", "uid": UID, "what": "wipe", "card_id": job["card_id"]})
    with house.store.write(DESK) as uow:
        encode_jobs.take(uow, wipe["id"], "desk")
        encode_jobs.start(uow, wipe["id"], "desk", 1)
        encode_jobs.wiped(uow, house.keys, wipe["id"], "desk")
    after = admin.get(f"/api/v1{path}").json()
    assert (after["state"], after["secure_number"]) == ("blank", None)


# --- Keys -----------------------------------------------------------------------------------------


def test_the_versions_of_the_keys_are_shown_without_any_key(admin: TestClient, house: House) -> None:
    """Check values, and how many cards carry which."""
    nothing = admin.get("/api/v1/card-keys").json()
    assert (nothing["current"], nothing["sets"]) == (None, [])
    with house.store.write(SYSTEM) as uow:
        card_keys.create(uow, KEYRING, os.urandom)
    shown = admin.get("/api/v1/card-keys")
    known = shown.json()
    assert (known["current"], known["old_cards"], known["sets"][0]["cards"]) == (1, 0, 0)
    assert known["sets"][0]["check_values"].keys() == set(KeyPurpose)
    with house.store.read() as conn:
        keys = card_keys.load(conn, KEYRING)
    assert keys is not None
    assert all(key.hex() not in shown.text.lower() for key in keys.sets[1].keys.values())
