"""The desk's procedures with cards, under one name.

Views: card_views · stock: card_stock · issue, replacement: card_issue · everything after: card_changes · time: sweep.
"""

from gateway.services.card_changes import (
    Channel,
    cancel,
    confirm_loss,
    confiscate,
    freeze,
    recover,
    renew,
    report_defect,
    report_loss,
    restore,
    return_card,
    scrap,
    unfreeze,
    withdraw_loss,
)
from gateway.services.card_issue import issue, replace
from gateway.services.card_stock import Blank, stock_in
from gateway.services.card_views import CardView, by_identity, by_number, by_uid, get, list_cards, story
from gateway.services.sweep import sweep

__all__ = [
    "Blank",
    "CardView",
    "Channel",
    "by_identity",
    "by_number",
    "by_uid",
    "cancel",
    "confirm_loss",
    "confiscate",
    "freeze",
    "get",
    "issue",
    "list_cards",
    "recover",
    "renew",
    "replace",
    "report_defect",
    "report_loss",
    "restore",
    "return_card",
    "scrap",
    "stock_in",
    "story",
    "sweep",
    "unfreeze",
    "withdraw_loss",
]
