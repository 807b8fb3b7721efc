"""Release slips at the desk: written, agreed to, reviewed, issued, printed, voided."""

from typing import Annotated, Any, Final

from fastapi import Depends, Response
from starlette.datastructures import FormData

from admin_api import roles
from admin_api.pages.forms import Form, day_end, texts
from admin_api.pages.i18n import N_
from admin_api.pages.web import Enter, Visit, router, see_other
from admin_api.slip_qr import Medium, qr_data_uri
from gateway.domain.errors import GatehouseError, MalformedError
from gateway.domain.issuance import APPROVERS
from gateway.domain.slip import ConsentMethod, Item, SlipKind, SlipState
from gateway.domain.slip_consent import Consent, is_owners_own
from gateway.services import occupancy, site, slips
from gateway.services.slip_views import SlipView
from gateway.storage.store import UnitOfWork

BLANK_LINE: Final = {"item": "", "qty": "", "unit": ""}
_VOIDABLE: Final = frozenset({SlipState.DRAFT, SlipState.OWNER_PENDING, SlipState.OWNER_CONFIRMED, SlipState.ISSUED})

routes = router()
Clerk = Annotated[Visit, Depends(Enter(roles.DESK))]
Reader = Annotated[Visit, Depends(Enter(roles.DESK_READ))]


@routes.get("/desk/units/{unit_id}/slips")
def ask(visit: Clerk, unit_id: int) -> Response:
    """An empty form."""
    return _ask(visit, unit_id, Form(), [BLANK_LINE] * 3)


@routes.post("/desk/units/{unit_id}/slips")
def write(visit: Clerk, unit_id: int) -> Response:
    """Writes the slip; issues it at once when the owner stands here and has agreed."""
    lines = _lines(visit.form)
    try:
        slip = visit.write(lambda uow: _write(uow, visit, unit_id, lines))
    except GatehouseError as error:
        return _ask(visit, unit_id, visit.again(error), [*lines, BLANK_LINE])
    return see_other(f"/desk/slips/{slip.id}")


def _write(uow: UnitOfWork, visit: Visit, unit_id: int, lines: list[dict[str, str]]) -> SlipView:
    values = texts(visit.form)
    slip = slips.create(
        uow,
        kind=_one_of(SlipKind, values.get("kind", "")),
        unit_id=unit_id,
        applicant=values.get("applicant", ""),
        items=_items(lines),
        post=values.get("post", ""),
        posts=[str(post) for post in visit.form.getlist("posts")],
        plate=values.get("plate") or None,
        expires_at=day_end(values, "valid_until", visit.zone),
        several_trips="several_trips" in values,
        arrears_talked="arrears_talked" in values,
    )
    agreed = _consent(visit, uow.now)
    if agreed is None:
        return slip
    slip = slips.consent(uow, slip.id, agreed)
    return slips.issue(uow, slip.id, visit.house.keys.slips) if is_owners_own(slip.kind, agreed) else slip


def _lines(data: FormData) -> list[dict[str, str]]:
    """The lines of goods; wholly empty ones are left out."""
    columns = [[str(value).strip() for value in data.getlist(name)] for name in ("item", "qty", "unit")]
    lines = [dict(zip(("item", "qty", "unit"), line, strict=True)) for line in zip(*columns, strict=False)]
    return [line for line in lines if line["item"] or line["qty"]]


def _items(lines: list[dict[str, str]]) -> list[Item]:
    return [
        Item(index, line["item"], int(line["qty"]) if line["qty"].isdecimal() else 0, line["unit"])
        for index, line in enumerate(lines, 1)
    ]


def _one_of(kind: type[SlipKind], text: str) -> SlipKind:
    if text not in set(kind):
        raise MalformedError(N_("Say what kind of goods leave."), fields={"kind": N_("one of the list")})
    return kind(text)


def _consent(visit: Visit, now: int) -> Consent | None:
    """Who agreed, and how; None while nobody has."""
    values = texts(visit.form)
    method = values.get("method", "")
    if not method.isdecimal() or int(method) not in set(ConsentMethod):
        return None
    checked = "identity_checked" in values
    return Consent(ConsentMethod(int(method)), values.get("by", ""), now, checked)


