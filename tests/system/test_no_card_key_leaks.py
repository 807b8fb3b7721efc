"""No key of a card stands in clear anywhere after cards of every kind were written, torn, refused, renewed and wiped.

The site's master keys, each card's own keys and the keys of each session are known to the test. What is searched: the
directory of the gateway (store, write-ahead log, log at debug level, a backup), every answer over HTTP, every page, and
every MQTT message. Numbers of cards are no secret at the desk, but on MQTT they travel only as keys of the lists.
"""

import asyncio
import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from drivers.cards.secrets import CardSecrets
from drivers.cards.work import CardDesk
from gateway.daemon.config import load
from gateway.domain.card_data import CardKind
from gateway.domain.card_template import CardTemplates
from gateway.domain.identity import Identity, IdentityKind
from gateway.ports.cards import CardKeys
from gateway.services import accounts, card_keys
from gateway.signing.keyring import Keyring, kek_from_file
from gateway.storage.store import SYSTEM, Store
from simulators.cards.catalogue import make
from simulators.cards.desfire import handshake
from simulators.cards.inprocess import InProcess
from simulators.cards.mortal import Mortal
from tests.brokers import free_port, running_mosquitto
from tests.canary import leaks
from tests.commands import gatehouse
from tests.drivers.cards.desk import keys as keys_of_another_site
from tests.drivers.cards.desk import plan as plan_of_another_site
from tests.system.gates import GateBox, enrol_at, wait_until_drained
from tests.system.plant import Api, Plant, Refused, wait_for
from tests.system.spy import Spy
from tests.system.test_encoders_crash import Desk

pytestmark = pytest.mark.system

SITE, SITE_NUMBER = "hujingyuan", 7
UIDS = {
    CardKind.DESFIRE_EV1: bytes.fromhex("04E10000000080"),
    CardKind.DESFIRE_EV2: bytes.fromhex("04E20000000080"),
    CardKind.CLASSIC: bytes.fromhex("1AE30001"),
    CardKind.FMCOS: bytes.fromhex("1AE40001"),
}
BATCH_UID = bytes.fromhex("04E50000000080")
STRANGERS = {kind: uid[:-2] + b"\x77\x80" for kind, uid in UIDS.items()}
TORN_AFTER = 8
"""Commands to a card that was looked at, until it is pulled away: in the middle of the writing, of every kind."""

FAULT = """
import os, pathlib
from drivers.cards import secrets
_derive = secrets.an10922_aes
def derive(master, place):
    flag = pathlib.Path(os.environ["FALL"])
    if flag.exists():
        flag.unlink()
        raise RuntimeError("deep in the work")
    return _derive(master, place)
secrets.an10922_aes = derive
"""
"""For the gateway's process: where the file is, the next derivation of a key fails with the master in its hands."""


class HeardApi(Api):
    """Keeps every answer."""

    def __init__(self, api: Api) -> None:
        super().__init__(api.url, api.token)
        self.heard: list[str] = []

    def call(self, method: str, path: str, body: object = None, *, key: str | None = None) -> Any:
        try:
            answer = super().call(method, path, body, key=key)
        except Refused as refused:
            self.heard.append(json.dumps(refused.problem))
            raise
        self.heard.append(json.dumps(answer))
        return answer


