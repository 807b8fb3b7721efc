"""A gate is held open, locked against entry, or given back to its lists: each asked by naming it, with a reason."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final

from fastapi import Depends, Response
from starlette.concurrency import run_in_threadpool

from admin_api import gates as acts
from admin_api import roles
from admin_api.pages.forms import Form, texts
from admin_api.pages.i18n import N_
from admin_api.pages.web import Enter, Visit, router, see_other
from gateway.domain.decision import Direction, PortalMode
from gateway.domain.errors import GatehouseError, MalformedError
from gateway.domain.person import Role
from gateway.domain.site import Portal
from gateway.services import gates
from gateway.storage.store import UnitOfWork


class ModeKey(StrEnum):
    """What stands in the address."""

    HOLD = "hold"
    END_HOLD = "end-hold"
    LOCK_OUT = "lock-out"
    END_LOCK_OUT = "end-lock-out"


@dataclass(frozen=True, slots=True)
class ModeAct:
    """A button, what it asks, what will happen, and the mode it brings the gate into."""

    key: ModeKey
    mode: PortalMode
    button: str
    ask: str
    tell: str
    do: str
    danger: bool = False


_ALL: Final = (
    ModeAct(
        ModeKey.HOLD,
        PortalMode.HELD_OPEN,
        N_("Hold open"),
        N_("Hold %(name)s open?"),
        N_("It opens and stays open for everyone, with or without a card, until somebody ends the hold."),
        N_("Hold %(name)s open"),
    ),
    ModeAct(
        ModeKey.END_HOLD,
        PortalMode.NORMAL,
        N_("End the hold"),
        N_("End the hold of %(name)s?"),
        N_(
            "Cards and lists decide again. The arm is not driven down; the barrier closes by itself as it is set up to."
        ),
        N_("End the hold of %(name)s"),
    ),
    ModeAct(
        ModeKey.LOCK_OUT,
        PortalMode.LOCKED_OUT,
        N_("Lock out"),
        N_("Let nobody enter by %(name)s?"),
        N_("Every card is refused here until somebody ends it. Nobody is locked in: the way out stays as it is."),
        N_("Let nobody enter by %(name)s"),
        danger=True,
    ),
    ModeAct(
        ModeKey.END_LOCK_OUT,
        PortalMode.NORMAL,
        N_("Back to normal"),
        N_("Give %(name)s back to its lists?"),
        N_("Whoever may enter here can enter again."),
        N_("Set %(name)s back to normal"),
    ),
)
_BY_KEY: Final[Mapping[ModeKey, ModeAct]] = {act.key: act for act in _ALL}
_OFFERED: Final[Mapping[PortalMode, tuple[ModeKey, ...]]] = {
    PortalMode.NORMAL: (ModeKey.HOLD, ModeKey.LOCK_OUT),
    PortalMode.HELD_OPEN: (ModeKey.END_HOLD,),
    PortalMode.LOCKED_OUT: (ModeKey.END_LOCK_OUT,),
}

routes = router()
Holder = Annotated[Visit, Depends(Enter(roles.MODES))]


def offered(portal: Portal, may: Callable[[frozenset[Role]], bool]) -> tuple[ModeAct, ...]:
    """What this visitor may do with the gate as it stands. A way out cannot be locked."""
    if not may(roles.MODES):
        return ()
    out = portal.direction is Direction.OUT
    return tuple(_BY_KEY[key] for key in _OFFERED[portal.mode] if not (out and key is ModeKey.LOCK_OUT))


@routes.get("/console/portals/{portal_id}/{key}")
def ask(visit: Holder, portal_id: str, key: ModeKey) -> Response:
    """Says what will happen and asks for the reason (R-GATE-10)."""
    return _ask(visit, _portal(visit, portal_id), _BY_KEY[key], Form())


@routes.post("/console/portals/{portal_id}/{key}")
async def do(visit: Holder, portal_id: str, key: ModeKey) -> Response:
    """Stores the mode, then tells the gate. When the gate does not answer the mode stands, and that is said."""
    act, reason = _BY_KEY[key], texts(visit.form).get("reason", "")
    portal = await run_in_threadpool(_portal, visit, portal_id)
    stored = False
    try:
        portal = await run_in_threadpool(_store, visit, portal, act, reason)
        stored = True
        await acts.apply_mode(visit.house, visit.caller.actor, portal)
    except GatehouseError as error:
        form = visit.again(error)
        return await run_in_threadpool(lambda: _ask(visit, portal, act, form, stored=stored))
    return see_other("/console")


def _store(visit: Visit, portal: Portal, act: ModeAct, reason: str) -> Portal:
    if act.mode is PortalMode.LOCKED_OUT and portal.direction is Direction.OUT:
        raise MalformedError(N_("%(name)s is a way out; nobody is locked in."), name=portal.name)
    if len(reason) > 200:
        raise MalformedError(N_("Say it in one short sentence."), fields={"reason": N_("1 to 200 characters")})

    def change(uow: UnitOfWork) -> Portal:
        return gates.set_portal_mode(uow, portal.id, act.mode, reason)

    return visit.write(change)


def _ask(visit: Visit, portal: Portal, act: ModeAct, form: Form, *, stored: bool = False) -> Response:
    status = 422 if form.sentence else 200
    return visit.render(
        "console/mode.html", status=status, here="console", portal=portal, act=act, form=form, stored=stored
    )


def _portal(visit: Visit, portal_id: str) -> Portal:
    with visit.read() as conn:
        acts.check_own_gate(conn, visit.caller, portal_id)
        return gates.get_portal(conn, portal_id)
