"""The front desk: search, the household as one sheet, the encoder, cards handed out."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import Depends, Query, Response
from pydantic import BaseModel
from sqlalchemy import Connection

from admin_api import encoding, roles
from admin_api.pages import desk_views as views
from admin_api.pages import encoder_faces
from admin_api.pages.forms import Form, day_end, texts
from admin_api.pages.i18n import N_
from admin_api.pages.web import Enter, Visit, router, see_other
from gateway.domain.errors import GatehouseError, MalformedError
from gateway.domain.identity import parse_uid
from gateway.domain.issuance import APPROVERS
from gateway.domain.person import Proof, Relation
from gateway.ports.cards import FoundCard
from gateway.services import cards, encode_jobs, occupancy, slips
from gateway.services.cards import CardView
from gateway.services.encode_jobs import JobKind, Order

DONE: Final[Mapping[str, str]] = {
    "issued": N_("Card %(number)s is issued."),
    "replaced": N_("Card %(number)s is issued; the old one is over."),
    "lost": N_("Card %(number)s is reported lost."),
    "changed": N_("Card %(number)s is changed."),
}


class Chosen(BaseModel):
    """What the address of a household says besides the unit."""

    q: str = ""
    person: int | None = None
    card: int | None = None
    done: str = ""
    job: str = ""


routes = router()
Clerk = Annotated[Visit, Depends(Enter(roles.DESK))]
Reader = Annotated[Visit, Depends(Enter(roles.DESK_READ))]


@routes.get("/desk")
def desk(visit: Reader, q: str = "") -> Response:
    """Nobody stands here yet."""
    with visit.read() as conn:
        return visit.render("desk/desk.html", here="desk", **_context(visit, conn, query=q))


@routes.get("/desk/search")
def search(visit: Reader, q: str = "") -> Response:
    """The results alone, while someone types."""
    with visit.read() as conn:
        hits = views.find(visit, conn, q.strip()[:80])
    return visit.render("fragment.html", part="desk/hits.html", hits=hits, query=q)


@routes.get("/desk/encoder")
def encoder(visit: Reader, unit: int | None = None, person: int | None = None) -> Response:
    """The encoders alone, when something was laid on or lifted."""
    with visit.read() as conn:
        context = _context(visit, conn, unit_id=unit, person_id=person)
    return visit.render("fragment.html", part="desk/encoder.html", **context)


@routes.get("/desk/units/{unit_id}")
def unit(visit: Reader, unit_id: int, chosen: Annotated[Chosen, Query()]) -> Response:
    """A household, the person chosen in it, and what was just done."""
    with visit.read() as conn:
        context = _context(
            visit,
            conn,
            query=chosen.q,
            unit_id=unit_id,
            person_id=chosen.person,
            card_id=chosen.card,
            done=chosen.done,
            job_id=chosen.job,
        )
        return visit.render("desk/desk.html", here="desk", **context)


@routes.get("/desk/units/{unit_id}/sheet")
def sheet(visit: Reader, unit_id: int, person: int | None = None) -> Response:
    """The household alone, when a card of it was written."""
    with visit.read() as conn:
        context = _context(visit, conn, unit_id=unit_id, person_id=person)
        return visit.render("fragment.html", part="desk/sheet.html", **context)


@routes.post("/desk/units/{unit_id}/people/{person_id}/cards")
def issue(visit: Clerk, unit_id: int, person_id: int) -> Response:
    """Hands the card on the encoder to the person chosen, or replaces the one that was lost.

    A card that carries a number of ours is written first, which is work at the encoder; any other is issued at once.
    """
    values = texts(visit.form)
    try:
        found = _found(visit, values)
        ended = _write(visit, unit_id, person_id, values, found) if encoding.is_written(found) else None
        ended = ended or _issue(visit, unit_id, person_id, values, found)
    except GatehouseError as error:
        form = visit.again(error)
        with visit.read() as conn:
            context = _context(visit, conn, unit_id=unit_id, person_id=person_id)
            return visit.render("desk/desk.html", status=422, here="desk", **context | {"form": form})
    return see_other(f"/desk/units/{unit_id}?person={person_id}&{ended}")


def _write(visit: Visit, unit_id: int, person_id: int, values: Mapping[str, str], found: FoundCard) -> str:
    """Plans the work and begins it. The query that shows how it goes on."""
    old = _replaced(values)
    order = Order(
        JobKind.ISSUE if old is None else JobKind.REPLACE,
        unit_id=unit_id,
        person_id=person_id,
        card_id=old,
        valid_until=day_end(values, "valid_until", visit.zone),
        beyond_quota="beyond_quota" in values,
        **_paid(values),
    )
    house, version = visit.house, visit.house.encoding.key_version()
    job = visit.write(lambda uow: encoding.plan(uow, house, version, order, found))
    house.encoding.begin(values["encoder"], job.id, visit.caller.actor)
    return f"job={job.id}"


def _issue(visit: Visit, unit_id: int, person_id: int, values: Mapping[str, str], found: FoundCard) -> str:
    """Issues a card by its chip number. The query that shows what was done."""
    old, keys = _replaced(values), visit.house.keys
    given: dict[str, Any] = {"uid": found.uid, "kind": found.kind.value, **_paid(values)}
    if old is not None:
        made = visit.write(lambda uow: cards.replace(uow, keys, old, **given))
        return f"card={made.id}&done=replaced"
    given |= {"valid_until": day_end(values, "valid_until", visit.zone), "beyond_quota": "beyond_quota" in values}
    made = visit.write(lambda uow: cards.issue(uow, keys, unit_id=unit_id, person_id=person_id, **given))
    return f"card={made.id}&done=issued"


def _replaced(values: Mapping[str, str]) -> int | None:
    old = values.get("replaces", "")
    return int(old) if old.isdecimal() else None


def _paid(values: Mapping[str, str]) -> dict[str, Any]:
    return {
        "proof": Proof(values.get("proof") or Proof.OWNER_FILE),
        "number": values.get("number") or None,
        "receipt": values.get("receipt") or None,
        "waived": "waived" in values,
    }


def _found(visit: Visit, values: Mapping[str, str]) -> FoundCard:
    """The card the clerk saw, if it still lies there: never another one slipped in between."""
    if values.get("proof", Proof.OWNER_FILE) not in set(Proof):
        raise MalformedError(N_("Say what proved who this is."), fields={"proof": N_("one of the list")})
    return encoding.found_on(visit.house, values.get("encoder", ""), parse_uid(values.get("uid", "")))


def _context(
    visit: Visit,
    conn: Connection,
    *,
    query: str = "",
    unit_id: int | None = None,
    person_id: int | None = None,
    card_id: int | None = None,
    done: str = "",
    job_id: str = "",
) -> dict[str, Any]:
    """Everything the three columns show."""
    sheet = None if unit_id is None else occupancy.household(conn, unit_id, visit.now)
    changed = None if card_id is None else cards.get(conn, card_id)
    return {
        "query": query,
        "hits": views.find(visit, conn, query.strip()[:80], unit_id),
        "sheet": sheet,
        "due": views.due(visit.say, sheet) if sheet else [],
        "waiting": {person.id for person in views.waiting(sheet)} if sheet else set(),
        "phones": views.phones(sheet.occupants) if sheet else {},
        "slips": slips.list_slips(conn, now=visit.now, unit_id=unit_id, limit=10) if sheet else [],
        "person_id": person_id,
        "here_path": _here(unit_id, person_id),
        "faces": encoder_faces.faces(visit, conn, sheet, person_id),
        "open_work": encoder_faces.open_work(visit, conn),
        "key_version": visit.house.encoding.key_version(),
        "outcome": views.outcome(visit, conn, encode_jobs.get(conn, job_id)) if job_id else None,
        "encoder_src": _encoder_src(unit_id, person_id),
        "may_approve": visit.may(APPROVERS),
        "tenant": Relation.TENANT,
        "changed": changed,
        "reach": views.reach(visit, conn, changed) if changed else None,
        "told": _told(visit, changed, done),
        "done": done,
        "form": Form(),
    }


def _here(unit_id: int | None, person_id: int | None) -> str:
    """The page that shows the same household and person."""
    if unit_id is None:
        return "/desk"
    return f"/desk/units/{unit_id}" if person_id is None else f"/desk/units/{unit_id}?person={person_id}"


def _told(visit: Visit, changed: CardView | None, done: str) -> str:
    return visit.say(DONE[done], number=changed.number) if changed and done in DONE else ""


def _encoder_src(unit_id: int | None, person_id: int | None) -> str:
    wanted = {"unit": unit_id, "person": person_id}
    query = "&".join(f"{name}={value}" for name, value in wanted.items() if value is not None)
    return f"/desk/encoder?{query}" if query else "/desk/encoder"
