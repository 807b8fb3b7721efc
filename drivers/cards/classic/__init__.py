"""MIFARE Classic through a PC/SC reader: an old card that anybody can copy, kept for those who still have it."""

from drivers.cards.classic.looking import look, read_number
from drivers.cards.classic.writing import personalise, steps, wipe, wipe_steps

__all__ = ["look", "personalise", "read_number", "steps", "wipe", "wipe_steps"]
