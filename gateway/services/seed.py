"""The compound of the demo: 湖景苑 with three buildings, believable people, a wired gate and three controllers."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from gateway.domain.decision import Direction
from gateway.domain.entitlement import BasisKind
from gateway.domain.identity import IdentityForm
from gateway.domain.issuance import Consent
from gateway.domain.person import Proof, Relation, Role
from gateway.services import accounts, cards, occupancy, site
from gateway.services.card_stock import Blank
from gateway.services.card_views import CardView
from gateway.services.gates import NewPortal
from gateway.services.keys import Keys
from gateway.signing.keyring import Keyring
from gateway.storage.store import UnitOfWork

DAY: Final = 86400
_BUILDINGS: Final = ("1", "2", "3")
_ENTRANCES: Final = ("1", "2")
_FLOORS: Final = (1, 2, 3, 4, 5)
_ROOMS: Final = ("01", "02")
# Readers that hold the read key show the number in our application, and the UID of every other card.
_FORMS: Final = (IdentityForm.SECURE, IdentityForm.UID)
_NOT_HANDED_OVER: Final = frozenset({"1-2-501", "2-2-402", "2-2-502", "3-2-501", "3-2-502"})

_LI_NA: Final = ("3-1-502", "李娜", "0417")

_SURNAMES: Final = "王张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程"
_GIVEN: Final = (
    "伟", "芳", "秀英", "敏", "静", "强", "磊", "洋", "艳", "勇", "军", "杰", "娟", "涛", "明", "超", "秀兰", "霞",
    "平", "刚", "桂英", "文博", "雨桐", "子轩", "欣怡", "浩然", "梓涵", "思远", "佳琪", "建国",
)  # fmt: skip

_USERS: Final = (
    ("desk", "周敏", (Role.FRONT_DESK,), None),
    ("supervisor", "陈静", (Role.SUPERVISOR,), None),
    ("guard", "王强", (Role.GUARD,), "north"),
    ("captain", "赵刚", (Role.CAPTAIN,), "north"),
    ("finance", "林娟", (Role.FINANCE,), None),
    ("manager", "黄伟", (Role.MANAGER,), None),
    ("auditor", "吴洋", (Role.AUDITOR,), None),
    ("admin", "管理员", (Role.ADMIN, Role.MANAGER, Role.SUPERVISOR, Role.FRONT_DESK), None),
)


@dataclass(frozen=True, slots=True)
class SeededCompound:
    """What the demo needs to know of its compound. ``users`` maps logins to ids."""

    keys: Keys
    users: dict[str, int]
    cards: list[CardView]
    blanks: list[CardView]
    li_na: CardView


def seed_compound(uow: UnitOfWork, keyring: Keyring) -> SeededCompound:
    """A whole compound in an empty store, the same each time but for its secrets."""
    site.create_site(uow, slug="hujingyuan", number=7, name="湖景苑", timezone="Asia/Shanghai", keyring=keyring)
    keys = Keys.load(uow.conn, keyring)
    _areas(uow, keys)
    _gates(uow)
    users = {
        login: accounts.create_user(uow, login=login, name=name, roles=roles, post=post).id
        for login, name, roles, post in _USERS
    }
    issued = _households(uow, keys)
    blanks = cards.stock_in(
        uow, [Blank(f"09{n:02d}", bytes((0x04, 0xB1, n, 0x52, 0x6E, 0x61, 0x80))) for n in range(1, 13)]
    )
    li_na = next(card for card in issued if card.holder == "李娜")
    return SeededCompound(keys, users, issued, blanks, li_na)


def _areas(uow: UnitOfWork, keys: Keys) -> None:
    site.add_area(uow, id="compound", name="小区大门", forms=_FORMS)
    for building in _BUILDINGS:
        site.add_area(uow, id=f"building-{building}", name=f"{building} 号楼", forms=_FORMS)
    site.add_area(uow, id="car-park", name="地下车库", forms=(*_FORMS, IdentityForm.W26))
    site.set_access_rule(uow, keys, basis=BasisKind.RESIDENCE, common_areas=("compound", "car-park"))
    site.set_access_rule(uow, keys, basis=BasisKind.TENANCY, common_areas=("compound",))


def _gates(uow: UnitOfWork) -> None:
    site.add_portal(uow, NewPortal("main-in", "北门入口", Direction.IN, ("compound",)))
    site.add_post(uow, id="north", name="北门岗", portal="main-in")
    doors = {n: NewPortal(f"b{n}-door", f"{n} 号楼大堂", Direction.IN, (f"building-{n}",)) for n in _BUILDINGS}
    south = NewPortal("south-gate", "南门人行", Direction.IN, ("compound",))
    garage = NewPortal("garage", "地下车库", Direction.IN, ("car-park",))
    for name, portals in (("1", [doors["1"], south]), ("2", [doors["2"]]), ("3", [doors["3"], garage])):
        site.add_controller(uow, id=f"gate-{name}", name=f"{name} 号楼控制器", portals=portals)


# --- People ---------------------------------------------------------------------------------------


def _names() -> Iterator[str]:
    number = 0
    while True:
        yield _SURNAMES[number * 7 % len(_SURNAMES)] + _GIVEN[number * 11 % len(_GIVEN)]
        number += 1


class _Desk:
    """Somebody who fills the register, in order."""

    def __init__(self, uow: UnitOfWork, keys: Keys) -> None:
        self._uow, self._keys = uow, keys
        self._names = _names()
        self._people = 0
        self.issued: list[CardView] = []

    def person(self, name: str | None = None) -> int:
        """Someone new on file, under the next name of the book unless one is given."""
        self._people += 1
        phone = f"138{self._people * 7919 % 100_000_000:08d}"
        return occupancy.add_person(self._uow, self._keys, name=name or next(self._names), phone=phone).id

    def settle(
        self, unit: int, person: int, relation: Relation, *, until: int | None = None, owner: int | None = None
    ) -> None:
        """Someone joins a household; a tenant with the owner's word."""
        consent = None if owner is None else Consent(owner, Proof.PHONE_TO_OWNER, self._uow.now)
        occupancy.add_occupant(
            self._uow, self._keys, unit_id=unit, person_id=person, relation=relation, proof=_proof(relation),
            valid_until=until, consent=consent,
        )  # fmt: skip

    def issue(self, unit: int, person: int, relation: Relation, number: str | None = None) -> None:
        """The next card of the box."""
        count = len(self.issued) + 1
        uid = (0x5630F000 + 0x01310B * count).to_bytes(4)
        card = cards.issue(
            self._uow, self._keys, unit_id=unit, person_id=person, uid=uid, proof=_proof(relation),
            number=number or f"{1000 + count}", receipt=f"R{20_000 + count}",
        )  # fmt: skip
        self.issued.append(card)


