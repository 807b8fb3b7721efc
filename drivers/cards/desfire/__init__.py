"""MIFARE DESFire EV1, EV2 and EV3: what lies on a card of ours, and how it is put there, read and taken off."""

from drivers.cards.desfire.looking import look, read_number
from drivers.cards.desfire.wiping import wipe, wipe_steps
from drivers.cards.desfire.writing import personalise, steps

__all__ = ["look", "personalise", "read_number", "steps", "wipe", "wipe_steps"]
