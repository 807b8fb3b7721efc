"""The first five minutes of the README, told over the real demo: cards, gates, a loss, a slip, a restart."""

import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.brokers import free_port
from tests.system.demo import Demo, alive, run_second
from tests.system.plant import promised, wait_for

pytestmark = [pytest.mark.system]

BLANK = "04B101526E6180"
OWN_GATES = {"main-in", "south-gate", "b3-door", "garage"}
OTHERS_GATES = {"b1-door", "b2-door"}
ONE_SECOND = 1.0


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A first start, shared; each test leaves it running. No process of it ever says "Traceback"."""
    town = Demo(tmp_path_factory.mktemp("demo") / "data")
    town.start_first()
    yield town
    town.close()
    assert [name for name, text in town.logs().items() if "Traceback" in text] == []


def li_na(demo: Demo) -> dict[str, Any]:
    """The household of 3-1-502."""
    unit = demo.api.get("/search?text=3-1-502")["items"][0]["unit_id"]
    household: dict[str, Any] = demo.api.get(f"/units/{unit}/household")
    return household


def in_force(demo: Demo, card: int) -> int:
    """Waits until every gate concerned has confirmed the card's last change; how many there are."""

    def all_confirmed() -> int:
        reach = demo.api.get(f"/cards/{card}/reach")
        return int(reach["total"]) if reach["confirmed"] == reach["total"] else 0

    return wait_for("every gate to confirm", all_confirmed)


def held_everywhere(demo: Demo, uid: str) -> dict[str, bool]:
    """The answer of every gate of the bench."""
    return {portal: demo.hold(uid, portal) for portal in demo.portals()}


def refused_after(demo: Demo, uid: str, answered: float) -> dict[str, float]:
    """Holds the card at each gate, again and again, until each has refused; seconds after the answer."""
    refused: dict[str, float] = {}
    gates = demo.portals()

    def all_refuse() -> bool:
        for portal in gates.keys() - refused.keys():
            if not demo.hold(uid, portal):
                refused[portal] = time.monotonic() - answered
        return refused.keys() == gates.keys()

    wait_for(f"refusals at {sorted(gates)}", all_refuse)
    return refused


def test_a_card_lives(demo: Demo) -> None:
    """A blank is issued and opens every gate of its holder and no other; lost, it opens none; found, all again."""
    household = li_na(demo)
    assert not any(held_everywhere(demo, BLANK).values())

    with demo.live("encoder") as live:
        assert demo.do("lay", card=BLANK)["encoder"] == BLANK
        assert live.next()["kind"] == "encoder"
    wait_for("the card to be looked at", lambda: demo.api.get("/encoders")["items"][0]["found"])
    family = next(one for one in household["occupants"] if one["relation"] == "family")
    body = {"uid": BLANK, "unit_id": household["unit"]["id"], "person_id": family["person_id"]}
    card = demo.api.post("/cards/issue", {**body, "proof": "owner_file", "receipt": "R-1"})
    assert (card["state"], card["holder"], card["number"]) == ("active", "王建军", "0901")
    demo.do("lift")
    total = in_force(demo, card["id"])
    gates = {gate["portal"] for gate in demo.api.get(f"/cards/{card['id']}/reach")["gates"] if gate["state"] == "opens"}
    assert len(gates) == total
    assert gates >= OWN_GATES
    assert not gates & OTHERS_GATES

    opened = held_everywhere(demo, BLANK)
    assert {portal for portal, granted in opened.items() if granted} == gates
    wait_for("the arm up", lambda: demo.portals()["main-in"]["gate"] == "open")
    entered = [one["body"] for one in demo.records_at("main-in") if one["kind"] == "access.granted"]
    assert [body["list"] for body in entered if body["credential"] == f"card:{card['id']}"] == ["compound"]

    promised(ONE_SECOND, lambda: slowest_refusal(demo, card["id"]))
    why = demo.api.post("/decisions", {"portal": "main-in", "identity": "uid", "value": BLANK})
    assert (why["granted"], why["reason"], why["card_id"]) == (False, "unknown_credential", card["id"])
    wait_for("an alarm for the lost card", lambda: "card_reported" in alarms(demo))
    assert in_force(demo, card["id"]) == total

    demo.api.post(f"/cards/{card['id']}/withdraw-loss", {"holder_verified": True})
    assert in_force(demo, card["id"]) == total
    assert {portal for portal, granted in held_everywhere(demo, BLANK).items() if granted} == gates


def slowest_refusal(demo: Demo, card: int) -> float:
    """Seconds from the answer of the desk, told that the card is lost, to the last gate's refusal."""
    if demo.api.get(f"/cards/{card}")["state"] == "lost":
        demo.api.post(f"/cards/{card}/withdraw-loss", {"holder_verified": True})
        in_force(demo, card)
    demo.taps.rest(BLANK)
    body = {"provisional": False, "reporter": "王建军", "channel": "desk"}
    lost = demo.api.post(f"/cards/{card}/report-loss", body)
    refused = refused_after(demo, BLANK, time.monotonic())
    assert lost["state"] == "lost"
    return max(refused.values())


def alarms(demo: Demo) -> set[str]:
    return {alarm["kind"] for alarm in demo.api.get("/alarms")["items"]}


