"""CPU cards with the operating system FMCOS, such as the FM1208; see README.md here for what lies on one."""

from drivers.cards.fmcos.looking import look, read_number
from drivers.cards.fmcos.writing import personalise, steps, wipe, wipe_steps

__all__ = ["look", "personalise", "read_number", "steps", "wipe", "wipe_steps"]
