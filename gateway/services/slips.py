"""Release slips at the desk: written, agreed to, reviewed, issued, voided.

Mutations take the UnitOfWork of the one transaction they belong to; queries a Connection and ``now``
(unix seconds). What a post does is in gateway/services/release.py.

    create(uow, **form) -> SlipView                     draft; the fields of SlipForm
    ask_owner(uow, slip_id) -> SlipView
    consent(uow, slip_id, Consent(...)) -> SlipView
    refuse_consent(uow, slip_id, *, by, reason) -> SlipView
    review(uow, slip_id) -> SlipView                    by another person than the writer
    issue(uow, slip_id, keys: SlipKeys) -> SlipView     with number and token
    create_and_issue(uow, keys, agreed: Consent, **form) -> SlipView
    void(uow, slip_id, reason) -> SlipView
    get(conn, slip_id, *, now) / get_by_number(conn, slip_no, *, now) -> SlipView
    list_slips(conn, *, now, unit_id=None, post=None, states=None, before=None, after=None, limit=100) -> list[SlipView]
    movements(conn, slip_id) -> tuple[MovementView, ...]
"""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Final, NotRequired, TypedDict, Unpack

from sqlalchemy import Connection, insert

from gateway.domain.errors import ForbiddenError, MalformedError, NotFoundError, RuleViolationError
from gateway.domain.person import Role
from gateway.domain.plate import normal_plate
from gateway.domain.slip import Item, SlipEvent, SlipKind, SlipState, check_items
from gateway.domain.slip_consent import Consent, check_consent
from gateway.services import slip_rows
from gateway.services.slip_claims import claims_of
from gateway.services.slip_number import next_number
from gateway.services.slip_rows import movements
from gateway.services.slip_views import MovementView, Review, SlipView
from gateway.services.slip_write import (
    check_reviewed,
    check_texts,
    end_of_day,
    grant_rights,
    known_posts,
    locked,
    move,
    note,
    state_after,
    unit_of,
    whole_minute,
)
from gateway.signing.slip_token import SlipKeys, encode
from gateway.storage.store import SYSTEM, UnitOfWork
from gateway.storage.tables import slip_items, slips

__all__ = [
    "MovementView",
    "SlipForm",
    "SlipView",
    "ask_owner",
    "consent",
    "create",
    "create_and_issue",
    "get",
    "get_by_number",
    "issue",
    "list_slips",
    "movements",
    "refuse_consent",
    "review",
    "void",
]

_MAY_VOID_ALL: Final = frozenset({Role.SUPERVISOR, Role.MANAGER, Role.ADMIN})


class SlipForm(TypedDict):
    """The paper form (F8). ``post`` holds the right to release; ``posts`` may release too.

    Without ``expires_at`` (unix seconds) the slip is good until the end of the day it is issued (R-SLIP-7).
    """

    kind: SlipKind
    unit_id: int
    applicant: str
    items: Sequence[Item]
    post: str
    posts: NotRequired[Collection[str]]
    plate: NotRequired[str | None]
    applicant_id: NotRequired[int | None]
    expires_at: NotRequired[int | None]
    several_trips: NotRequired[bool]
    arrears_talked: NotRequired[bool]
    remarks: NotRequired[str]


def create(uow: UnitOfWork, **form: Unpack[SlipForm]) -> SlipView:
    """A draft. Raises RuleViolationError, MalformedError or NotFoundError; arrears never stop it (R-SLIP-9)."""
    check_items(form["items"])
    check_texts(form)
    unit = unit_of(uow.conn, form["unit_id"])
    allowed = known_posts(uow.conn, form["post"], form.get("posts", ()))
    talked = "owing_talked" if form.get("arrears_talked") else "owing"
    row = {
        "kind": form["kind"],
        "state": SlipState.DRAFT,
        "unit_id": unit.id,
        "applicant_id": form.get("applicant_id"),
        "applicant": form["applicant"].strip(),
        "plate": normal_plate(form.get("plate")),
        "post": form["post"],
        "posts": allowed,
        "several_trips": form.get("several_trips", False),
        "arrears": talked if unit.arrears else "clear",
        "created_at": uow.now,
        "created_by": uow.actor.id,
        "expires_at": whole_minute(form.get("expires_at"), uow.now),
        "remarks": form.get("remarks", "").strip(),
    }
    slip_id = uow.conn.execute(insert(slips).values(row).returning(slips.c.id)).scalar_one()
    uow.conn.execute(insert(slip_items), [{"slip_id": slip_id, **asdict(item)} for item in form["items"]])
    body = {"kind": row["kind"], "unit": unit.code, "arrears": row["arrears"], "lines": len(form["items"])}
    uow.record("slip.created", f"slip:{slip_id}", body, pii={"applicant": row["applicant"]})
    return slip_rows.load(uow.conn, slip_id, now=uow.now)


def ask_owner(uow: UnitOfWork, slip_id: int) -> SlipView:
    """The owner was asked and has not answered yet."""
    return move(uow, slip_id, SlipEvent.ASK_OWNER, "slip.owner_asked")


