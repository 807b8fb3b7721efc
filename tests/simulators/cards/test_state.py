"""What a card keeps is in its file before anybody hears of it."""

import json
from pathlib import Path

import pytest

from gateway.domain.errors import ConflictError, MalformedError
from simulators.cards import state
from simulators.cards.catalogue import make
from tests.simulators.cards.talk import Talk

UID = bytes.fromhex("DEADBEEF")
OPEN = ("FF82000006FFFFFFFFFFFF", "FF860000050100046000")
WRITE = "FFD6000410" + "5A" * 16


def laid(path: Path, uid: bytes = UID, kind: str = "classic") -> Talk:
    return Talk(state.Remembered(make(kind, uid), kind, path))


def test_a_new_card_is_written_down_at_once(tmp_path: Path) -> None:
    """Kind, UID and memory; and nothing lies beside the file."""
    laid(tmp_path / "card.json")
    known = state.read(tmp_path / "card.json")
    assert known is not None
    assert (known["kind"], known["uid"]) == ("classic", "deadbeef")
    assert list(tmp_path.iterdir()) == [tmp_path / "card.json"]


def test_every_change_is_there_when_it_is_answered(tmp_path: Path) -> None:
    """A second simulator that takes the file up finds it, and nothing of what was opened."""
    first = laid(tmp_path / "card.json")
    for apdu in (*OPEN, WRITE):
        first.ok(apdu)
    second = laid(tmp_path / "card.json")
    assert second.status("FFB0000410") == "6982"
    for apdu in OPEN:
        second.ok(apdu)
    assert second.ok("FFB0000410") == "5A" * 16


def test_only_changes_are_written(tmp_path: Path) -> None:
    """Reading leaves the file alone."""
    card = laid(tmp_path / "card.json")
    (tmp_path / "card.json").unlink()
    for apdu in (*OPEN, "FFB0000410"):
        card.ok(apdu)
    assert state.read(tmp_path / "card.json") is None
    card.ok(WRITE)
    assert state.read(tmp_path / "card.json") is not None


@pytest.mark.parametrize(("kind", "uid"), [("classic", bytes(4)), ("classic-4k", UID), ("fmcos", UID)])
def test_another_card_is_not_laid_over_it(tmp_path: Path, kind: str, uid: bytes) -> None:
    """Another kind or UID than the file's is refused."""
    laid(tmp_path / "card.json")
    with pytest.raises(ConflictError, match="holds"):
        laid(tmp_path / "card.json", uid, kind)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "\xff",
        '{"format": 1, "kind": "classic", "uid": "deadbeef", "card": {}}',
        '{"format": 1, "kind": "classic", "uid": "deadbeef", "card": {"blocks": ["00"]}}',
        '{"format": 1, "kind": "classic", "uid": "deadbeef", "card": 7}',
        '{"format": 2, "kind": "classic", "uid": "deadbeef", "card": {}}',
    ],
)
def test_other_files_are_left_alone(tmp_path: Path, text: str) -> None:
    """What is no card's state is refused, and not overwritten."""
    path = tmp_path / "card.json"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(MalformedError, match="not the state"):
        laid(path)
    assert path.read_text(encoding="latin-1") == text


def test_the_file_is_json(tmp_path: Path) -> None:
    """For people who want to see what lies on a card."""
    laid(tmp_path / "card.json", kind="fmcos")
    mf = json.loads((tmp_path / "card.json").read_text())["card"]["mf"]
    assert mf["key_file"]["keys"][0]["value"] == "ff" * 16
