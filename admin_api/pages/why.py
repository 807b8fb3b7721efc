"""Why a card was refused: one click from the event. Decides again as the gate would now, and changes nothing."""

from typing import Annotated, Any

from fastapi import Depends, Response
from sqlalchemy import Connection

from admin_api import roles
from admin_api.pages.i18n import N_
from admin_api.pages.web import Enter, Visit, router
from admin_api.pages.words import DENIALS
from gateway.domain.errors import NotFoundError
from gateway.domain.identity import Identity
from gateway.domain.site import Portal
from gateway.services import events, gates, presented, projection, site
from gateway.services.card_views import CardView
from gateway.services.records import RecordView
from gateway.services.why import WhyView, why

routes = router()


@routes.get("/console/why/{seq}")
def explain(visit: Annotated[Visit, Depends(Enter(roles.WHY))], seq: int) -> Response:
    """What the gate said then, and what it would say now."""
    with visit.read() as conn:
        record = _refusal(conn, seq)
        portal = gates.get_portal(conn, record.target.removeprefix("portal:"))
        key = bytes.fromhex(str(record.body.get("key", "")))
        card = presented.presented_key(conn, visit.house.keys, key) if key else None
        now = None if card is None else _now(visit, conn, portal, card, key)
    return visit.render("console/why.html", here="console", **_told(visit, record, portal, card, now))


def _refusal(conn: Connection, seq: int) -> RecordView:
    found = events.events(conn, seq - 1, 1)
    if not found or found[0].seq != seq or not found[0].target.startswith("portal:"):
        raise NotFoundError(N_("There is no such event."))
    return found[0]


def _now(visit: Visit, conn: Connection, portal: Portal, card: CardView, key: bytes) -> WhyView | None:
    house = visit.house
    identity = _identity(visit, conn, portal, card, key)
    if identity is None:
        return None
    return why(conn, house.keys, house.keeper.lists(), house.keeper.calendar(), portal, identity, visit.now)


def _identity(visit: Visit, conn: Connection, portal: Portal, card: CardView, key: bytes) -> Identity | None:
    """The form of the card that this gate's reader showed."""
    forms = [form for area in portal.lists for form in site.get_area(conn, area).forms]
    shown = projection.identities_of(forms, card.uid, card.secure_number)
    return next((identity for identity in shown if visit.house.keys.list(identity) == key), None)


def _told(
    visit: Visit, record: RecordView, portal: Portal, card: CardView | None, now: WhyView | None
) -> dict[str, Any]:
    say = visit.say
    reason = str(record.body.get("reason", ""))
    unknown = N_("No card of this site is known by this number. Issue a card at the desk, or try the card again.")
    return {
        "title": say(N_("Why %(gate)s refused"), gate=portal.name),
        "granted": now is not None and now.granted,
        "sentence": say(unknown) if now is None else say.fill(now.template, now.params),
        "facts": [
            (N_("Said then"), say(DENIALS[reason]) if reason in DENIALS else "–"),
            (N_("At"), say.moment(record.at / 1000, visit.zone)),
            (N_("List"), f"{record.body.get('list') or '–'} · {record.body.get('version') or '–'}"),
            (N_("Card"), card.number if card else "–"),
        ],
        "card": card.id if card and visit.may(roles.DESK_READ) else None,
    }
