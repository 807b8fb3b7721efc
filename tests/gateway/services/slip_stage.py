"""A compound with two gates, a unit and a desk key, on which slips are tried."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import uuid4

from sqlalchemy import insert

from gateway.domain.person import Role
from gateway.domain.slip import ConsentMethod, Item, SlipKind
from gateway.domain.slip_consent import Consent
from gateway.services import release, slips
from gateway.services.slip_views import SlipView, Taken, Verdict
from gateway.signing.keys import SigningKey
from gateway.signing.slip_token import SlipKeys
from gateway.storage import tables
from gateway.storage.store import SYSTEM, Actor, Store
from tests.stores import NOW, seed_unit

CLERK = Actor("user:1", "Clerk", frozenset({Role.FRONT_DESK}))
OTHER_CLERK = Actor("user:2", "Other clerk", frozenset({Role.FRONT_DESK}))
SUPERVISOR = Actor("user:3", "Supervisor", frozenset({Role.SUPERVISOR}))
GUARD = Actor("user:4", "老陈", frozenset({Role.GUARD}), post="north")
KEYS = SlipKeys.of(SigningKey(bytes(range(32))))
ITEMS = (Item(1, "沙发", 1), Item(2, "纸箱", 12, "箱"))
IN_PERSON = Consent(ConsentMethod.SIGNED_AT_DESK, "李雷", NOW, identity_checked=True)
ALL = (Taken(1, 1), Taken(2, 12))
UNIT = 1  # the id of the only unit
SITE = 7


def release_id() -> str:
    return uuid4().hex


def build(store: Store) -> None:
    """The site, three posts and unit 3-1-502."""
    with store.write(SYSTEM) as uow:
        site = {"id": 1, "slug": "lake", "number": SITE, "name": "湖景苑", "timezone": "Asia/Shanghai", "settings": {}}
        uow.conn.execute(insert(tables.site).values(site))
        seed_unit(uow)
        rows = [("north", 0, "北门"), ("south", 1, "南门"), ("east", 2, "东门")]
        uow.conn.execute(
            insert(tables.posts), [{"id": slug, "number": number, "name": name} for slug, number, name in rows]
        )


def form(**changes: object) -> slips.SlipForm:
    """A household's slip for the north and south gates, changed as told."""
    plain = slips.SlipForm(
        kind=SlipKind.HOUSEHOLD, unit_id=UNIT, applicant="李雷", items=ITEMS, post="north", posts=("south",)
    )
    plain.update(changes)  # type: ignore[typeddict-item]  # a test may say something wrong on purpose
    return plain


def issued(store: Store, agreed: Consent = IN_PERSON, **changes: object) -> SlipView:
    """A slip, issued by the clerk."""
    with store.write(CLERK) as uow:
        return slips.create_and_issue(uow, KEYS, agreed, **form(**changes))


def token(slip: SlipView) -> str:
    assert slip.token is not None
    return slip.token


def number(slip: SlipView) -> int:
    assert slip.slip_no is not None
    return slip.slip_no


def look(store: Store, text: str, *, post: str = "north", now: int = NOW) -> Verdict:
    with store.read() as conn:
        return release.verify(conn, KEYS, text, post=post, now=now)


@dataclass(frozen=True)
class Load:
    """What a guard sends off, ready to be sent again."""

    text: str | None
    lines: Sequence[Taken] = ALL
    post: str = "north"
    plate_seen: str | None = None
    override: str = ""
    slip_no: int | None = None
    id: str = field(default_factory=release_id)

    def go(self, store: Store) -> Verdict:
        with store.write(GUARD) as uow:
            return release.release(
                uow,
                KEYS,
                release_id=self.id,
                post=self.post,
                lines=self.lines,
                text=self.text,
                slip_no=self.slip_no,
                plate_seen=self.plate_seen,
                override=self.override,
            )
