"""Whoever changes the journal is found out, wherever the change is."""
# ruff: noqa: S608 - the forger of these tests writes SQL as it comes

from pathlib import Path

import pytest

from gateway.domain.errors import MalformedError
from gateway.storage import journal
from gateway.storage.chain import GENESIS, canonical, link
from gateway.storage.journal import Checkpoint, Record, VerifyReport
from gateway.storage.store import SYSTEM, Store
from tests.gateway.storage.tampering import tamper

RECORDS = 9


@pytest.fixture
def written(store: Store) -> Store:
    """Nine records; every third with personal data."""
    with store.write(SYSTEM) as uow:
        for n in range(1, RECORDS + 1):
            uow.record("card.issued", f"card:{n}", {"n": n}, pii={"name": f"李{n}"} if n % 3 == 0 else None)
    return store


def _verify(store: Store, against: Checkpoint | None = None) -> VerifyReport:
    with store.read() as conn:
        return journal.verify(conn, against)


def _checkpoint(store: Store) -> Checkpoint:
    with store.read() as conn:
        return journal.checkpoint(conn)


def test_an_untouched_journal_verifies(written: Store) -> None:
    """All records are checked; an empty journal is whole, too."""
    assert _verify(written) == VerifyReport(ok=True, checked=RECORDS)
    assert _verify(written, _checkpoint(written)).ok


def test_an_empty_journal_verifies(store: Store) -> None:
    """Nothing happened, and nothing was changed."""
    assert _verify(store) == VerifyReport(ok=True, checked=0)


@pytest.mark.parametrize(
    "edit",
    [
        "at = at + 1",
        "at = -at",
        "boot = 'other'",
        "kind = 'card.cancelled'",
        "actor = 'user:1'",
        "target = 'card:77'",
        """body = '{"n": 7}'""",
        "pii_commit = NULL",
        "pii_commit = :other",
        "prev = :other",
        "hash = :other",
    ],
)
def test_an_edit_in_any_column(written: Store, edit: str) -> None:
    """The first record that no longer fits is named."""
    tamper(written, f"UPDATE journal SET {edit} WHERE seq = 6", other=b"\x07" * 32)
    report = _verify(written)
    assert (report.ok, report.first_bad_seq, report.checked) == (False, 6, 5)
    assert report.what.endswith(".")


@pytest.mark.parametrize("column", ["at", "boot", "body", "pii_commit", "prev", "hash"])
def test_values_of_another_type(sqlite_store: Store, column: str) -> None:
    """SQLite takes any type in any column: that is an edit, not a crash."""
    sqlite_store.append([Record("a.b", "system", "x")] * 3)
    tamper(
        sqlite_store,
        f"UPDATE journal SET {column} = :other WHERE seq = 2",
        other=b"\xff" if column in {"at", "boot", "body"} else "x",
    )
    assert _verify(sqlite_store).first_bad_seq == 2


@pytest.mark.parametrize("edit", ["salt = :other", """body = '{"name": 1}'"""])
def test_an_edit_of_personal_data(written: Store, edit: str) -> None:
    """The commitment in the chain does not fit any more."""
    tamper(written, f"UPDATE journal_pii SET {edit} WHERE seq = 6", other=b"\x07" * 32)
    assert _verify(written).first_bad_seq == 6


def test_personal_data_put_where_none_was(written: Store) -> None:
    """Nobody can slip a name under a record that had none."""
    tamper(written, "INSERT INTO journal_pii VALUES (5, :other, '{}')", other=b"\x07" * 32)
    assert _verify(written).first_bad_seq == 5


@pytest.mark.parametrize("seq", [1, 5])
def test_a_deletion(written: Store, seq: int) -> None:
    """A gap is found, also when the numbers behind it are closed up."""
    tamper(written, f"DELETE FROM journal WHERE seq = {seq}")
    assert _verify(written).first_bad_seq == seq
    tamper(written, *(f"UPDATE journal SET seq = {n - 1} WHERE seq = {n}" for n in range(seq + 1, RECORDS + 1)))
    assert _verify(written).first_bad_seq == seq


def test_an_insertion(written: Store) -> None:
    """A forged record, well hashed and with room made for it, breaks what follows."""
    prev = GENESIS
    with written.read() as conn:
        prev = conn.exec_driver_sql("SELECT hash FROM journal WHERE seq = 4").scalar_one()
    forged = link(prev, 5, 0, ("b", "k", "system", "x", "{}"), None)
    tamper(
        written,
        *(f"UPDATE journal SET seq = {n + 1} WHERE seq = {n}" for n in range(RECORDS, 4, -1)),
        "INSERT INTO journal VALUES (5, 0, 'b', 'k', 'system', 'x', '{}', NULL, :prev, :forged)",
        prev=prev,
        forged=forged,
    )
    assert _verify(written).first_bad_seq == 6


