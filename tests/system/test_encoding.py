"""Cards that cannot be copied, over the real demo: written at the desk, honoured at the gates, copies refused."""

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from tests.system.demo import WIRED, Demo
from tests.system.plant import Refused, wait_for

pytestmark = [pytest.mark.system]

HOMES = {"desfire-ev2": "3-1-101", "desfire-ev1": "3-1-102", "fmcos": "3-1-201", "classic": "3-1-202"}
REMOTE = "b3-door"
PULL_AT = 8


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A first start, shared. No process of it ever says "Traceback"."""
    town = Demo(tmp_path_factory.mktemp("demo") / "data")
    town.start_first()
    yield town
    town.close()
    assert [name for name, text in town.logs().items() if "Traceback" in text] == []


def found(demo: Demo, state: str) -> dict[str, Any]:
    """What lies on the encoder, once it is known and is that."""

    def seen() -> dict[str, Any] | None:
        (encoder,) = demo.api.get("/encoders")["items"]
        return encoder if encoder["found"] and encoder["found"]["state"] == state else None

    return wait_for(f"a card that is {state} on the encoder", seen)


def order(demo: Demo, home: str) -> dict[str, Any]:
    """The card that lies there is issued to the owner of a home."""
    (encoder,) = demo.api.get("/encoders")["items"]
    unit = demo.api.get(f"/search?text={home}")["items"][0]["unit_id"]
    occupants = demo.api.get(f"/units/{unit}/household")["occupants"]
    person = next(one["person_id"] for one in occupants if one["relation"] == "owner")
    body = {"encoder": encoder["encoder"], "uid": encoder["uid"], "what": "issue", "unit_id": unit, "person_id": person}
    job: dict[str, Any] = demo.api.post("/encode-jobs", body | {"proof": "owner_file", "receipt": "R-1"})
    return job


def become(demo: Demo, job: dict[str, Any], state: str) -> dict[str, Any]:
    """The work, once it stands there."""

    def now() -> dict[str, Any] | None:
        seen: dict[str, Any] = demo.api.get(f"/encode-jobs/{job['id']}")
        return seen if seen["state"] == state else None

    return wait_for(f"the work to be {state}", now)


def in_force(demo: Demo, card: int) -> None:
    """Every gate concerned has confirmed the card's last change."""

    def all_confirmed() -> bool:
        reach = demo.api.get(f"/cards/{card}/reach")
        return bool(reach["total"]) and reach["confirmed"] == reach["total"]

    wait_for("every gate to confirm", all_confirmed)


def suspected(demo: Demo, job: dict[str, Any], portal: str) -> bool:
    """Whether the console says that a copy of this card was last presented there."""
    told = {"card": job["card"], "unit": job["unit"], "portal": portal}
    return any(one["kind"] == "clone_suspected" and one["detail"] == told for one in demo.api.get("/alarms")["items"])


@pytest.mark.parametrize("kind", HOMES)
def test_a_card_that_cannot_be_copied_lives(demo: Demo, kind: str) -> None:
    """Torn while it is written, finished by laying it down again; honoured, its copy refused; lost, refused itself."""
    card = demo.take("blank", kind=kind)
    demo.do("lay", card=card)
    assert found(demo, "blank")["found"]["kind"] == kind
    demo.do("pull", command=PULL_AT)
    job = order(demo, HOMES[kind])
    torn = become(demo, job, "unknown")
    assert torn["why"]
    wait_for("the encoder to be empty", lambda: demo.state()["encoder"] is None)
    assert demo.api.get(f"/cards/{torn['card_id']}")["state"] != "active"
    assert not any(opens(demo, card, portal) for portal in (WIRED, REMOTE))

    demo.do("lay", card=card)
    done = become(demo, job, "active")
    assert found(demo, "ours")["uid"].upper() == card
    in_force(demo, done["card_id"])
    demo.do("lift")
    assert demo.hold(card, WIRED)
    assert demo.hold(card, REMOTE)
    entered = demo.records_at(WIRED)[-1]["body"]
    assert (entered["credential"], entered["list"]) == (f"card:{done['card_id']}", "compound")

    assert_copy_is_told(demo, demo.take("copy", card=card), done)
    demo.api.post(
        f"/cards/{done['card_id']}/report-loss", {"provisional": False, "reporter": done["holder"], "channel": "desk"}
    )
    in_force(demo, done["card_id"])
    assert not any(demo.hold(card, portal) for portal in demo.portals())


def opens(demo: Demo, card: str, portal: str) -> bool:
    """A torn card is either refused, or the reader cannot make it out."""
    try:
        return demo.hold(card, portal)
    except Refused as refused:
        if "cannot make this card out" not in refused.problem["detail"]:
            raise
        return False


def assert_copy_is_told(demo: Demo, copy: str, job: dict[str, Any]) -> None:
    """A UID without what stands on the card opens nothing, at the wire and behind a controller; the card is named."""
    for portal in (WIRED, REMOTE):
        assert not demo.hold(copy, portal)
        wait_for(f"the alarm at {portal}", partial(suspected, demo, job, portal))


def test_cards_of_nothing_but_a_uid_are_as_before(demo: Demo) -> None:
    """A resident's old card opens the gates that know our numbers too; a blank one is handed out at once."""
    old = next(
        one for one in demo.api.every("/cards?state=active") if one["kind"] == "uid" and one["unit"] == "3-1-502"
    )
    assert demo.hold(old["uid"].upper(), WIRED)
    assert demo.hold(old["uid"].upper(), REMOTE)
    shown = next(one["id"] for one in demo.state()["cards"] if one["label"].startswith("1001 "))
    demo.do("lay", card=shown)
    assert demo.do("hold", card=shown, portal=WIRED)["encoder"] is None
    card = demo.take("blank", kind="uid")
    demo.do("lay", card=card)
    assert found(demo, "uid-only")["uid"].upper() == card
    with pytest.raises(Refused) as refused:
        order(demo, "3-2-101")
    assert refused.value.status in {409, 422}
    demo.do("lift")


def test_a_card_outlives_the_demo(demo: Demo) -> None:
    """After a restart what was written is on the card, and its readers read it."""
    card = demo.take("blank", kind="desfire-ev2")
    demo.do("lay", card=card)
    found(demo, "blank")
    done = become(demo, order(demo, "3-2-101"), "active")
    assert demo.end() == 0
    demo.start()
    demo.do("lay", card=card)
    assert found(demo, "ours")["uid"].upper() == card
    in_force(demo, done["card_id"])
    assert demo.hold(card, WIRED)
    assert demo.hold(card, "south-gate")


def test_no_key_is_told(demo: Demo) -> None:
    """The readers' memory is the only place of the demo with a key in clear, but for the toy cards themselves."""
    memory = demo.data / "reader-keys.json"
    keys = [bytes.fromhex(key) for keys in json.loads(memory.read_text())["versions"].values() for key in keys.values()]
    assert len(keys) == 3
    searched = [path for path in demo.data.rglob("*") if path.is_file() and path != memory]
    told = [path for path in (*searched, demo.output) if spells(path.read_bytes(), keys)]
    assert searched
    assert [path for path in told if path.parent.name != "bench-cards"] == []


def spells(text: bytes, keys: list[bytes]) -> bool:
    """Any of the keys, as bytes or in hexadecimal."""
    lowered = text.lower()
    return any(key in text or key.hex().encode() in lowered for key in keys)
