"""Why a card was refused: one click from the event. Decides again as the gate would now, and changes nothing."""

from typing import Annotated, Any

from fastapi import Depends, Response
from sqlalchemy import Connection

from admin_api import roles
from admin_api.pages.i18n import N_
from admin_api.pages.web import Enter, Visit, router
from admin_api.pages.words import DENIALS
from gateway.domain.errors import NotFoundError
from gateway.domain.identity import Identity, IdentityForm
from gateway.domain.site import Portal
from gateway.services import events, gates, presented, projection
from gateway.services.card_faces import CardFaces
from gateway.services.card_views import CardView
from gateway.services.records import RecordView
from gateway.services.why import WhyView, why
from gateway.services.why import copied as copy_of

routes = router()


@routes.get("/console/why/{seq}")
def explain(visit: Annotated[Visit, Depends(Enter(roles.WHY))], seq: int) -> Response:
    """What the gate said then, and what it would say now."""
    with visit.read() as conn:
        record = _refusal(conn, seq)
        portal = gates.get_portal(conn, record.target.removeprefix("portal:"))
        key = bytes.fromhex(str(record.body.get("key", "")))
        copied = presented.imitated_key(conn, CardFaces(visit.house.keys.list), key, portal.id) if key else None
        card = copied or (presented.presented_key(conn, visit.house.keys, key) if key else None)
        now = None if card is None or copied is not None else _now(visit, conn, portal, card, key)
    sentence = _sentence(visit, now) if copied is None else visit.say.fill(*copy_of(copied, portal))
    return visit.render(
        "console/why.html",
        here="console",
        granted=now is not None and now.granted,
        sentence=sentence,
        **_told(visit, record, portal, card),
    )


def _refusal(conn: Connection, seq: int) -> RecordView:
    found = events.events(conn, seq - 1, 1)
    if not found or found[0].seq != seq or not found[0].target.startswith("portal:"):
        raise NotFoundError(N_("There is no such event."))
    return found[0]


def _now(visit: Visit, conn: Connection, portal: Portal, card: CardView, key: bytes) -> WhyView | None:
    house = visit.house
    identity = _identity(visit, card, key)
    if identity is None:
        return None
    return why(conn, house.keys, house.keeper.lists(), house.keeper.calendar(), portal, identity, visit.now)


def _identity(visit: Visit, card: CardView, key: bytes) -> Identity | None:
    """The face of the card that the gate's reader saw: not always one that its lists ask for."""
    faces = (projection.identities_of((form,), card.uid, card.secure_number) for form in IdentityForm)
    return next((identity for face in faces for identity in face if visit.house.keys.list(identity) == key), None)


def _sentence(visit: Visit, now: WhyView | None) -> str:
    if now is None:
        return visit.say(
            N_("No card of this site is known by this number. Issue a card at the desk, or try the card again.")
        )
    return visit.say.fill(now.template, now.params)


def _told(visit: Visit, record: RecordView, portal: Portal, card: CardView | None) -> dict[str, Any]:
    say = visit.say
    reason = str(record.body.get("reason", ""))
    return {
        "title": say(N_("Why %(gate)s refused"), gate=portal.name),
        "facts": [
            (N_("Said then"), say(DENIALS[reason]) if reason in DENIALS else "–"),
            (N_("At"), say.moment(record.at / 1000, visit.zone)),
            (N_("List"), f"{record.body.get('list') or '–'} · {record.body.get('version') or '–'}"),
            (N_("Card"), card.number if card else "–"),
        ],
        "card": card.id if card and visit.may(roles.DESK_READ) else None,
    }