def _ask(visit: Visit, unit_id: int, form: Form, lines: list[dict[str, str]]) -> Response:
    with visit.read() as conn:
        sheet, posts = occupancy.household(conn, unit_id), site.list_posts(conn)
    return visit.render(
        "desk/slip-new.html",
        status=422 if form.sentence else 200,
        here="desk",
        unit=sheet.unit,
        people=sheet.occupants,
        posts=posts,
        lines=lines,
        form=form,
        today=visit.today.isoformat(),
        chosen_posts=[str(post) for post in visit.form.getlist("posts")],
    )


@routes.get("/desk/slips/{slip_id}")
def show(visit: Reader, slip_id: int) -> Response:
    """The slip, its QR, and what comes next."""
    return _show(visit, slip_id, Form())


@routes.get("/desk/slips/{slip_id}/print")
def print_view(visit: Reader, slip_id: int) -> Response:
    """The paper the customer carries to the gate."""
    with visit.read() as conn:
        slip = slips.get(conn, slip_id, now=visit.now)
        posts = {post.id: post.name for post in site.list_posts(conn)}
        name = site.describe(conn).name
    code = qr_data_uri(slip, Medium.PAPER)
    return visit.render("desk/slip-print.html", here="desk", slip=slip, posts=posts, site_name=name, qr=code)


@routes.post("/desk/slips/{slip_id}/{act}")
def change(visit: Clerk, slip_id: int, act: str) -> Response:
    """The next step of its life."""
    try:
        visit.write(lambda uow: _step(uow, visit, slip_id, act))
    except GatehouseError as error:
        return _show(visit, slip_id, visit.again(error))
    return see_other(f"/desk/slips/{slip_id}")


def _step(uow: UnitOfWork, visit: Visit, slip_id: int, act: str) -> SlipView:
    steps = {
        "ask-owner": lambda: slips.ask_owner(uow, slip_id),
        "consent": lambda: slips.consent(uow, slip_id, _agreed(visit, uow.now)),
        "review": lambda: slips.review(uow, slip_id),
        "issue": lambda: slips.issue(uow, slip_id, visit.house.keys.slips),
        "void": lambda: slips.void(uow, slip_id, texts(visit.form).get("reason", "")),
    }
    if act not in steps:
        raise MalformedError(N_("There is no such page."))
    return steps[act]()


def _agreed(visit: Visit, now: int) -> Consent:
    agreed = _consent(visit, now)
    if agreed is None:
        raise MalformedError(N_("Say how the owner agreed."), fields={"method": N_("one of the list")})
    return agreed


def _show(visit: Visit, slip_id: int, form: Form) -> Response:
    with visit.read() as conn:
        slip = slips.get(conn, slip_id, now=visit.now)
        posts = {post.id: post.name for post in site.list_posts(conn)}
        moves = slips.movements(conn, slip_id)
    return visit.render(
        "desk/slip.html",
        status=422 if form.sentence else 200,
        here="desk",
        slip=slip,
        posts=posts,
        moves=moves,
        form=form,
        qr=qr_data_uri(slip, Medium.SCREEN),
        **_next(visit, slip),
    )


def _next(visit: Visit, slip: SlipView) -> dict[str, Any]:
    """Which steps stand open to this visitor."""
    confirmed = slip.state is SlipState.OWNER_CONFIRMED
    own = slip.consent is not None and is_owners_own(slip.kind, slip.consent)
    reviewed = own or slip.review is not None
    another = slip.created_by != visit.caller.actor.id
    return {
        "may_consent": slip.state in {SlipState.DRAFT, SlipState.OWNER_PENDING},
        "may_ask": slip.state is SlipState.DRAFT,
        "may_review": confirmed and not reviewed and another and visit.may(APPROVERS),
        "waits_for_review": confirmed and not reviewed,
        "may_issue": confirmed and reviewed,
        "may_void": slip.state in _VOIDABLE and not slip.released_qty,
    }
