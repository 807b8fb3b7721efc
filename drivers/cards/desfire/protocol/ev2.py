"""Stub."""


class Ev2Session:
    """Stub."""
