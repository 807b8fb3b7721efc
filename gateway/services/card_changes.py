"""What happens to a card after it was handed out: loss, freeze, return, cancellation."""

from enum import StrEnum
from typing import Any, Final

from sqlalchemy import select, update

from gateway.domain.card import CardEvent, next_state
from gateway.domain.card_data import WRITABLE
from gateway.domain.errors import RuleViolationError
from gateway.domain.issuance import check_end, check_reason, check_receipt, latest_end, local_date
from gateway.domain.person import Relation
from gateway.services import card_views, projection, site
from gateway.services.card_views import CardView
from gateway.services.clockwork import zone_of
from gateway.services.keys import Keys
from gateway.storage.store import UnitOfWork
from gateway.storage.tables import cards, occupants, people

_OF_A_HOLDER: Final = (
    "holder_id", "unit_id", "valid_from", "valid_until", "issued_at", "receipt", "waived_by", "replaces_id",
    "secure_number", "key_version",
)  # fmt: skip


class Channel(StrEnum):
    """How a loss was reported."""

    DESK = "desk"
    PHONE = "phone"
    APP = "app"
    GUARD = "guard"


def move(
    uow: UnitOfWork,
    keys: Keys,
    card_id: int,
    event: CardEvent,
    *,
    why: dict[str, object] | None = None,
    values: dict[str, Any] | None = None,
    pii: dict[str, object] | None = None,
) -> CardView:
    """One step of a card's life: its state, the lists and the record, together (R-CARD-27)."""
    after = advance(uow, card_id, event, why=why, values=values, pii=pii)
    projection.project_card(uow, keys, card_id)
    return card_views.get(uow.conn, card_id) if values else after


def advance(
    uow: UnitOfWork,
    card_id: int,
    event: CardEvent,
    *,
    why: dict[str, object] | None = None,
    values: dict[str, Any] | None = None,
    pii: dict[str, object] | None = None,
) -> CardView:
    """The step without the lists, for callers that bring many cards up to date at once."""
    _lock(uow, card_id)
    before = card_views.get(uow.conn, card_id)
    state = next_state(before.state, event, number=before.number)
    changes = {"state": state.value, "state_since": uow.now, "rev": before.rev + 1, **(values or {})}
    uow.conn.execute(update(cards).where(cards.c.id == card_id).values(changes))
    body = {"before": {"state": before.state}, "after": {"state": state, **_plain(values)}, **(why or {})}
    uow.record(f"card.{event.value}", f"card:{card_id}", body, pii=pii)
    return card_views.get(uow.conn, card_id)


def _lock(uow: UnitOfWork, card_id: int) -> None:
    """Holder, then card: two desks that change one card take turns (SQLite's writers always do)."""
    if uow.conn.dialect.name == "postgresql":
        holder = select(cards.c.holder_id).where(cards.c.id == card_id).scalar_subquery()
        uow.conn.execute(select(people.c.id).where(people.c.id == holder).with_for_update())
        uow.conn.execute(select(cards.c.id).where(cards.c.id == card_id).with_for_update())


def _plain(values: dict[str, Any] | None) -> dict[str, object]:
    return {name: value for name, value in (values or {}).items() if not isinstance(value, bytes)}


# --- Loss -----------------------------------------------------------------------------------------


def report_loss(
    uow: UnitOfWork, keys: Keys, card_id: int, *, provisional: bool, reporter: str, channel: Channel
) -> CardView:
    """Suspends a card at every gate. At the desk, with the holder's identity seen, it is lost at once (R-CARD-13)."""
    if not provisional and channel is not Channel.DESK:
        raise RuleViolationError(
            "R-CARD-13",
            "A loss reported by %(channel)s suspends the card at once; the holder confirms it at the desk.",
            channel=channel,
            fields={"provisional": "only the desk can confirm"},
        )
    why: dict[str, object] = {"channel": channel, "provisional": provisional}
    pii: dict[str, object] = {"reporter": reporter}
    if provisional:
        return move(uow, keys, card_id, CardEvent.REPORT_LOSS, why=why, pii=pii)
    advance(uow, card_id, CardEvent.REPORT_LOSS, why=why, pii=pii)
    return move(uow, keys, card_id, CardEvent.CONFIRM_LOSS)


def confirm_loss(uow: UnitOfWork, keys: Keys, card_id: int) -> CardView:
    """The holder, or a proxy with papers, confirmed at the desk what was reported."""
    return move(uow, keys, card_id, CardEvent.CONFIRM_LOSS)


