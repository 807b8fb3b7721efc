"""What the desk shows: who was found, what is due, where a card has arrived."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from sqlalchemy import Connection

from admin_api.pages.event_words import event_state
from admin_api.pages.i18n import N_, Speaker
from admin_api.pages.web import Visit
from admin_api.pages.words import State
from gateway.domain.card import CardEvent, CardState
from gateway.domain.person import NEEDS_OWNER_CONSENT, Relation, mask_phone
from gateway.services import accounts, cards, occupancy
from gateway.services.cards import CardView
from gateway.services.encode_jobs import JobState, JobView
from gateway.services.household import DueItem, HouseholdView, OccupantView
from gateway.services.people_search import Hit, HitKind
from gateway.services.reach import reach as reach_of
from gateway.services.records import RecordView

_KINDS: Final[Mapping[HitKind, str]] = {
    HitKind.UNIT: N_("unit"),
    HitKind.PERSON: N_("person"),
    HitKind.PHONE: N_("phone"),
    HitKind.CARD: N_("card"),
    HitKind.PLATE: N_("plate"),
}


@dataclass(frozen=True, slots=True)
class HitRow:
    """One result, and where it leads."""

    href: str
    title: str
    detail: str
    current: bool


@dataclass(frozen=True, slots=True)
class GateReach:
    """One gate and what it does with the card now."""

    name: str
    state: str


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a change of a card has come."""

    sentence: str
    done: int
    total: int
    gates: tuple[GateReach, ...]


@dataclass(frozen=True, slots=True)
class DueRow:
    """What is due, and the act that settles it, if one does; ``look``: it only leads somewhere."""

    sentence: str
    href: str = ""
    act: str = ""
    look: bool = False


@dataclass(frozen=True, slots=True)
class StoryRow:
    """One line of a card's story."""

    state: State
    at: float
    actor: str
    detail: str


def find(visit: Visit, conn: Connection, query: str, unit_id: int | None = None) -> list[HitRow]:
    """Results of the search field, best first."""
    hits = occupancy.search(conn, query) if query else []
    return [_hit(visit.say, hit, unit_id, query) for hit in hits]


def _hit(say: Speaker, hit: Hit, unit_id: int | None, query: str) -> HitRow:
    if hit.unit_id is None:
        return HitRow(f"/desk/cards/{hit.card_id}", hit.text, say(_KINDS[hit.kind]), current=False)
    path = f"/desk/units/{hit.unit_id}?q={quote(query)}"
    if hit.person_id is not None:
        path += f"&person={hit.person_id}"
    parts = [hit.unit if hit.kind is not HitKind.UNIT else None, hit.name if hit.kind is HitKind.CARD else None]
    detail = " · ".join([say(_KINDS[hit.kind]), *(part for part in parts if part)])
    return HitRow(path, hit.text, detail, current=hit.unit_id == unit_id)


def reach(visit: Visit, conn: Connection, card: CardView) -> Reach | None:
    """Gate by gate, and one sentence over all."""
    fleet = visit.house.fleet
    reports = {status.controller: status for status in fleet.statuses()} if fleet else {}
    gates = reach_of(conn, visit.house.keys, card.id, reports)
    if not gates:
        return None
    active = card.state is CardState.ACTIVE
    wanted = [gate for gate in gates if gate.listed] if active else list(gates)
    shown = wanted or list(gates)
    done = sum(gate.state == ("opens" if active else "refuses") for gate in shown)
    sentence = N_("Opens at %(done)s of %(total)s gates") if active else N_("Refused at %(done)s of %(total)s gates")
    rows = tuple(GateReach(gate.name, _word(gate.state, active=active)) for gate in shown)
    return Reach(visit.say(sentence, done=done, total=len(shown)), done, len(shown), rows)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How work at the encoder stands, for the one who ordered it; ``card`` and ``reach`` once it is done."""

    job: JobView
    card: CardView | None = None
    reach: Reach | None = None


def outcome(visit: Visit, conn: Connection, job: JobView) -> Outcome:
    """Where the card opens as soon as it is written."""
    if job.state is not JobState.ACTIVE or job.card_id is None:
        return Outcome(job)
    card = cards.get(conn, job.card_id)
    return Outcome(job, card, reach(visit, conn, card))


def _word(state: str, *, active: bool) -> str:
    """A gate that is cut off matters more when the card should no longer open it."""
    return "unheard" if active and state == "offline_since" else state


def story(conn: Connection, card_id: int) -> list[StoryRow]:
    """Everything that was done with a card, newest first."""
    names = {f"user:{user.id}": user.name for user in accounts.list_users(conn)}
    return [_told(record, names) for record in reversed(cards.story(conn, card_id))]


def _told(record: RecordView, names: Mapping[str, str]) -> StoryRow:
    detail = [record.body.get("reason"), record.body.get("receipt"), record.body.get("waived_by")]
    said = " · ".join(str(part) for part in detail if part)
    return StoryRow(event_state(record.kind), record.at / 1000, _who(record, names), said)


def _who(record: RecordView, names: Mapping[str, str]) -> str:
    """Who did it. Work at an encoder may end without a person, after a pull-off, say: then who ordered it, where."""
    actor = names.get(record.actor, record.actor).removeprefix("encoder:")
    ordered_by = str(record.body.get("ordered_by") or actor)
    return actor if ordered_by == actor else f"{ordered_by} · {actor}"


def phones(people: Sequence[OccupantView]) -> dict[int, str]:
    """The last digits of each phone: enough to tell two people apart."""
    return {person.person_id: mask_phone(person.phone) for person in people}


def due(say: Speaker, sheet: HouseholdView) -> list[DueRow]:
    """What somebody must do soon, in words, with the way to do it."""
    return [_due(say, sheet, item) for item in sheet.due]


def _due(say: Speaker, sheet: HouseholdView, item: DueItem) -> DueRow:
    sentence = say.fill(item.template, item.params)
    if item.card_id is not None:
        renew = any(card.id == item.card_id and CardEvent.RENEW in card.actions for card in sheet.cards)
        path = f"/desk/cards/{item.card_id}"
        return (
            DueRow(sentence, f"{path}/renew", N_("Renew…")) if renew else DueRow(sentence, path, N_("Look"), look=True)
        )
    if item.occupant_id in {person.id for person in waiting(sheet)}:
        return DueRow(sentence, f"/desk/occupants/{item.occupant_id}/consent", N_("Owner agrees…"))
    return DueRow(sentence)


def waiting(sheet: HouseholdView) -> list[OccupantView]:
    """Tenants and helpers whom no present owner has agreed to yet (R-CARD-4)."""
    owners = {person.person_id for person in sheet.occupants if person.relation is Relation.OWNER}
    asked = [person for person in sheet.occupants if person.relation in NEEDS_OWNER_CONSENT]
    return [person for person in asked if person.consent is None or person.consent.by not in owners]
