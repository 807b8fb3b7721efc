"""Everything that is sealed, sealed anew under another key: for a site whose key moves to another place."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from sqlalchemy import Row, Table, select, update

from gateway.services import card_key_import, card_key_rows
from gateway.signing.keyring import Keyring
from gateway.storage.store import UnitOfWork
from gateway.storage.tables import card_key_components, card_keys, secrets

_PLACES: Final[Mapping[Table, Callable[[Row[Any]], str]]] = {
    secrets: lambda row: f"site/{row.name}",
    card_keys: lambda row: card_key_rows.place(row.version, row.purpose, row.algorithm),
    card_key_components: lambda row: card_key_import.place(row.version, row.purpose, row.component),
}


def reseal(uow: UnitOfWork, old: Keyring, new: Keyring) -> int:
    """One transaction: all or nothing. Returns how many secrets; raises UnsealError when ``old`` does not open one."""
    count = 0
    for table, place_of in _PLACES.items():
        for row in uow.conn.execute(select(table)).all():
            place = place_of(row)
            this = [column == getattr(row, column.name) for column in table.primary_key.columns]
            uow.conn.execute(update(table).where(*this).values(sealed=new.seal(place, old.unseal(place, row.sealed))))
            count += 1
    uow.record("site.resealed", "site", {"secrets": count})
    return count