class Site:
    """A gateway with an encoder and a controller, and whoever listens to all that leaves it."""

    def __init__(self, plant: Plant, api: HeardApi, desk: Desk, box: GateBox, spy: Spy) -> None:
        self.plant, self.api, self.desk, self.box, self.spy = plant, api, desk, box, spy
        self.said: list[str] = []
        self.numbers: dict[str, bytes] = {}

    def keys(self) -> CardKeys:
        store = Store(self.plant.store_url)
        with closing(store), store.read() as conn:
            known = card_keys.load(conn, Keyring(kek_from_file(self.plant.directory / "keyring.key")))
        assert known is not None
        return known

    def rotate(self) -> None:
        ran = gatehouse(self.plant.directory / "gatehouse.toml", "keys", "rotate")
        assert ran.code == 0, ran
        self.said += [ran.out, ran.err]

    def places(self) -> list[Path | str | bytes]:
        """Everything that left the gateway, or that it wrote down."""
        heard = b"\n".join(one.topic.encode() + b" " + one.payload for one in self.spy.heard)
        return [self.plant.directory, heard, "\n".join(self.api.heard), "\n".join(self.said)]

    # --- What is done with one card ---------------------------------------------------------------

    def write_and_tear(self, kind: CardKind) -> tuple[Mortal, int]:
        """Issues a card that is pulled away in the middle, and finished by the next tap."""
        uid, card = UIDS[kind], Mortal(make(kind, UIDS[kind]))
        self.desk.lay(card)
        self.desk.found("blank")
        card.doom(die_before=card.commands + TORN_AFTER)
        self.desk.issue(uid, f"issue-{kind}")
        self.desk.becomes(uid, "unknown")
        self.said.append(self.see("/desk/encoder"))
        self.desk.lay(card)
        card_id = self.desk.becomes(uid, "active")["card_id"]
        self.numbers[kind] = bytes.fromhex(self.api.get(f"/cards/{card_id}")["secure_number"])
        return card, card_id

    def renew(self, card: Mortal, kind: CardKind) -> None:
        """New keys of the site: laid down again, the card is written anew by itself, torn once more."""
        self.relay(card, "ours")
        self.desk.lift()
        self.rotate()
        card.doom(die_before=card.commands + TORN_AFTER)
        self.desk.lay(card)
        wait_for("torn work", lambda: self._renewals(kind) == ["unknown"])
        self.desk.lay(card)
        wait_for("new keys", lambda: self._renewals(kind) == ["active"])

    def _renewals(self, kind: CardKind) -> list[str]:
        return [job["state"] for job in self.desk.work_on(UIDS[kind]) if job["what"] == "reencode"]

    def wipe(self, card: Mortal, kind: CardKind, card_id: int) -> None:
        """The holder moves out; the card comes back into stock, and no other way."""
        self.desk.give_back(card_id)
        with pytest.raises(Refused, match="R-CARD-21"):
            self.api.post(f"/cards/{card_id}/recover")
        self.relay(card, "ours")
        job = self.desk.order(UIDS[kind], "wipe", f"wipe-{kind}", card_id=card_id)["id"]
        self.reaches(job, "done")
        assert self.api.get(f"/cards/{card_id}")["secure_number"] is None
        self.desk.lift()

    def relay(self, card: Mortal, state: str) -> None:
        self.desk.lift()
        self.desk.lay(card)
        self.desk.found(state)

    def reaches(self, job: str, state: str) -> None:
        wait_for(f"{state}", lambda: self.api.get(f"/encode-jobs/{job}")["state"] == state)

    # --- Others -----------------------------------------------------------------------------------

    def turn_a_stranger_away(self, kind: CardKind) -> None:
        """A card with the keys of another site: ours do not open it."""
        uid, card = STRANGERS[kind], make(kind, STRANGERS[kind])
        plan = plan_of_another_site(kind, 1, uid=uid)
        asyncio.run(CardDesk(99).personalise(InProcess(card), plan, keys_of_another_site(1), _pass))
        self.desk.lay(card)
        self.desk.found("foreign")
        with pytest.raises(Refused, match="Someone else's keys"):
            self.desk.issue(uid, f"stranger-{kind}")
        self.desk.lift()

    def write_a_batch(self) -> None:
        """One row, at the next card that lies down."""
        holder = self.api.get(f"/units/{self.desk.unit}/household")["occupants"][0]["name"]
        row = {"unit": "3-1-502", "person": holder, "proof": "owner_file", "receipt": "R-1"}
        batch = self.api.post("/encode-batches", {"name": "Building 3", "rows": [row]})["id"]
        self.api.post(f"/encode-batches/{batch}/follow", {"encoder": "front"})
        self.desk.lay(make("desfire-ev2", BATCH_UID))
        wait_for("its row", lambda: self.desk.work_on(BATCH_UID))
        card_id = self.desk.becomes(BATCH_UID, "active")["card_id"]
        self.numbers["batch"] = bytes.fromhex(self.api.get(f"/cards/{card_id}")["secure_number"])
        self.said.append(self.see(f"/desk/batches/{batch}"))
        self.desk.lift()

    def come_home(self, number: bytes) -> None:
        """By the number, at the gate of the gateway and at that of a controller."""
        at = self.plant.present(number.hex())
        assert self.plant.lamp_after(at) == "green"
        wait_until_drained(self.plant, self.box)
        admitted = self.box.do(
            lambda: self.box.controller.present("south-gate", Identity(IdentityKind.SECURE, number)).granted
        )
        assert admitted
        wait_until_drained(self.plant, self.box)

    def fall(self) -> None:
        """A fault of ours while a key is derived: its trace is told, and the encoder works again."""
        (self.plant.directory / "fall").touch()
        card = make("desfire-ev2", b"\x04" + bytes(5) + b"\x99")
        self.desk.lay(card)
        wait_for("the trace", lambda: "deep in the work" in self.plant.log.read_text())
        self.desk.lift()
        wait_for("the encoder again", lambda: self._looks(card))
        self.desk.lift()

    def _looks(self, card: Any) -> bool:
        self.desk.lift()
        self.desk.lay(card)
        return bool(wait_for("a look", lambda: self.desk.seen()["uid"])) and bool(self._found())

    def _found(self) -> Any:
        return wait_for("what it is", lambda: self.desk.seen()["found"], 10)

    def see(self, path: str) -> str:
        """A page, as someone who may see everything."""
        secret = _sign_in_secret(self.plant)
        address = f"127.0.0.1:{self.plant.port}"
        with closing(HTTPConnection(address, timeout=45)) as wire:
            headers = {"Origin": f"http://{address}", "Content-Type": "application/json"}
            wire.request("POST", "/api/v1/session/link", json.dumps({"secret": secret}), headers)
            answer = wire.getresponse()
            cookie = str(answer.getheader("Set-Cookie")).partition(";")[0]
            answer.read()
            wire.request("GET", path, headers={"Cookie": cookie, "Accept": "text/html"})
            page = wire.getresponse()
            text = page.read().decode()
            assert page.status == 200, text
            return text

    def back_up(self) -> None:
        """As an administrator would make one."""
        with (
            closing(sqlite3.connect(self.plant.directory / "gatehouse.db")) as live,
            closing(sqlite3.connect(self.plant.directory / "backup.db")) as copy,
        ):
            live.backup(copy)


