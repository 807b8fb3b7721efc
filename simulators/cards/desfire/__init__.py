"""Virtual MIFARE DESFire cards (EV1, EV2, EV3) for any program that speaks to one over PC/SC."""

from simulators.cards.desfire.card import DesfireCard
from simulators.cards.desfire.profiles import EV1, EV2, EV3, Profile

__all__ = ["EV1", "EV2", "EV3", "DesfireCard", "Profile"]
