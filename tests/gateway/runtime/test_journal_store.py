"""Records of the gates in the real journal: in groups, with the credential named, never twice."""

import json
from collections.abc import Sequence

import pytest
from sqlalchemy import select

from gateway.domain.errors import StoreBusyError
from gateway.domain.whitelist import NO_END, Changes, Terms
from gateway.runtime.journal_store import StoreJournal
from gateway.runtime.records import RecordMaker
from gateway.storage import tables, verification
from gateway.storage.journal import Record
from gateway.storage.store import SYSTEM, Store

KEY = bytes.fromhex("01aabbccddeeff00")


def _rows(store: Store) -> list[tuple[str, str, dict[str, object]]]:
    with store.read() as conn:
        rows = conn.execute(select(tables.journal).order_by(tables.journal.c.seq)).all()
        assert verification.verify(conn).ok
    return [(row.boot, row.kind, json.loads(row.body)) for row in rows]


def _list_card(store: Store) -> None:
    changes = Changes()
    changes.put(KEY, Terms(0, NO_END))
    with store.write(SYSTEM) as uow:
        uow.change_list("main", changes, {KEY: "card:417"})


def test_a_group_is_one_commit_in_order(seeded: Store) -> None:
    """Numbers follow one another; time and boot are the record's own."""
    commits: list[int] = []
    seeded.subscribe(lambda committed: commits.append(committed.last_seq))
    make = RecordMaker("run-1", lambda: 5.25)
    numbers = StoreJournal(seeded).append([make("access.denied", "portal:main-in", {}) for _ in range(3)])
    assert list(numbers) == [1, 2, 3]
    assert commits == [3]
    assert [(boot, body["n"]) for boot, _kind, body in _rows(seeded)] == [("run-1", 1), ("run-1", 2), ("run-1", 3)]


def test_names_the_credential_behind_a_key(seeded: Store) -> None:
    """So that the card's story and the pages know who it was; an unknown key stays alone."""
    _list_card(seeded)
    make = RecordMaker("run-1", lambda: 5.25)
    known = make("access.granted", "portal:main-in", {"list": "main", "key": KEY.hex()})
    unknown = make("access.denied", "portal:main-in", {"list": "main", "key": "01" * 8})
    StoreJournal(seeded).append([known, unknown])
    assert [body.get("credential") for _boot, _kind, body in _rows(seeded)] == ["card:417", None]


def test_only_what_is_missing_is_appended(seeded: Store) -> None:
    """By boot and number: the same number of another run is another record."""
    journal = StoreJournal(seeded)
    make, other = RecordMaker("run-1", lambda: 5.25), RecordMaker("run-2", lambda: 6.0)
    first, second = make("a", "t", {}), make("b", "t", {})
    journal.append([first])
    journal.append([other("c", "t", {})])
    assert journal.append_missing([first, second], 0) == 1
    assert journal.append_missing([first, second], 0) == 0
    assert [(boot, kind) for boot, kind, _body in _rows(seeded)] == [("run-1", "a"), ("run-2", "c"), ("run-1", "b")]


def test_a_commit_whose_answer_was_lost_is_not_repeated(seeded: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection broke after the commit: the same records brought again get the numbers they already have."""
    journal, append = StoreJournal(seeded), Store.append
    make = RecordMaker("run-1", lambda: 5.25)
    records = [make("a", "t", {}), make("b", "t", {})]

    def cut_off(store: Store, rows: Sequence[Record]) -> int:
        append(store, rows)
        raise StoreBusyError("The database cannot be reached.")

    monkeypatch.setattr(Store, "append", cut_off)
    with pytest.raises(StoreBusyError):
        journal.append(records)
    monkeypatch.undo()
    assert list(journal.append(records)) == [1, 2]
    assert list(journal.append([make("c", "t", {})])) == [3]
    assert [kind for _boot, kind, _body in _rows(seeded)] == ["a", "b", "c"]


def test_a_commit_that_failed_is_repeated(seeded: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not found in the journal is appended."""
    journal = StoreJournal(seeded)
    record = RecordMaker("run-1", lambda: 5.25)("a", "t", {})

    def refuse(*_args: object) -> int:
        raise StoreBusyError("The database cannot be reached.")

    monkeypatch.setattr(Store, "append", refuse)
    with pytest.raises(StoreBusyError):
        journal.append([record])
    monkeypatch.undo()
    assert list(journal.append([record])) == [1]
