"""Portals, controllers and posts are set up with checks, and controllers get what they need once."""

from dataclasses import dataclass

import pytest

from gateway.domain.decision import Direction, PortalMode
from gateway.domain.errors import ConflictError, MalformedError, NotFoundError, RuleViolationError
from gateway.domain.identity import Identity, KeyMaker
from gateway.services import events, gates, site
from gateway.services.gates import NewPortal
from tests.gateway.services.small_compound import KEYRING, UID, Compound

DOOR = NewPortal("b3-e1", "3 号楼 1 单元", Direction.IN, ("b3", "compound"), unlock_ms=3000)


@dataclass(frozen=True)
class Broker:
    """An address without TLS unless told."""

    host: str = "10.0.0.2"
    port: int = 8883
    ca_file: str | None = None


def test_a_portal_behind_a_controller_and_one_wired_here(compound: Compound) -> None:
    with compound.desk() as uow:
        controller = gates.add_controller(uow, id="gate-3", name="3 号楼", portals=[DOOR])
        portals = {portal.id: portal for portal in gates.list_portals(uow.conn)}
    assert (controller.enrolled_at, controller.report) == (None, None)
    assert (portals["b3-e1"].controller, portals["b3-e1"].unlock_ms) == ("gate-3", 3000)
    assert portals["main-in"].controller is None


def test_a_portal_is_checked(compound: Compound) -> None:
    with compound.desk() as uow:
        with pytest.raises(MalformedError) as refused:
            gates.add_portal(uow, NewPortal("x", "x", Direction.IN, ("nowhere",), unlock_ms=1, held_open_s=0))
        with pytest.raises(ConflictError):
            gates.add_portal(uow, NewPortal("main-in", "x", Direction.IN, ("compound",)))
        gates.add_controller(uow, id="gate-3", name="x", portals=[])
        with pytest.raises(ConflictError):
            gates.add_controller(uow, id="gate-3", name="x", portals=[])
    assert set(refused.value.fields) == {"lists", "unlock_ms", "held_open_s"}


def test_a_mode_needs_a_reason_and_stands_in_the_record(compound: Compound) -> None:
    """R-GATE-10."""
    with compound.desk() as uow:
        with pytest.raises(RuleViolationError) as refused:
            gates.set_portal_mode(uow, "main-in", PortalMode.HELD_OPEN, " ")
        with pytest.raises(NotFoundError):
            gates.set_portal_mode(uow, "nowhere", PortalMode.NORMAL, "x")
        assert gates.set_portal_mode(uow, "main-in", PortalMode.HELD_OPEN, "removal van").mode is PortalMode.HELD_OPEN
    with compound.store.read() as conn:
        (record,) = events.events(conn, kinds=["portal.mode"])
    assert refused.value.rule == "R-GATE-10"
    assert record.body == {"before": "normal", "after": "held_open", "reason": "removal van"}


@pytest.mark.parametrize("ca_file", [None, "/etc/gate/ca.pem"])
def test_the_provisioning_file_is_all_a_controller_needs(compound: Compound, ca_file: str | None) -> None:
    with compound.desk() as uow:
        gates.add_controller(uow, id="gate-3", name="x", portals=[DOOR])
        file = gates.enrol_controller(uow, KEYRING, "gate-3", Broker(ca_file=ca_file), lambda name: (name, "secret"))
        enrolled = gates.get_controller(uow.conn, "gate-3")
    tls = None if ca_file is None else {"ca_file": ca_file, "cert_file": None, "key_file": None}
    assert file["broker"] == {"host": "10.0.0.2", "port": 8883, "username": "gate-3", "password": "secret", "tls": tls}
    assert (file["site"], file["controller"], file["topics_root"]) == ("lake", "gate-3", "gatehouse/v1/lake")
    public = compound.keys.signing.public
    assert file["public_keys"] == [{"kid": public.kid.hex(), "key": public.raw.hex()}]
    identity = Identity.uid(UID.hex())
    assert KeyMaker(bytes.fromhex(str(file["list_key"])))(identity) == compound.keys.list(identity)
    assert (enrolled.enrolled_at, enrolled.mqtt_username) == (int(compound.clock.now), "gate-3")