def test_an_addition_at_the_end(written: Store) -> None:
    """A record behind the head was not written by us."""
    prev = _checkpoint(written).hash
    forged = link(prev, RECORDS + 1, 0, ("b", "k", "system", "x", "{}"), None)
    insert = "INSERT INTO journal VALUES (10, 0, 'b', 'k', 'system', 'x', '{}', NULL, :prev, :forged)"
    tamper(written, insert, prev=prev, forged=forged)
    report = _verify(written)
    assert (report.ok, report.first_bad_seq) == (False, RECORDS + 1)


def test_a_swap(written: Store) -> None:
    """Two records that changed places."""
    tamper(
        written,
        "UPDATE journal SET seq = 99 WHERE seq = 4",
        "UPDATE journal SET seq = 4 WHERE seq = 7",
        "UPDATE journal SET seq = 7 WHERE seq = 99",
    )
    assert _verify(written).first_bad_seq == 4


def test_truncation(written: Store, tmp_path: Path) -> None:
    """A journal cut short without its head is found at once; with its head, by a checkpoint kept elsewhere."""
    kept = tmp_path / "checkpoint.json"
    _checkpoint(written).save(kept)
    tamper(written, "DELETE FROM journal WHERE seq > 6", "DELETE FROM journal_pii WHERE seq > 6")
    assert _verify(written).first_bad_seq == 7
    with written.read() as conn:
        last = conn.exec_driver_sql("SELECT hash FROM journal WHERE seq = 6").scalar_one()
    tamper(written, "UPDATE journal_head SET seq = 6, hash = :last", last=last)
    assert _verify(written).ok
    assert _verify(written, Checkpoint.load(kept)).first_bad_seq == 7


def test_a_journal_written_anew(written: Store) -> None:
    """A forger who computes the whole chain again does not meet the checkpoint."""
    kept = _checkpoint(written)
    tamper(
        written,
        "DELETE FROM journal",
        "DELETE FROM journal_pii",
        "UPDATE journal_head SET seq = 0, hash = :zero",
        zero=GENESIS,
    )
    written.append([Record("card.issued", "system", f"card:{n}", {"n": n}) for n in range(1, RECORDS + 3)])
    assert _verify(written).ok
    report = _verify(written, kept)
    assert (report.ok, report.first_bad_seq) == (False, RECORDS)


def test_checkpoint_files(tmp_path: Path) -> None:
    """What is saved is loaded; anything else is refused."""
    path = tmp_path / "c.json"
    Checkpoint(3, b"\x01" * 32).save(path)
    assert Checkpoint.load(path) == Checkpoint(3, b"\x01" * 32)
    for broken in ("", "[]", '{"seq": 1}', '{"seq": 1, "hash": "zz"}'):
        path.write_text(broken)
        with pytest.raises(MalformedError):
            Checkpoint.load(path)


def test_erasing_personal_data_leaves_the_chain_whole(written: Store) -> None:
    """The name is gone, the journal verifies, and the erasure is itself recorded."""
    with written.write(SYSTEM) as uow:
        assert journal.erase_pii(uow, [3, 4, 6]) == 2
    assert _verify(written) == VerifyReport(ok=True, checked=RECORDS + 1)
    with written.read() as conn:
        assert conn.exec_driver_sql("SELECT body FROM journal_pii").scalars().all() == [canonical({"name": "李9"})]
        last = conn.exec_driver_sql("SELECT kind, body FROM journal WHERE seq = 10").one()
    assert tuple(last) == ("journal.pii_erased", '{"seqs":[3,4,6]}')


def test_erased_names_are_not_in_the_file(sqlite_store: Store) -> None:
    """Not in free pages and, after a checkpoint, not in the write-ahead log."""
    with sqlite_store.write(SYSTEM) as uow:
        uow.record("card.issued", "card:1", pii={"name": "Ozymandias"})
    with sqlite_store.write(SYSTEM) as uow:
        journal.erase_pii(uow, [1])
    with sqlite_store.engines.writer.connect() as conn:
        conn.exec_driver_sql("COMMIT")  # a checkpoint runs outside a transaction
        conn.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    path = Path(sqlite_store.engines.path or "")
    for file in path.parent.glob("gatehouse.db*"):
        assert b"Ozymandias" not in file.read_bytes()
