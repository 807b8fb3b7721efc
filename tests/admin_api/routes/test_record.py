"""The record over HTTP: events within sight, alarms that someone looks at, a chain that can be proved."""

from sqlalchemy import select, text, update
from starlette.testclient import TestClient

from gateway.domain.person import Role
from gateway.runtime.house import House
from gateway.services import alarms
from gateway.storage.store import SYSTEM
from gateway.storage.tables import journal
from tests.admin_api.compound import done, home
from tests.admin_api.conftest import Machine, Person
from tests.admin_api.house import FakeClock


def note(house: House, kind: str, target: str, **body: object) -> None:
    with house.store.write(SYSTEM) as uow:
        uow.record(kind, target, body)


def test_a_guard_sees_today_at_the_own_post(person: Person, house: House, clock: FakeClock) -> None:
    """Not yesterday, and not the other gate; the captain sees all."""
    note(house, "access.granted", "portal:main-in", card="yesterday")
    clock.now += 24 * 3600
    guard, captain = person(Role.GUARD), person(Role.CAPTAIN)
    note(house, "access.granted", "portal:main-in", card="mine")
    note(house, "access.granted", "portal:north-in", card="other gate")
    note(house, "slip.refused", "slip:1", post="main")
    seen = guard.get("/api/v1/events", params={"kind": ["access.", "slip."]}).json()
    assert [(r["kind"], r["body"].get("card")) for r in seen["items"]] == [
        ("access.granted", "mine"),
        ("slip.refused", None),
    ]
    assert seen["next"] is None
    assert len(captain.get("/api/v1/events", params={"kind": ["access.", "slip."]}).json()["items"]) == 4


def test_a_guard_without_a_post_sees_nothing(machine: Machine, house: House) -> None:
    """Standing nowhere, seeing nothing."""
    note(house, "access.granted", "portal:main-in")
    assert machine(Role.GUARD).get("/api/v1/events").json()["items"] == []


def test_events_are_walked_by_kind_and_target(admin: TestClient, house: House) -> None:
    """A kind that ends in a dot takes the family; the cursor goes on where the part ended."""
    for number in range(5):
        note(house, "access.granted", "portal:main-in", number=number)
        note(house, "access.denied", "portal:north-in", number=number)
    part = admin.get("/api/v1/events", params={"kind": "access.denied", "limit": 3}).json()
    assert [r["body"]["number"] for r in part["items"]] == [0, 1, 2]
    rest = admin.get("/api/v1/events", params={"kind": "access.denied", "after": part["next"]}).json()
    assert ([r["body"]["number"] for r in rest["items"]], rest["next"]) == ([3, 4], None)
    north = admin.get("/api/v1/events", params={"target": "portal:north-in"}).json()["items"]
    assert [r["kind"] for r in north] == ["site.portal_added", *["access.denied"] * 5]


def test_the_newest_events_come_first_when_asked_for(admin: TestClient, house: House) -> None:
    """The cursor goes on backwards, without gap or repeat, also while new ones come in front."""
    for number in range(5):
        note(house, "access.denied", "portal:main-in", number=number)
    seen: list[int] = []
    cursor: str | None = "0"
    while cursor is not None:
        query: dict[str, str | int] = {
            "kind": "access.denied",
            "target": "portal:main-in",
            "order": "newest",
            "limit": 2,
            "after": cursor,
        }
        part = admin.get("/api/v1/events", params=query).json()
        seen += [record["body"]["number"] for record in part["items"]]
        cursor = part["next"]
        note(house, "access.denied", "portal:main-in", number=5)
    assert seen == [4, 3, 2, 1, 0]
    assert admin.get("/api/v1/events", params={"order": "random"}).status_code == 400


def test_a_guard_sees_the_newest_of_the_own_post(person: Person, house: House) -> None:
    """The order widens nobody's sight."""
    guard = person(Role.GUARD)
    for place in ("main-in", "north-in", "main-in"):
        note(house, "access.granted", f"portal:{place}", place=place)
    query: dict[str, str] = {"kind": "access.", "order": "newest"}
    assert [r["body"]["place"] for r in guard.get("/api/v1/events", params=query).json()["items"]] == ["main-in"] * 2


def test_an_alarm_is_acknowledged_once(admin: TestClient, machine: Machine, house: House) -> None:
    """The second one is told who did; a repeat before that counts up."""
    with house.store.write(SYSTEM) as uow:
        for _ in range(3):
            alarm = alarms.raise_alarm(uow, "device_offline", "device:main-reader", {"why": "unplugged"})
    assert admin.get("/api/v1/alarms", params={"open": True}).json()["items"][0]["count"] == 3
    captain = machine(Role.CAPTAIN)
    assert done(captain, f"/alarms/{alarm.id}/acknowledge")["acknowledged_by"] == "test captain"
    answer = admin.post(f"/api/v1/alarms/{alarm.id}/acknowledge")
    assert (answer.status_code, "test captain" in answer.json()["detail"]) == (409, True)
    assert admin.get("/api/v1/alarms", params={"open": True}).json()["items"] == []
    assert len(admin.get("/api/v1/alarms").json()["items"]) == 1


def test_the_audit_shows_who_did_what_to_whom(admin: TestClient, machine: Machine) -> None:
    """With personal data, which events never carry."""
    home(admin)
    auditor = machine(Role.AUDITOR)
    acts = auditor.get("/api/v1/audit", params={"target": "person:1"}).json()["items"]
    assert [(act["kind"], act["pii"]["name"]) for act in acts] == [("person.added", "李娜")]
    assert "李娜" not in auditor.get("/api/v1/events").text


def test_a_changed_record_is_found(admin: TestClient, machine: Machine, house: House) -> None:
    """And named by its number."""
    home(admin)
    auditor = machine(Role.AUDITOR)
    assert auditor.get("/api/v1/audit/verify").json()["ok"] is True
    with house.store.engines.writer.begin() as conn:
        guards = select(text("name")).select_from(text("sqlite_master")).where(text("type = 'trigger'"))
        for trigger in conn.execute(guards).scalars().all():
            conn.execute(text(f"DROP TRIGGER {trigger}"))
        conn.execute(update(journal).where(journal.c.seq == 3).values(actor="nobody"))
    report = auditor.get("/api/v1/audit/verify").json()
    assert (report["ok"], report["first_bad_seq"]) == (False, 3)
