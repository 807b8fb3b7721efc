"""The journal as the writer's thread uses it."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from sqlalchemy import Connection, select

from gateway.runtime.records import Record
from gateway.storage import journal, tables
from gateway.storage.store import SYSTEM, Store

# What a passage's record says of the credential it looked up; the journal adds whose entry that was.
KEY: Final = "key"
LIST: Final = "list"


class StoreJournal:
    """Appends records of the gates (RecordStore). Errors of the store come as GatehouseError."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._last = 0
        self._unsure = False

    def append(self, records: Sequence[Record]) -> range:
        """One transaction; the records' sequence numbers.

        After a failure the writer brings the same records again. A connection that broke during the commit
        does not tell whether it was one: so they are looked for before they are appended once more.
        """
        last = self._last_of_appended(records) if self._unsure else 0
        if not last:
            rows = self._rows(records)
            self._unsure = True
            last = self._store.append(rows)
        self._unsure = False
        self._last = last
        return range(last - len(records) + 1, last + 1)

    def _last_of_appended(self, records: Sequence[Record]) -> int:
        """The number of the last of these when they stand in the journal, for they do so all or none; else 0."""
        first = records[0]
        with self._store.read() as conn:
            for seq, boot, number in _ids_behind(conn, self._last, {first.boot}):
                if (boot, number) == first.id:
                    return seq + len(records) - 1
        return 0

    def append_missing(self, records: Sequence[Record], after_seq: int) -> int:
        """Appends those that do not stand behind ``after_seq``; how many those were."""
        rows = dict(zip([record.id for record in records], self._rows(records), strict=True))
        with self._store.write(SYSTEM) as uow:
            for _seq, boot, number in _ids_behind(uow.conn, after_seq, {record.boot for record in records}):
                rows.pop((boot, number), None)
            journal.append(uow.conn, self._store.boot, uow.now_ms, list(rows.values()))
        return len(rows)

    def _rows(self, records: Sequence[Record]) -> list[journal.Record]:
        holders = self._credentials(records)
        return [_row(record, holders.get(str(record.body.get(KEY)))) for record in records]

    def _credentials(self, records: Sequence[Record]) -> Mapping[str, str]:
        """Which credential ("card:417") stands behind each key that a list named."""
        named = {(str(r.body[LIST]), str(r.body[KEY])) for r in records if r.body.get(KEY) and r.body.get(LIST)}
        if not named:
            return {}
        with self._store.read() as conn:
            return credentials_of(conn, named)


def credentials_of(conn: Connection, named: Collection[tuple[str, str]]) -> dict[str, str]:
    """Which credential stands behind each (list, key in hexadecimal); unknown ones are left out."""
    c = tables.list_entries.c
    lists = {name for name, _key in named}
    keys = [bytes.fromhex(key) for _name, key in named]
    wanted = select(c.key, c.credential).where(c.list.in_(lists), c.key.in_(keys))
    return {bytes(key).hex(): credential for key, credential in conn.execute(wanted)}


def _row(record: Record, credential: str | None) -> journal.Record:
    body: dict[str, object] = {**record.body, "n": record.number}
    if credential is not None:
        body["credential"] = credential
    return journal.Record(record.kind, record.actor, record.target, body, at_ms=record.at_ms, boot=record.boot)


def _ids_behind(conn: Connection, after_seq: int, boots: set[str]) -> list[tuple[int, str, int]]:
    c = tables.journal.c
    rows = conn.execute(select(c.seq, c.boot, c.body).where(c.seq > after_seq, c.boot.in_(boots)))
    return [(seq, boot, json.loads(body).get("n", 0)) for seq, boot, body in rows]