def test_goods_leave_once(demo: Demo) -> None:
    """A slip is issued, scanned and released; the second scan is told where, when and by whom."""
    household = li_na(demo)
    body = {
        "kind": "household",
        "unit_id": household["unit"]["id"],
        "applicant": "李娜",
        "items": [{"line": 1, "name": "冰箱", "qty": 1}, {"line": 2, "name": "纸箱", "qty": 3}],
        "post": "north",
        "consent": {"method": "signed_at_desk", "by": "李娜", "identity_checked": True},
    }
    slip = demo.api.post("/slips/issue", body)
    with demo.live("scan") as live:
        demo.do("scan", text=slip["token"])
        scan = live.next()["data"]
    assert (scan["post"], scan["text"]) == ("north", slip["token"])

    shown = demo.api.post("/post/verify", {"text": scan["text"], "post": "north"})
    assert (shown["code"], shown["may_release"], shown["slip_no"]) == ("OK", True, slip["slip_no"])
    load = {"text": scan["text"], "post": "north", "lines": [{"line": 1, "qty": 1}, {"line": 2, "qty": 3}]}
    first = {**load, "release_id": secrets.token_hex(16)}
    released = demo.api.post("/post/release", first)
    assert (released["code"], released["colour"]) == ("RELEASED", "green")
    assert demo.api.post("/post/release", first) == released

    again = demo.api.post("/post/release", {**load, "release_id": secrets.token_hex(16)})
    assert (again["code"], again["colour"], again["may_release"]) == ("ALREADY_RELEASED", "red", False)
    evidence = again["evidence"]
    assert [(one["post_name"], one["lines"]) for one in evidence] == [("北门岗", load["lines"])]
    assert evidence[0]["guard"]
    assert evidence[0]["at"]
    story = demo.api.get(f"/slips/{slip['id']}/story")["items"]
    assert [one["kind"] for one in story].count("release") == 1


def test_a_second_one_is_told_so(demo: Demo, tmp_path: Path) -> None:
    """Another demo in the same directory, or another gateway on the same store, refuses in one sentence."""
    second = run_second(demo.data)
    assert second.returncode == 1
    said = second.stderr.strip().splitlines()
    assert len(said) == 1, second.stderr
    assert said[0].startswith("gatehouse: ")
    assert "taken" in said[0] or "already" in said[0]

    config = tmp_path / "gatehouse.toml"
    text = (demo.data / "gatehouse.toml").read_text()
    text = text.replace('data = "."', f'data = "{tmp_path}"').replace(
        'url = "sqlite:///gatehouse.db"', f'url = "sqlite:///{demo.data}/gatehouse.db"'
    )
    text = text.replace(f"port = {demo.told['url'].rpartition(':')[2]}\n", f"port = {free_port()}\n")
    config.write_text(text.partition("[[devices]]")[0])
    config.chmod(0o600)
    shutil.copy(demo.data / "keyring.key", tmp_path)
    assert_refuses(config, "holds", demo)
    assert_refuses(demo.data / "gatehouse.toml", "Another gateway", demo)
    assert demo.api.get("/me")
    assert alive(demo.told["pids"]["gateway"])


def assert_refuses(config: Path, word: str, demo: Demo) -> None:
    command = [sys.executable, "-m", "gateway.daemon", "run", "--config", str(config)]
    other = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=config.parent)
    assert other.returncode == 1
    said = [line for line in other.stderr.splitlines() if line.startswith("gatehouse: ")]
    assert len(said) == 1, other.stderr + other.stdout
    assert word in said[0]
    assert "Traceback" not in other.stderr + other.stdout
    assert demo.api.get("/devices")


def test_it_comes_back(demo: Demo) -> None:
    """After SIGTERM no child is left; the next start has the same ports, cards, journal, and opens the same gates."""
    frozen, living = [card for card in demo.api.every("/cards?state=active") if card["kind"] == "uid"][:2]
    demo.api.post(f"/cards/{frozen['id']}/freeze", {"reason": "an incident"})
    before, children = demo.told, demo.told["pids"].values()
    records = demo.api.get("/audit/verify")["checked"]
    assert demo.end() == 0
    wait_for("its children to end", lambda: not any(alive(pid) for pid in children))
    started = time.monotonic()
    demo.start()
    assert time.monotonic() - started < 30
    assert {key: value for key, value in demo.told.items() if key != "pids"} == {
        key: value for key, value in before.items() if key != "pids"
    }
    whole = demo.api.get("/audit/verify")
    assert whole["ok"]
    assert whole["checked"] >= records
    assert demo.api.get(f"/cards/{frozen['id']}")["state"] == "frozen"
    assert in_force(demo, frozen["id"]) == in_force(demo, living["id"]) >= len(OWN_GATES)
    assert demo.hold(living["uid"].upper(), "main-in")


def test_children_die_with_a_killed_parent(demo: Demo) -> None:
    """Even after ``kill -9`` of the parent nothing goes on in the background; then ``--fresh`` starts over."""
    card = demo.api.every("/cards?state=active")[9]
    demo.api.post(f"/cards/{card['id']}/freeze", {"reason": "an incident"})
    children = demo.told["pids"].values()
    assert demo.end(signal.SIGKILL) == -signal.SIGKILL
    wait_for("its children to end", lambda: not any(alive(pid) for pid in children))
    demo.start("--fresh", "--port", str(free_port()))
    assert demo.api.get(f"/cards/by-uid/{card['uid']}")["state"] == "active"
    assert demo.api.get("/slips")["items"] == []