def withdraw_loss(uow: UnitOfWork, keys: Keys, card_id: int, *, holder_verified: bool) -> CardView:
    """The card was found. Only its verified holder takes a loss back, and not after a replacement (R-CARD-15)."""
    if not holder_verified:
        raise RuleViolationError(
            "R-CARD-15",
            "Only the holder takes a loss back. See their identity card, then say so here.",
            fields={"holder_verified": "the holder's identity card"},
        )
    return move(uow, keys, card_id, CardEvent.WITHDRAW_LOSS)


# --- Suspension and the end -----------------------------------------------------------------------


def freeze(uow: UnitOfWork, keys: Keys, card_id: int, *, reason: str) -> CardView:
    """Suspends a card after an incident. Arrears are none (R-CARD-25)."""
    return move(uow, keys, card_id, CardEvent.FREEZE, why={"reason": check_reason(reason)})


def unfreeze(uow: UnitOfWork, keys: Keys, card_id: int) -> CardView:
    """The card opens again."""
    return move(uow, keys, card_id, CardEvent.UNFREEZE)


def cancel(uow: UnitOfWork, keys: Keys, card_id: int, *, reason: str) -> CardView:
    """Ends a card for good (R-CARD-21). Arrears are no reason (R-CARD-25)."""
    return move(uow, keys, card_id, CardEvent.CANCEL, why={"reason": check_reason(reason)})


def confiscate(uow: UnitOfWork, keys: Keys, card_id: int, *, reason: str) -> CardView:
    """A guard took the card from someone; it stops at once, the office decides (R-CARD-22)."""
    return move(uow, keys, card_id, CardEvent.CONFISCATE, why={"reason": check_reason(reason)})


def restore(uow: UnitOfWork, keys: Keys, card_id: int) -> CardView:
    """The office gives a confiscated card back."""
    return move(uow, keys, card_id, CardEvent.RESTORE)


def return_card(uow: UnitOfWork, keys: Keys, card_id: int, *, receipt: str | None = None) -> CardView:
    """The holder gives the card back: it ends first, the deposit is paid out after (R-CARD-18)."""
    advance(uow, card_id, CardEvent.RETURN, why={"receipt": receipt})
    return move(uow, keys, card_id, CardEvent.CANCEL, why={"reason": "returned"})


def report_defect(uow: UnitOfWork, keys: Keys, card_id: int, *, note: str = "") -> CardView:
    """The card does not work any more; it waits to be exchanged."""
    return move(uow, keys, card_id, CardEvent.REPORT_DEFECT, why={"note": note})


def recover(uow: UnitOfWork, keys: Keys, card_id: int) -> CardView:
    """A cancelled card comes back into stock, deliberately; one that carries a number is wiped first (R-CARD-21)."""
    card = card_views.get(uow.conn, card_id)
    if card.secure_number is not None and card.kind in WRITABLE:
        next_state(card.state, CardEvent.RECOVER, number=card.number)
        raise RuleViolationError(
            "R-CARD-21",
            "Our number is still on card %(number)s. Lay it on an encoder and wipe it; then it is back in stock.",
            number=card.number,
        )
    return to_stock(uow, keys, card_id)


def to_stock(uow: UnitOfWork, keys: Keys, card_id: int) -> CardView:
    """The cancelled card carries nothing of ours any more: it is blank, and belongs to nobody."""
    return move(uow, keys, card_id, CardEvent.RECOVER, values=dict.fromkeys(_OF_A_HOLDER))


def scrap(uow: UnitOfWork, keys: Keys, card_id: int) -> CardView:
    """The card is destroyed."""
    return move(uow, keys, card_id, CardEvent.SCRAP)


def renew(
    uow: UnitOfWork,
    keys: Keys,
    card_id: int,
    *,
    valid_until: int | None = None,
    receipt: str | None = None,
    waived: bool = False,
) -> CardView:
    """A new end of validity, counted from today (R-CARD-3) and set absolutely: twice is once."""
    card = card_views.get(uow.conn, card_id)
    check_receipt(receipt, uow.actor.roles, waived=waived)
    o = occupants.c
    basis = uow.conn.execute(
        select(o.relation, o.valid_until)
        .where(o.unit_id == card.unit_id, o.person_id == card.holder_id, o.ended_at.is_(None))
        .order_by(o.valid_until.desc())
    ).first()
    if basis is None:
        raise RuleViolationError(
            "R-CARD-19",
            "%(holder)s no longer belongs to %(unit)s. Add them to the household again, or take the card back.",
            holder=card.holder,
            unit=card.unit,
        )
    zone = zone_of(uow.conn)
    settings = site.describe(uow.conn).settings
    latest = latest_end(Relation(basis.relation), basis.valid_until, local_date(uow.now, zone), zone, settings)
    until = check_end(valid_until, latest, uow.now, zone)
    why: dict[str, object] = {"before_until": card.valid_until, "receipt": receipt}
    return move(uow, keys, card_id, CardEvent.RENEW, why=why, values={"valid_until": until})
