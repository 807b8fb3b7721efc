"""The emergency file keeps what was acknowledged and nothing that was torn."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.errors import StoreFullError
from gateway.runtime.records import Record, RecordMaker
from gateway.runtime.spill import Spill

SIZE = 4096


def _fill(path: Path, count: int) -> list[Record]:
    make = RecordMaker("boot", lambda: 1.5)
    records = [make("access.granted", f"portal:{n}", {"key": "é中"}) for n in range(count)]
    spill = Spill(path, SIZE)
    for record in records:
        spill.add(record, 7)
    spill.close()
    return records


def test_keeps_records_across_runs(tmp_path: Path) -> None:
    """What was added is read back, with the number it stands behind."""
    records = _fill(tmp_path / "spill", 3)
    assert Spill(tmp_path / "spill", SIZE).left_over == [(7, record) for record in records]


def test_is_allocated_beforehand(tmp_path: Path) -> None:
    """Its blocks are there while the disk still has room."""
    Spill(tmp_path / "spill", SIZE)
    assert (tmp_path / "spill").stat().st_size == SIZE
    assert (tmp_path / "spill").stat().st_blocks * 512 >= SIZE
    assert (tmp_path / "spill").stat().st_mode & 0o077 == 0


def test_settling_all_empties_it(tmp_path: Path) -> None:
    """And a shorter content later does not wake the older behind it."""
    records = _fill(tmp_path / "spill", 5)
    spill = Spill(tmp_path / "spill", SIZE)
    spill.settle([record.id for record in records[:4]])
    assert len(spill) == 1
    spill.settle([records[4].id])
    spill.add(records[0], 9)
    assert Spill(tmp_path / "spill", SIZE).left_over == [(9, records[0])]


def test_full_file_says_so(tmp_path: Path) -> None:
    """It never grows: the disk is full."""
    with pytest.raises(StoreFullError):
        _fill(tmp_path / "spill", 200)
    assert (tmp_path / "spill").stat().st_size == SIZE


@given(cut=st.integers(0, 400))
def test_torn_write_ends_the_reading(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    """Zeros from any byte on, as after a power cut: whole records before it are read, the torn one is not."""
    path = tmp_path_factory.mktemp("torn") / "spill"
    records = _fill(path, 3)
    content = path.read_bytes()
    path.write_bytes(content[:cut].ljust(SIZE, b"\0"))
    whole = content[:cut].count(b"\n")
    assert [record for _after, record in Spill(path, SIZE).left_over] == records[:whole]