def test_only_a_known_controller_is_enrolled(compound: Compound) -> None:
    with compound.desk() as uow, pytest.raises(NotFoundError):
        gates.enrol_controller(uow, KEYRING, "gate-9", Broker(), lambda name: (name, "secret"))


def test_the_record_of_an_enrolment_keeps_no_secret(compound: Compound) -> None:
    with compound.desk() as uow:
        gates.add_controller(uow, id="gate-3", name="x", portals=[])
        file = gates.enrol_controller(uow, KEYRING, "gate-3", Broker(), lambda name: (name, "s3cret-password"))
    with compound.store.read() as conn:
        told = str(events.events(conn, limit=500))
    assert "s3cret-password" not in told
    assert str(file["list_key"]) not in told


def test_a_controller_leaves_with_its_portals(compound: Compound) -> None:
    """A typo does not stay for ever; the record keeps what was there, and the gates get a new configuration."""
    with compound.desk() as uow:
        gates.add_controller(uow, id="gate-3", name="3 号楼", portals=[DOOR])
    with compound.store.read() as conn:
        version = site.describe(conn).config_version
    with compound.desk() as uow:
        assert gates.remove_controller(uow, "gate-3").name == "3 号楼"
        assert {portal.id for portal in gates.list_portals(uow.conn)} == {"main-in"}
        with pytest.raises(NotFoundError):
            gates.remove_controller(uow, "gate-3")
    with compound.store.read() as conn:
        records = events.events(conn, kinds=["site.portal_removed", "site.controller_removed"])
        assert site.describe(conn).config_version == version + 1
    assert [(record.target, record.body) for record in records] == [
        ("portal:b3-e1", {"name": DOOR.name, "controller": "gate-3"}),
        ("controller:gate-3", {"name": "3 号楼", "portals": ["b3-e1"]}),
    ]


def test_a_portal_stays_while_it_is_needed(compound: Compound) -> None:
    """By a guard post or by a device on the gateway's own wires."""
    with compound.desk() as uow:
        gates.add_controller(uow, id="gate-3", name="x", portals=[DOOR])
        with pytest.raises(ConflictError, match="configuration"):
            gates.remove_portal(uow, "main-in", wired={"main-in"})
        gates.add_post(uow, id="north", name="北门岗", portal=DOOR.id)
        for remove, name in ((gates.remove_portal, DOOR.id), (gates.remove_controller, "gate-3")):
            with pytest.raises(ConflictError, match="Guard post north needs portal b3-e1"):
                remove(uow, name)
        assert gates.get_portal(uow.conn, DOOR.id).controller == "gate-3"
        assert gates.remove_portal(uow, "main-in").controller is None


def test_posts_are_numbered_for_slips(compound: Compound) -> None:
    with compound.desk() as uow:
        north = gates.add_post(uow, id="north", name="北门岗", portal="main-in")
        south = gates.add_post(uow, id="south", name="南门岗", number=9)
        east = gates.add_post(uow, id="east", name="东门岗")
        assert [north.number, south.number, east.number] == [0, 9, 1]
        assert gates.list_posts(uow.conn) == [north, east, south]
        for bad in ({"id": "north"}, {"id": "west", "number": 9}, {"id": "west", "number": 32}):
            with pytest.raises(ConflictError):
                gates.add_post(uow, name="x", **bad)
        with pytest.raises(NotFoundError):
            gates.add_post(uow, id="west", name="x", portal="nowhere")


def test_the_gateways_own_name_is_taken(compound: Compound) -> None:
    """A controller's id is its account at the broker: one called “gateway” would get the gateway's rights."""
    with pytest.raises(MalformedError, match="own account"), compound.desk() as uow:
        gates.add_controller(uow, id="gateway", name="东门", portals=[])
