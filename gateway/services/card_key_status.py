"""What there is of card keys, what is missing, and which cards still carry old ones. Shows check values only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from gateway.ports.cards import KeyPurpose
from gateway.services.card_key_report import cards_on_old, count_by_version
from gateway.services.card_key_rows import KeySetState, versions_in
from gateway.services.card_views import CardView
from gateway.storage.tables import card_key_components, card_key_sets, card_keys


@dataclass(frozen=True, slots=True)
class Waiting:
    """A component that waits for the other one; ``at`` in unix seconds."""

    purpose: KeyPurpose
    component: int
    check_value: str
    by: str
    at: int


@dataclass(frozen=True, slots=True)
class KeySetStatus:
    """One version; times in unix seconds. ``cards``: how many that belong to someone carry it."""

    version: int
    state: KeySetState
    created_at: int
    created_by: str
    current_since: int | None
    check_values: Mapping[KeyPurpose, str]
    waiting: Sequence[Waiting]
    cards: int

    @property
    def missing(self) -> list[KeyPurpose]:
        """Purposes without a key."""
        return [purpose for purpose in KeyPurpose if purpose not in self.check_values]


@dataclass(frozen=True, slots=True)
class KeyStatus:
    """Every version there ever was, oldest first."""

    sets: Sequence[KeySetStatus]

    @property
    def current(self) -> KeySetStatus | None:
        """The version that is written on cards."""
        return next((known for known in self.sets if known.state is KeySetState.CURRENT), None)

    @property
    def importing(self) -> KeySetStatus | None:
        """The version that is not whole yet."""
        return next((known for known in self.sets if known.state is KeySetState.IMPORTING), None)

    @property
    def old_cards(self) -> int:
        """Cards that still carry another version than the current one."""
        return sum(known.cards for known in self.sets if known.state is not KeySetState.CURRENT)


def status(conn: Connection) -> KeyStatus:
    """Needs no keyring: nothing is opened."""
    counts = count_by_version(conn)
    rows = conn.execute(select(card_key_sets).order_by(card_key_sets.c.version)).all()
    return KeyStatus([_set(conn, row, counts.get(row.version, 0)) for row in rows])


def cards_on_old_keys(conn: Connection) -> list[CardView]:
    """Every card that belongs to someone and carries another version than the current one, oldest first."""
    current = versions_in(conn, KeySetState.CURRENT)
    found: list[CardView] = []
    while current and (page := cards_on_old(conn, current[0], after=found[-1].id if found else 0)):
        found += page
    return found


def _set(conn: Connection, row: Row[Any], count: int) -> KeySetStatus:
    keys = conn.execute(select(card_keys).where(card_keys.c.version == row.version)).all()
    there = {KeyPurpose(key.purpose): key.check_value for key in keys}
    return KeySetStatus(
        row.version,
        KeySetState(row.state),
        row.created_at,
        row.created_by,
        row.current_since,
        {purpose: there[purpose] for purpose in KeyPurpose if purpose in there},
        _waiting(conn, row.version),
        count,
    )


def _waiting(conn: Connection, version: int) -> list[Waiting]:
    rows = conn.execute(
        select(card_key_components)
        .where(card_key_components.c.version == version)
        .order_by(card_key_components.c.entered_at, card_key_components.c.purpose)
    )
    return [
        Waiting(KeyPurpose(row.purpose), row.component, row.check_value, row.entered_by, row.entered_at) for row in rows
    ]
