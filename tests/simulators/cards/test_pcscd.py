"""Virtual cards through a real pcscd and pyscard: a program that knows none of our code finds nothing odd."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

IN_NAMESPACE = 'ip link set lo up && mount -t tmpfs tmpfs /run && mkdir /run/pcscd && exec "$0" -m "$@"'
CLASSIC_ANSWERS = [
    "9000",
    "9000",
    "9000",
    "000102030405060708090A0B0C0D0E0F9000",
    "6982",
    "9000",
    "9000",
    "C0030090009000",
    "0000005A9000",
]

pytestmark = [
    pytest.mark.system,
    pytest.mark.xdist_group("pcscd"),
    pytest.mark.skipif(os.geteuid() != 0, reason="a namespace of its own needs root"),
]


def inside(what: str, state: Path) -> Any:
    program = [sys.executable, "tests.simulators.cards.inside_namespace", what, str(state)]
    done = subprocess.run(
        ["unshare", "-m", "-n", "sh", "-c", IN_NAMESPACE, *program],
        capture_output=True,
        timeout=120,
        check=False,
        text=True,
        cwd=Path(__file__).parents[3],
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    state = tmp_path_factory.mktemp("cards") / "card.json"
    heard: dict[str, Any] = inside("story", state)
    return {**heard, "again": inside("again", state)}


@pytest.mark.parametrize(
    ("kind", "uid", "atr"),
    [
        ("classic", "DEADBEEF", "3B8F8001804F0CA000000306030001000000006A"),
        ("classic-4k", "04A1B2C3D4E5F6", "3B8F8001804F0CA0000003060300020000000069"),
    ],
)
def test_classic(told: dict[str, Any], kind: str, uid: str, atr: str) -> None:
    """Keys, blocks and values."""
    assert told[kind] == {"atr": atr, "answers": [uid + "9000", *CLASSIC_ANSWERS]}


def test_fmcos(told: dict[str, Any]) -> None:
    """A DF, a key and a file are made; a wrong key costs a try, the right one opens the file."""
    ok = "9000"
    assert told["fmcos"]["atr"] == "3B8B8001209000000000007AB4ABDC03"
    assert told["fmcos"]["answers"] == [
        "7AB4ABDC9000",
        "6F15840E315041592E5359532E4444463031A5038801019000",
        *[ok] * 2,
        "6F0C84054741544531A50388011F9000",
        *[ok] * 3,
        "6982",
        "63C2",
        *[ok] * 2,
        "010203049000",
    ]


@pytest.mark.parametrize(
    ("kind", "hardware", "generation"), [("desfire-ev1", "0401010100", 1), ("desfire-ev2", "0401011200", 2)]
)
def test_desfire(told: dict[str, Any], kind: str, hardware: str, generation: int) -> None:
    """GetVersion in three frames with the UID in the last; an application is made and listed."""
    uid, first, second, third, none, made, listed = told[kind]["answers"]
    assert told[kind]["atr"] == "3B8180018080"
    assert uid == "041122334455669000"
    assert first.startswith(hardware)
    assert first.endswith("91AF")
    assert second.endswith("91AF")
    assert int(second[6:8], 16) == generation
    assert third.startswith("04112233445566")
    assert third.endswith("9100")
    assert (none, made, listed) == ("9100", "9100", "F547489100")


def test_a_torn_card(told: dict[str, Any]) -> None:
    """Pyscard learns that it is gone, the program ends with 3, and the file knows what was written."""
    assert told["torn"] == ["9000", "9000", "gone", "3"]
    assert told["again"] == ["9000", "9000", "5A" * 16 + "9000"]
