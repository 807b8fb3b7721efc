"""Killed in the middle of work on a card, the gateway comes back and the next tap ends the work, once."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPException
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from gateway.services import card_keys
from gateway.signing.keyring import Keyring, kek_from_file
from gateway.storage.store import SYSTEM, Store
from simulators.cards.catalogue import make
from simulators.devices.vcard import CardLogic, VirtualCard
from tests.brokers import free_port, running_embedded
from tests.system.plant import PATIENCE_S, Plant, wait_for
from tests.system.test_crash import AT_THE_ENCODER

pytestmark = [pytest.mark.system]

ENCODER = "front"
_UIDS = (b"\x04" + number.to_bytes(2) + b"\x11\x22\x33\x80" for number in count(1))


class Desk:
    """A plant with an encoder, and someone who lays cards on it until the gateway dies."""

    def __init__(self, plant: Plant, port: int) -> None:
        self.plant, self._port = plant, port
        self._held: VirtualCard | None = None
        units = plant.api.get("/search?text=3-1-502")["items"]
        self.unit = units[0]["unit_id"]
        self.owner = plant.api.get(f"/units/{self.unit}/household")["occupants"][0]["person_id"]

    # --- What people do ---------------------------------------------------------------------------

    def lay(self, logic: CardLogic) -> None:
        self._held = VirtualCard(logic, port=self._port)
        self._held.lay()

    def lift(self) -> None:
        if self._held is not None:
            self._held.lift()
            wait_for("an empty encoder", lambda: self.seen()["uid"] is None)

    def seen(self) -> dict[str, Any]:
        (encoder,) = self.plant.api.get("/encoders")["items"]
        assert isinstance(encoder, dict)
        return encoder

    def found(self, state: str) -> dict[str, Any]:
        def now() -> dict[str, Any] | None:
            encoder = self.seen()
            return encoder if encoder["found"] and encoder["found"]["state"] == state else None

        return wait_for(f"a card that is {state}", now)

    def order(self, uid: bytes, what: str, key: str, **body: object) -> dict[str, Any]:
        asked = {"encoder": ENCODER, "uid": uid.hex(), "what": what, **body}
        job: dict[str, Any] = self.plant.api.post("/encode-jobs", asked, key=key)
        return job

    def issue(self, uid: bytes, key: str) -> dict[str, Any]:
        to_whom = {"unit_id": self.unit, "person_id": self.owner, "proof": "owner_file"}
        return self.order(uid, "issue", key, receipt="R-1", **to_whom)

    def give_back(self, card_id: int) -> None:
        """There is a place in the quota for the next one."""
        self.plant.api.post(f"/cards/{card_id}/cancel", {"reason": "the holder moves out"})

    def work_on(self, uid: bytes) -> list[dict[str, Any]]:
        """Every work on this card that was ever ordered."""
        return [job for job in self.plant.api.every("/encode-jobs?all=true") if job["uid"] == uid.hex()]

    def becomes(self, uid: bytes, state: str) -> dict[str, Any]:
        def now() -> dict[str, Any] | None:
            job = self.work_on(uid)[-1]
            return job if job["state"] == state else None

        return wait_for(f"the work to be {state}", now)

    # --- Death ------------------------------------------------------------------------------------

    def doom(self, name: str, passage: int) -> None:
        """From now on the gateway runs towards its death there."""
        self.plant.end(signal.SIGTERM)
        self.plant.environment = {"GATEHOUSE_CRASH": f"{name}:{passage}"}
        self.plant.start()
        self.plant.online()

    def die_and_rise(self) -> None:
        assert self.plant.process is not None
        assert self.plant.process.wait(PATIENCE_S) == -signal.SIGKILL
        self.plant.environment = {}
        self.plant.start()
        self.plant.online()

    # --- What must hold ---------------------------------------------------------------------------

    def cards_with(self, uid: bytes) -> list[dict[str, Any]]:
        return [card for card in self.plant.api.every("/cards") if card["uid"] == uid.hex()]

    def told(self, kind: str, card_id: int) -> int:
        """How often the journal says this of the card."""
        records = self.plant.api.every(f"/events?kind={kind}")
        return sum(one["target"] == f"card:{card_id}" for one in records)

    def assert_active_once(self, uid: bytes, card_id: int) -> None:
        (card,) = self.cards_with(uid)
        assert (card["id"], card["state"]) == (card_id, "active")
        assert self.told("card.issue", card_id) == 1
        assert self.plant.api.get("/audit/verify")["ok"]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """With card keys. Its log says nothing unforeseen in the end."""
    with running_embedded() as broker:
        plant = Plant(tmp_path_factory.mktemp("encoders-crash"), broker.settings())
        port = free_port()
        plant.seed()
        _make_card_keys(plant)
        _add_encoder(plant.directory / "gatehouse.toml", port)
        plant.start()
        try:
            plant.online()
            yield Desk(plant, port)
        finally:
            plant.close()
        plant.assert_clean_log()


def _make_card_keys(plant: Plant) -> None:
    ring = Keyring(kek_from_file(plant.directory / "keyring.key"))
    store = Store(plant.store_url)
    with store.write(SYSTEM) as uow:
        card_keys.create(uow, ring, os.urandom)
    store.close()


def _add_encoder(config: Path, port: int) -> None:
    with config.open("a") as file:
        file.write(f'[[devices]]\nkind = "vpcd-encoder"\nname = "{ENCODER}"\nport = {port}\ndesk = "{ENCODER}"\n')


def _until_death(desk: Desk, uid: bytes) -> None:
    """The order is repeated with its key after the restart when its answer never came."""
    with suppress(OSError, HTTPException):
        desk.issue(uid, f"key-{uid.hex()}")
    desk.die_and_rise()


@pytest.mark.parametrize("name", [name for name in AT_THE_ENCODER if name != "encode.wiped"])
def test_a_card_that_is_issued(desk: Desk, name: str) -> None:
    """Nothing is granted before the end; what was answered still stands, and the next tap goes on by itself."""
    uid = next(_UIDS)
    card = make("desfire-ev2", uid)
    desk.doom(name, AT_THE_ENCODER[name])
    desk.lay(card)
    desk.found("blank")
    _until_death(desk, uid)
    assert [one["state"] for one in desk.cards_with(uid)] in ([], ["reserved"])
    assert [job["state"] for job in desk.work_on(uid)] in ([], ["planned"], ["unknown"])
    desk.lay(card)
    if not desk.work_on(uid):
        desk.found("blank")
        desk.issue(uid, f"key-{uid.hex()}")
    job = desk.becomes(uid, "active")
    desk.lift()
    assert len(desk.work_on(uid)) == 1
    desk.assert_active_once(uid, job["card_id"])
    desk.lay(card)
    assert desk.found("ours")["uid"] == uid.hex()
    desk.lift()
    desk.give_back(job["card_id"])


def test_a_card_that_is_wiped(desk: Desk) -> None:
    """It ends in stock, as the factory made it, and can be issued again."""
    name = "encode.wiped"
    uid = next(_UIDS)
    card = make("desfire-ev2", uid)
    desk.lay(card)
    desk.found("blank")
    desk.issue(uid, "first")
    card_id = desk.becomes(uid, "active")["card_id"]
    desk.lift()
    desk.give_back(card_id)
    desk.doom(name, AT_THE_ENCODER[name])
    desk.lay(card)
    desk.found("ours")
    desk.order(uid, "wipe", "wipe", card_id=card_id)
    desk.die_and_rise()
    (open_work,) = [job for job in desk.work_on(uid) if job["what"] == "wipe"]
    assert open_work["state"] == "wiping"
    desk.lay(card)
    wait_for("the end of it", lambda: {job["state"] for job in desk.work_on(uid)} == {"active", "done"})
    desk.lift()
    desk.lay(card)
    desk.found("blank")
    assert [one["state"] for one in desk.cards_with(uid)] == ["blank"]
    assert desk.plant.api.get("/audit/verify")["ok"]
    desk.lift()