async def _pass(_step: int) -> None:
    """Nothing is noted of the work of another site."""


def _sign_in_secret(plant: Plant) -> str:
    store = Store(plant.store_url)
    with closing(store), store.write(SYSTEM) as uow:
        admin = next(user for user in accounts.list_users(uow.conn) if user.login == "admin")
        return accounts.make_sign_in_link(uow, admin.id)


def _configure(plant: Plant, port: int) -> None:
    """The encoder, a reader that reads numbers, everything in the log, and the fault that can be called."""
    file = plant.directory / "gatehouse.toml"
    text = file.read_text().replace('format = "console"', 'format = "json"\nlevel = "debug"')
    text = text.replace('portal = "main-in"', 'portal = "main-in"\npresents = "secure"', 1)
    file.write_text(f'{text}[[devices]]\nkind = "vpcd-encoder"\nname = "front"\nport = {port}\ndesk = "front"\n')
    (plant.directory / "fault").mkdir()
    (plant.directory / "fault" / "sitecustomize.py").write_text(FAULT)
    plant.environment = {"PYTHONPATH": str(plant.directory / "fault"), "FALL": str(plant.directory / "fall")}


@contextmanager
def _running(directory: Path) -> Iterator[Site]:
    with running_mosquitto(directory / "mosquitto", SITE, {}, shared=True) as broker:
        plant, port = Plant(directory / "site", broker.settings()), free_port()
        plant.seed()
        _configure(plant, port)
        assert gatehouse(plant.directory / "gatehouse.toml", "keys", "init").code == 0
        spy = Spy(broker.settings(), "gatehouse")
        box = None
        try:
            plant.start()
            plant.online()
            plant.api = api = HeardApi(plant.api)
            box = GateBox(enrol_at(plant, broker, "gate-1"), plant.directory / "gate-1")
            wait_until_drained(plant, box)
            yield Site(plant, api, Desk(plant, port), box, spy)
        finally:
            if box is not None:
                box.close()
            plant.close()
            spy.close()


