"""A compound small enough to know by heart, and the desk's usual acts in one line each."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from gateway.domain.decision import Direction
from gateway.domain.entitlement import BasisKind
from gateway.domain.identity import Identity, IdentityForm
from gateway.domain.issuance import Consent
from gateway.domain.person import Proof, Relation, Role
from gateway.domain.whitelist import Terms, Whitelist
from gateway.services import cards, occupancy, site
from gateway.services.cards import CardView
from gateway.services.gates import NewPortal
from gateway.services.household import OccupantView
from gateway.services.keys import Keys
from gateway.signing.keyring import Keyring
from gateway.storage import lists
from gateway.storage.store import Actor, Store, UnitOfWork
from tests.stores import SteppedClock

DAY = 86400
KEYRING = Keyring(bytes(range(32)))
CLERK = Actor("user:1", "周敏", frozenset({Role.FRONT_DESK}))
SUPERVISOR = Actor("user:2", "陈静", frozenset({Role.FRONT_DESK, Role.SUPERVISOR}))
UID = bytes.fromhex("5630F009")
OTHER_UID = bytes.fromhex("04A1B2C3D4E580")


def uid(number: int) -> bytes:
    """A UID of its own for each number."""
    return bytes((0x04, number >> 8 & 0xFF, number & 0xFF, 0x11, 0x22, 0x33, 0x80))


@dataclass
class Compound:
    """A site with an owner in 3-1-502 (handed over), and an empty 3-1-601 (not handed over)."""

    store: Store
    clock: SteppedClock
    keys: Keys
    unit: int
    new_unit: int
    li_na: int

    @contextmanager
    def desk(self, actor: Actor = CLERK) -> Iterator[UnitOfWork]:
        """One act at the desk."""
        with self.store.write(actor) as uow:
            yield uow

    def issue(
        self, uid: bytes = UID, *, person: int | None = None, unit: int | None = None, **more: object
    ) -> CardView:
        """Hands a card out, with a receipt unless told otherwise."""
        form: dict[str, object] = {"proof": Proof.OWNER_FILE, "receipt": "R1", **more}
        with self.desk(SUPERVISOR) as uow:
            return cards.issue(
                uow,
                self.keys,
                unit_id=unit or self.unit,
                person_id=person or self.li_na,
                uid=uid,
                **form,  # type: ignore[arg-type]  # the tests say what differs
            )

    def person(self, name: str, phone: str = "") -> int:
        with self.desk() as uow:
            return occupancy.add_person(uow, self.keys, name=name, phone=phone).id

    def settle(self, person: int, relation: Relation = Relation.FAMILY, *, unit: int | None = None) -> OccupantView:
        """Someone joins the household by the owner file."""
        with self.desk() as uow:
            return occupancy.add_occupant(
                uow, self.keys, unit_id=unit or self.unit, person_id=person, relation=relation, proof=Proof.OWNER_FILE
            )

    def let(self, person: int, *, days: int = 200, consent: bool = True, unit: int | None = None) -> OccupantView:
        """A tenant moves in with a lease."""
        agreed = Consent(self.li_na, Proof.PHONE_TO_OWNER, int(self.clock.now)) if consent else None
        with self.desk() as uow:
            return occupancy.add_occupant(
                uow,
                self.keys,
                unit_id=unit or self.unit,
                person_id=person,
                relation=Relation.TENANT,
                proof=Proof.LEASE,
                valid_until=int(self.clock.now) + days * DAY,
                consent=agreed,
            )

    def unit_of(self, code: str, *areas: str) -> int:
        """A further unit, handed over."""
        with self.desk() as uow:
            unit = occupancy.add_unit(uow, code=code, areas=areas).id
            occupancy.hand_over(uow, unit, uow.now - DAY)
            return unit

    def card(self, card_id: int) -> CardView:
        with self.store.read() as conn:
            return cards.get(conn, card_id)

    def lists(self) -> dict[str, Whitelist]:
        with self.store.read() as conn:
            return lists.load(conn)

    def terms(self, uid: bytes, area: str) -> Terms | None:
        """What a UID reader of the area knows of a card."""
        return self.lists()[area].get(self.keys.list(Identity.uid(uid.hex())))

    def opens(self, uid: bytes) -> set[str]:
        """The areas whose lists carry this UID."""
        key = self.keys.list(Identity.uid(uid.hex()))
        return {name for name, whitelist in self.lists().items() if key in whitelist}


def build(store: Store, clock: SteppedClock) -> Compound:
    """Areas compound, b1, b3 and a garage with Wiegand readers; residents go everywhere, tenants not to the garage."""
    with store.write(SUPERVISOR) as uow:
        site.create_site(uow, slug="lake", number=7, name="湖景苑", timezone="Asia/Shanghai", keyring=KEYRING)
        keys = Keys.load(uow.conn, KEYRING)
        for area in ("compound", "b1", "b3"):
            site.add_area(uow, id=area, name=area)
        site.add_area(uow, id="garage", name="garage", forms=(IdentityForm.UID, IdentityForm.W26))
        site.set_access_rule(uow, keys, basis=BasisKind.RESIDENCE, common_areas=("compound", "garage"))
        site.set_access_rule(uow, keys, basis=BasisKind.TENANCY, common_areas=("compound",))
        site.add_portal(uow, NewPortal("main-in", "北门", Direction.IN, ("compound",)))
        unit = occupancy.add_unit(uow, code="3-1-502", areas=("b3",)).id
        occupancy.hand_over(uow, unit, uow.now - DAY)
        new_unit = occupancy.add_unit(uow, code="3-1-601", areas=("b3",)).id
        li_na = occupancy.add_person(uow, keys, name="李娜", phone="138 0000 1234").id
        occupancy.add_occupant(
            uow, keys, unit_id=unit, person_id=li_na, relation=Relation.OWNER, proof=Proof.OWNER_FILE
        )
    return Compound(store, clock, keys, unit, new_unit, li_na)
