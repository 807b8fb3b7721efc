"""What the desk does with a card after it was handed out: each act asks by naming the card."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from admin_api import roles
from admin_api.pages.forms import day_end
from admin_api.pages.i18n import N_
from gateway.domain.card import CardEvent
from gateway.domain.person import Role
from gateway.services import cards
from gateway.services.cards import CardView, Channel
from gateway.services.clockwork import zone_of
from gateway.services.keys import Keys
from gateway.storage.store import UnitOfWork

Run = Callable[[UnitOfWork, Keys, int, Mapping[str, str]], CardView]


@dataclass(frozen=True, slots=True)
class Act:
    """A button, what it asks, and what it does. ``event`` says in which states it stands there."""

    key: str
    event: CardEvent
    button: str
    ask: str
    tell: str
    run: Run
    fields: tuple[str, ...] = ()
    danger: bool = False
    allowed: frozenset[Role] = roles.DESK


def _report_loss(uow: UnitOfWork, keys: Keys, card_id: int, values: Mapping[str, str]) -> CardView:
    channel = Channel(values.get("channel", Channel.DESK))
    seen = bool(values.get("holder_verified")) and channel is Channel.DESK
    reporter = values.get("reporter", "")
    return cards.report_loss(uow, keys, card_id, provisional=not seen, reporter=reporter, channel=channel)


def _withdraw(uow: UnitOfWork, keys: Keys, card_id: int, values: Mapping[str, str]) -> CardView:
    return cards.withdraw_loss(uow, keys, card_id, holder_verified=bool(values.get("holder_verified")))


def _plain(change: Callable[[UnitOfWork, Keys, int], CardView]) -> Run:
    return lambda uow, keys, card_id, _values: change(uow, keys, card_id)


def _with_reason(change: Callable[..., CardView]) -> Run:
    return lambda uow, keys, card_id, values: change(uow, keys, card_id, reason=values.get("reason", ""))


def _renew(uow: UnitOfWork, keys: Keys, card_id: int, values: Mapping[str, str]) -> CardView:
    return cards.renew(
        uow,
        keys,
        card_id,
        valid_until=day_end(values, "valid_until", zone_of(uow.conn)),
        receipt=values.get("receipt") or None,
        waived="waived" in values,
    )


ACTS: Final[tuple[Act, ...]] = (
    Act(
        "lost",
        CardEvent.REPORT_LOSS,
        N_("Report lost"),
        N_("Report card %(number)s lost?"),
        N_("It stops opening at every gate. The loss can be withdrawn as long as the card is not replaced."),
        _report_loss,
        ("reporter", "channel", "holder_verified"),
        allowed=roles.LOSS,
    ),
    Act(
        "confirm-loss",
        CardEvent.CONFIRM_LOSS,
        N_("Confirm the loss"),
        N_("Confirm that card %(number)s is lost?"),
        N_("The holder has shown an identity card, or a proxy the papers. Then the card can be replaced."),
        _plain(cards.confirm_loss),
    ),
    Act(
        "found",
        CardEvent.WITHDRAW_LOSS,
        N_("Withdraw the loss"),
        N_("Withdraw the loss of card %(number)s?"),
        N_("The card opens again."),
        _withdraw,
        ("holder_verified",),
    ),
    Act(
        "renew",
        CardEvent.RENEW,
        N_("Renew"),
        N_("Renew card %(number)s?"),
        N_("It gets a new end, counted from today and never past the right to live here (R-CARD-3)."),
        _renew,
        ("valid_until", "fee"),
    ),
    Act(
        "defect",
        CardEvent.REPORT_DEFECT,
        N_("Report defective"),
        N_("Report card %(number)s defective?"),
        N_("It stops opening and waits to be exchanged for a new card."),
        _plain(cards.report_defect),
    ),
    Act(
        "freeze",
        CardEvent.FREEZE,
        N_("Freeze"),
        N_("Freeze card %(number)s?"),
        N_("It stops opening until someone unfreezes it. Arrears are no reason (R-CARD-25)."),
        _with_reason(cards.freeze),
        ("reason",),
    ),
    Act(
        "unfreeze",
        CardEvent.UNFREEZE,
        N_("Unfreeze"),
        N_("Unfreeze card %(number)s?"),
        N_("The card opens again."),
        _plain(cards.unfreeze),
    ),
    Act(
        "confiscate",
        CardEvent.CONFISCATE,
        N_("Confiscate"),
        N_("Record that card %(number)s was confiscated?"),
        N_("It stops opening at once; the office decides what becomes of it."),
        _with_reason(cards.confiscate),
        ("reason",),
        allowed=roles.LOSS,
    ),
    Act(
        "restore",
        CardEvent.RESTORE,
        N_("Give back"),
        N_("Give card %(number)s back to its holder?"),
        N_("The card opens again."),
        _plain(cards.restore),
    ),
    Act(
        "return",
        CardEvent.RETURN,
        N_("Take back"),
        N_("Take card %(number)s back?"),
        N_("It ends now; the deposit is paid out after."),
        lambda uow, keys, card_id, values: cards.return_card(uow, keys, card_id, receipt=values.get("receipt") or None),
        ("receipt",),
    ),
    Act(
        "cancel",
        CardEvent.CANCEL,
        N_("Cancel for good"),
        N_("Cancel card %(number)s for good?"),
        N_("It never opens again, and this cannot be undone. Arrears are no reason (R-CARD-25)."),
        _with_reason(cards.cancel),
        ("reason",),
        danger=True,
    ),
    Act(
        "recover",
        CardEvent.RECOVER,
        N_("Back to stock"),
        N_("Put card %(number)s back into stock?"),
        N_("It becomes blank and can be issued to someone else (R-CARD-21)."),
        _plain(cards.recover),
    ),
)
BY_KEY: Final[Mapping[str, Act]] = {act.key: act for act in ACTS}


def acts_for(card: CardView, may: Callable[[frozenset[Role]], bool]) -> list[Act]:
    """What this visitor may do with this card now."""
    return [act for act in ACTS if act.event in card.actions and may(act.allowed)]