def _proof(relation: Relation) -> Proof:
    return Proof.LEASE if relation is Relation.TENANT else Proof.OWNER_FILE


def _households(uow: UnitOfWork, keys: Keys) -> list[CardView]:
    desk = _Desk(uow, keys)
    for count, code in enumerate(_codes()):
        unit = occupancy.add_unit(uow, code=code, areas=(f"building-{code[0]}",)).id
        owner = desk.person(_LI_NA[1] if code == _LI_NA[0] else None)
        desk.settle(unit, owner, Relation.OWNER)
        if code in _NOT_HANDED_OVER:
            continue
        occupancy.hand_over(uow, unit, uow.now - (400 - count) * DAY)
        desk.issue(unit, owner, Relation.OWNER, _LI_NA[2] if code == _LI_NA[0] else None)
        if code == _LI_NA[0]:
            desk.settle(unit, desk.person("王建军"), Relation.FAMILY)  # on file, without a card yet
        elif count % 2 == 0:
            _add(desk, unit, Relation.FAMILY)
        elif count % 6 == 1:
            _add(desk, unit, Relation.TENANT, until=uow.now + 200 * DAY, owner=owner)
    return desk.issued


def _add(desk: _Desk, unit: int, relation: Relation, *, until: int | None = None, owner: int | None = None) -> None:
    person = desk.person()
    desk.settle(unit, person, relation, until=until, owner=owner)
    desk.issue(unit, person, relation)


def _codes() -> Iterator[str]:
    for building in _BUILDINGS:
        for entrance in _ENTRANCES:
            for floor in _FLOORS:
                for room in _ROOMS:
                    yield f"{building}-{entrance}-{floor}{room}"