def _listen_to_sessions(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """The keys of every session that a virtual card agreed upon."""
    agreed: dict[str, bytes] = {}

    def heard(name: str) -> None:
        derive = getattr(handshake, name)

        def noted(*given: Any) -> Any:
            made = derive(*given)
            for key in made if isinstance(made, tuple) else (made,):
                agreed[f"session {len(agreed)}"] = key
            return made

        monkeypatch.setattr(handshake, name, noted)

    heard("_session_key")
    heard("_ev2_keys")
    return agreed


def _all_keys(keys: CardKeys) -> Mapping[str, bytes]:
    """The masters, and what was made of them for each card."""
    known = {f"master {name} {one.version}": key for one in keys.sets.values() for name, key in one.keys.items()}
    cards = [*UIDS.items(), *STRANGERS.items(), (CardKind.DESFIRE_EV2, BATCH_UID)]
    for kind, uid in cards:
        for version, of_card in CardSecrets.all_of(keys, uid, kind, CardTemplates(), SITE_NUMBER).items():
            known |= {f"{kind} {uid.hex()} {name} {version}": of_card[name] for name in keys.sets[version].keys}
    return known


def test_no_key_of_any_card_is_told_to_anybody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every kind is issued torn, renewed torn and wiped; strangers, a batch, taps at two gates, a fault, a backup."""
    sessions = _listen_to_sessions(monkeypatch)
    with _running(tmp_path) as site:
        for kind in UIDS:
            site.turn_a_stranger_away(kind)
            card, card_id = site.write_and_tear(kind)
            site.renew(card, kind)
            site.wipe(card, kind, card_id)
        site.write_a_batch()
        site.come_home(site.numbers["batch"])
        site.fall()
        for page in ("/desk", f"/desk/units/{site.desk.unit}", "/settings", "/settings/card-keys"):
            site.said.append(site.see(page))
        for path in ("/card-keys", "/encode-jobs?all=true", "/encoders", "/audit", "/events", "/cards", "/lists"):
            site.api.get(path)
        site.back_up()
        assert load(site.plant.directory / "gatehouse.toml").log.level == "debug"
        traces = [line for line in site.plant.log.read_text().splitlines() if "Traceback" in line]
        assert ["deep in the work" in trace for trace in traces] == [True]
        known = {**_all_keys(site.keys()), **sessions}
        assert len(sessions) > 50
        assert leaks(known, site.places()) == []
        heard = [one.topic.encode() + b" " + one.payload for one in site.spy.heard]
        assert any(b"/lists/" in one for one in heard)
        assert leaks(site.numbers, heard) == []
        at_the_desk = leaks(site.numbers, ["\n".join(site.api.heard)])
        assert {found.partition(":")[0] for found in at_the_desk} == site.numbers.keys()
    assert leaks(known, [site.plant.directory]) == []
    for name in (f"master read {len(UIDS) + 1}", f"classic {UIDS[CardKind.CLASSIC].hex()} read 1", "session 7"):
        (tmp_path / "planted").write_text(f'{{"key": "{known[name].hex()}"}}')
        assert leaks(known, [tmp_path / "planted"]) == [f"{name}: hex in {tmp_path / 'planted'}"]
