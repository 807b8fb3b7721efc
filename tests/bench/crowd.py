"""A hundred thousand credentials in a seeded store, as a mass handover would leave them."""

from sqlalchemy import insert, select

from gateway.domain.card import CardState
from gateway.domain.whitelist import NO_END
from gateway.services import projection
from gateway.services.keys import Keys
from gateway.signing.keyring import Keyring, kek_from_file
from gateway.storage import tables
from gateway.storage.store import SYSTEM, Store
from tests.system.plant import Plant

CROWD = 100_000


def uid_of(number: int) -> str:
    """The UID of a card of the crowd: its first three bytes differ from all others', as Wiegand-26 needs."""
    return ((0x20_0000 + number).to_bytes(3) + b"\xa5").hex().upper()


def enrol_crowd(plant: Plant, count: int = CROWD) -> None:
    """People, their tenancy and a card each, spread over the units handed over; then one projection."""
    store = Store(plant.store_url)
    with store.write(SYSTEM) as uow:
        keys = Keys.load(uow.conn, Keyring(kek_from_file(plant.directory / "keyring.key")))
        units = list(uow.conn.scalars(select(tables.units.c.id).where(tables.units.c.handed_over_at.is_not(None))))
        first, since = 1_000_000, uow.now - 86_400
        people = [{"id": first + n, "name": f"租户 {n}"} for n in range(count)]
        occupants = [
            {
                "unit_id": units[n % len(units)],
                "person_id": first + n,
                "relation": "tenant",
                "basis": "tenancy",
                "valid_from": since - n,
                "valid_until": NO_END,
                "proof": "lease",
                "consent": {"by": 1, "method": "phone_to_owner", "at": since},
            }
            for n in range(count)
        ]
        cards = [
            {
                "number": f"C{n:06d}",
                "uid": bytes.fromhex(uid_of(n)),
                "state": CardState.ACTIVE,
                "holder_id": first + n,
                "unit_id": units[n % len(units)],
                "valid_from": since,
                "valid_until": NO_END,
                "issued_at": since,
                "state_since": since,
            }
            for n in range(count)
        ]
        for table, rows in ((tables.people, people), (tables.occupants, occupants), (tables.cards, cards)):
            uow.conn.execute(insert(table), rows)
        projection.project_everybody(uow, keys)
    store.close()
