"""Three small DESFire cards with one file, written apart from the reader's side, on cryptography's own CMAC."""

from tests.drivers.cards.desfire.protocol.counterpart.card import SETTINGS, Card
from tests.drivers.cards.desfire.protocol.counterpart.d40 import D40Card
from tests.drivers.cards.desfire.protocol.counterpart.ev1 import Ev1Card
from tests.drivers.cards.desfire.protocol.counterpart.ev2 import Ev2Card

__all__ = ["SETTINGS", "Card", "D40Card", "Ev1Card", "Ev2Card"]
