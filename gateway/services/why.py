"""Why a credential was granted or denied, or would be: the gate's own decision, explained."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, select

from gateway.domain.card import CardState
from gateway.domain.decision import Decision, Direction, Granted, Reason, decide
from gateway.domain.identity import Identity, IdentityKind
from gateway.domain.issuance import local_date
from gateway.domain.schedule import Calendar
from gateway.domain.site import Portal
from gateway.domain.whitelist import NO_END, Terms, Whitelist
from gateway.services import card_views, presented
from gateway.services.card_views import CardView
from gateway.services.household import OccupantView, homes_of
from gateway.services.keys import Keys
from gateway.storage.tables import list_entries

_GRANTED: Final = "Card %(number)s of %(holder)s, %(unit)s, may pass %(portal)s."
_GRANTED_UNNAMED: Final = "This credential may pass %(portal)s."
_UNKNOWN: Final = "No card of this site is known by this number. Issue a card at the desk, or try the card again."
_BY_NUMBER: Final = "This goes by the number on the card: its UID alone is refused there as a copy."
_COPY: Final = (
    "This is the UID of card %(number)s of %(holder)s, %(unit)s, without the number that is on the card: a copy. "
    "Send someone to %(portal)s, and have the card brought in."
)

_BY_STATE: Final[Mapping[CardState, str]] = {
    CardState.BLANK: "Card %(number)s is still in stock. Issue it at the desk first.",
    CardState.FROZEN: "Card %(number)s of %(holder)s, %(unit)s, is frozen since %(since)s. The desk can unfreeze it.",
    CardState.PROVISIONAL_LOST: (
        "Card %(number)s of %(holder)s, %(unit)s, was reported lost on %(since)s. "
        "Keep it, and ask the holder to come to the desk."
    ),
    CardState.LOST: (
        "Card %(number)s of %(holder)s, %(unit)s, is lost since %(since)s. "
        "Keep it, and ask the holder to come to the desk."
    ),
    CardState.EXPIRED: "Card %(number)s of %(holder)s, %(unit)s, ended on %(end)s. Renew it at the desk.",
    CardState.DEFECTIVE: "Card %(number)s of %(holder)s, %(unit)s, is recorded as defective. Exchange it at the desk.",
    CardState.CONFISCATED: "Card %(number)s of %(holder)s, %(unit)s, was confiscated on %(since)s. The office decides.",
    CardState.CANCELLED: "Card %(number)s was cancelled on %(since)s. Keep it and bring it to the desk.",
    CardState.EXCHANGED: "Card %(number)s was exchanged for another on %(since)s. Keep it and bring it to the desk.",
}
_NOT_HANDED_OUT: Final = "Card %(number)s is %(state)s and opens nothing. Ask at the desk."
_NO_RIGHT: Final = (
    "Card %(number)s of %(holder)s, %(unit)s, gives no right to %(portal)s. The desk can say where it opens."
)

_BY_REASON: Final[Mapping[Reason, str]] = {
    Reason.NOT_YET_VALID: "Card %(number)s of %(holder)s, %(unit)s, begins on %(start)s.",
    Reason.EXPIRED: "The right of card %(number)s of %(holder)s, %(unit)s, ended on %(end)s. Renew it at the desk.",
    Reason.OUTSIDE_SCHEDULE: "Card %(number)s of %(holder)s, %(unit)s, does not open %(portal)s at this hour.",
    Reason.EXIT_ONLY: "Card %(number)s of %(holder)s, %(unit)s, may leave but not enter. Ask at the desk.",
    Reason.LIST_STALE: "%(portal)s has heard nothing new for too long and admits nobody. Check its connection.",
    Reason.LOCKED_OUT: "%(portal)s is locked against entry. The one who locked it can release it.",
    Reason.NO_LIST: "%(portal)s has no list yet. Wait for it to be loaded, or check its connection.",
}


@dataclass(frozen=True, slots=True)
class WhyView:
    """A decision and what it rests on. ``template`` has ``%(name)s`` places for ``params``.

    ``list``, ``version`` and ``terms`` name the entry that decided, where there is one; ``homes`` are
    the holder's bases. Where the UID of a card is asked about at a gate that asks for the number on the
    card, the decision is on the UID as it was asked, and ``template`` says what the card itself may do;
    ``note`` says so then, and is empty otherwise.
    """

    decision: Decision
    template: str
    params: dict[str, object]
    portal: str
    direction: Direction
    list: str | None
    epoch: int
    version: int
    terms: Terms | None
    credential: str | None
    card: CardView | None
    homes: tuple[OccupantView, ...]
    note: str

    @property
    def granted(self) -> bool:
        """Whether it may pass."""
        return self.decision.granted

    @property
    def reason(self) -> Reason | None:
        """Why not, when it may not."""
        return None if isinstance(self.decision, Granted) else self.decision.reason

    @property
    def sentence(self) -> str:
        """The explanation in English."""
        return f"{self.template % self.params} {self.note}".rstrip()


def why(  # noqa: PLR0917  # what a gate knows, then what it saw
    conn: Connection,
    keys: Keys,
    lists: Mapping[str, Whitelist],
    calendar: Calendar,
    portal: Portal,
    identity: Identity,
    at: int,
) -> WhyView:
    """Decides exactly as the gate does at ``at`` (unix seconds), and explains. Changes nothing."""
    key = keys.list(identity)
    decision = decide(portal.policy(), lists, calendar, key, at)
    credential = conn.execute(
        select(list_entries.c.credential).where(list_entries.c.list.in_(portal.lists), list_entries.c.key == key)
    ).scalar()
    imitated = presented.imitated(conn, identity, portal.id)
    number = None if imitated is None else imitated.secure_number
    told = decision if number is None else decide(portal.policy(), lists, calendar, _number_key(keys, number), at)
    card = imitated or _card(conn, credential, identity)
    homes = () if card is None or card.holder_id is None else tuple(homes_of(conn, card.holder_id))
    return WhyView(
        decision,
        _template(told, card),
        _params(told, card, portal, calendar),
        portal.id,
        portal.direction,
        decision.list,
        decision.epoch,
        decision.version,
        decision.terms,
        credential,
        card,
        homes,
        "" if number is None else _BY_NUMBER,
    )


def copied(card: CardView, portal: Portal) -> tuple[str, dict[str, object]]:
    """What to say of a UID that was shown at a gate where ``card`` is known by its number: template and params."""
    return _COPY, {"number": card.number, "holder": card.holder, "unit": card.unit, "portal": portal.name}


def _number_key(keys: Keys, number: bytes) -> bytes:
    return keys.list(Identity(IdentityKind.SECURE, number))


def _card(conn: Connection, credential: str | None, identity: Identity) -> CardView | None:
    if credential is None:
        return card_views.by_identity(conn, identity)
    return card_views.get(conn, int(credential.partition(":")[2]))


def _template(decision: Decision, card: CardView | None) -> str:
    if isinstance(decision, Granted):
        return _GRANTED if card is not None else _GRANTED_UNNAMED
    if decision.reason in {Reason.LOCKED_OUT, Reason.NO_LIST, Reason.LIST_STALE}:
        return _BY_REASON[decision.reason]
    if card is None:
        return _UNKNOWN
    if card.state is not CardState.ACTIVE:
        return _BY_STATE.get(card.state, _NOT_HANDED_OUT)
    return _BY_REASON.get(decision.reason, _NO_RIGHT)


def _params(decision: Decision, card: CardView | None, portal: Portal, calendar: Calendar) -> dict[str, object]:
    params: dict[str, Any] = {"portal": portal.name}
    if card is not None:
        params |= {"number": card.number, "holder": card.holder, "unit": card.unit, "state": card.state}
        params["since"] = local_date(card.state_since, calendar.zone)
        params |= _span(card.valid_from, card.valid_until, calendar)
    if decision.terms is not None:
        params |= _span(decision.terms.valid_from, decision.terms.valid_until, calendar)
    return params


def _span(start: int | None, end: int | None, calendar: Calendar) -> dict[str, object]:
    span: dict[str, object] = {}
    if start is not None:
        span["start"] = local_date(start, calendar.zone)
    if end is not None and end != NO_END:
        span["end"] = local_date(end - 1, calendar.zone)
    return span