def consent(uow: UnitOfWork, slip_id: int, agreed: Consent) -> SlipView:
    """The owner agreed; the list is frozen from here on. Raises RuleViolationError when the evidence will not do."""
    slip = slip_rows.load(uow.conn, slip_id, now=uow.now)
    check_consent(slip.kind, agreed, now=uow.now)
    stored = {**asdict(agreed), "method": int(agreed.method)}
    note(uow, slip_id, consent=stored)
    pii = {"by": agreed.by, "note": agreed.note}
    return move(uow, slip_id, SlipEvent.CONFIRM, "slip.consented", body={"method": agreed.method.name.lower()}, pii=pii)


def refuse_consent(uow: UnitOfWork, slip_id: int, *, by: str, reason: str) -> SlipView:
    """The owner said no; this slip ends here."""
    return move(uow, slip_id, SlipEvent.REFUSE, "slip.consent_refused", body={"reason": reason}, pii={"by": by})


def review(uow: UnitOfWork, slip_id: int) -> SlipView:
    """A second person read the slip (R-SLIP-6). Nobody reviews a slip he wrote himself."""
    slip = locked(uow, slip_id)
    if slip.created_by == uow.actor.id:
        raise RuleViolationError(
            "R-SLIP-6", "Slip %(id)s must be reviewed by someone who did not write it.", id=slip_id
        )
    if slip.state is not SlipState.OWNER_CONFIRMED:
        raise RuleViolationError("R-SLIP-6", "Slip %(id)s is reviewed after the owner agreed.", id=slip_id)
    note(uow, slip_id, review=asdict(Review(uow.actor.id, uow.actor.name, uow.now)))
    uow.record("slip.reviewed", f"slip:{slip_id}")
    return slip_rows.load(uow.conn, slip_id, now=uow.now)


def issue(uow: UnitOfWork, slip_id: int, keys: SlipKeys) -> SlipView:
    """Gives the next number, puts the right to release at the home post, and signs the token: all or nothing."""
    slip = locked(uow, slip_id)
    state = state_after(slip, SlipEvent.ISSUE)
    check_reviewed(slip)
    expires_at = slip.expires_at or end_of_day(uow.conn, uow.now)
    if expires_at <= uow.now:
        raise RuleViolationError("R-SLIP-7", "Slip %(id)s would be over before it is issued.", id=slip_id)
    number = next_number(uow.conn)
    note(uow, slip_id, state=state, slip_no=number, issued_at=uow.now, expires_at=expires_at)
    grant_rights(uow.conn, slip)
    issued = slip_rows.load(uow.conn, slip_id, now=uow.now)
    token = encode(claims_of(uow.conn, issued), keys)
    note(uow, slip_id, token=token)
    body = {"slip_no": number, "post": slip.post, "expires_at": expires_at, "digest": issued.digest.hex()}
    uow.record("slip.issued", f"slip:{slip_id}", body)
    return slip_rows.load(uow.conn, slip_id, now=uow.now)


def create_and_issue(uow: UnitOfWork, keys: SlipKeys, agreed: Consent, **form: Unpack[SlipForm]) -> SlipView:
    """One visit of an owner in person: written, agreed to and issued in one transaction."""
    slip = create(uow, **form)
    consent(uow, slip.id, agreed)
    return issue(uow, slip.id, keys)


def void(uow: UnitOfWork, slip_id: int, reason: str) -> SlipView:
    """Cancels a slip of which nothing has left. A clerk voids only slips he wrote himself."""
    slip = locked(uow, slip_id)
    actor = uow.actor
    if actor != SYSTEM and slip.created_by != actor.id and not actor.roles & _MAY_VOID_ALL:
        raise ForbiddenError("Only a supervisor voids a slip that someone else wrote.")
    if slip.released_qty:
        raise RuleViolationError("R-SLIP-7", "Goods of slip %(no)s have left already; it stays.", no=slip.slip_no)
    if not reason.strip():
        raise MalformedError("Say why the slip is voided.", fields={"reason": "1 to 200 characters"})
    return move(uow, slip_id, SlipEvent.CANCEL, "slip.voided", body={"reason": reason.strip()[:200]})


def get(conn: Connection, slip_id: int, *, now: int) -> SlipView:
    """One slip, or NotFoundError."""
    return slip_rows.load(conn, slip_id, now=now)


def get_by_number(conn: Connection, slip_no: int, *, now: int) -> SlipView:
    """The slip with this number, or NotFoundError."""
    slip = slip_rows.by_number(conn, slip_no, now=now)
    if slip is None:
        raise NotFoundError("There is no slip number %(no)s.", no=slip_no)
    return slip


def list_slips(
    conn: Connection,
    *,
    now: int,
    unit_id: int | None = None,
    post: str | None = None,
    states: Collection[SlipState] | None = None,
    before: int | None = None,
    after: int | None = None,
    limit: int = 100,
) -> list[SlipView]:
    """Slips, newest first; ``before`` is the id where the page before ended, ``post`` a home post.

    With ``after``, the id where a page ended, oldest first.
    """
    order = slips.c.id.desc() if after is None else slips.c.id
    wanted = slip_rows.query().order_by(order).limit(limit)
    if unit_id is not None:
        wanted = wanted.where(slips.c.unit_id == unit_id)
    if post is not None:
        wanted = wanted.where(slips.c.post == post)
    if states is not None:
        wanted = wanted.where(slips.c.state.in_(states))
    if before is not None:
        wanted = wanted.where(slips.c.id < before)
    if after is not None:
        wanted = wanted.where(slips.c.id > after)
    return slip_rows.views(conn, wanted, now=now)
