"""The search for leaked keys finds a key in every shape that a program might give it."""

import base64
import json
from pathlib import Path

import pytest

from tests.canary import leaks, needles

KEY = bytes.fromhex("f0e1d2c3b4a5968778695a4b3c2d1e0f")


@pytest.mark.parametrize(
    "text",
    [
        b"\x00" + KEY + b"\x01",
        KEY.hex().encode(),
        KEY.hex().upper().encode(),
        KEY.hex(" ").upper().encode(),
        base64.b64encode(KEY),
        base64.b64encode(b"a" + KEY + b"b"),
        base64.b64encode(b"ab" + KEY + b"b"),
        base64.urlsafe_b64encode(b"abc" + KEY),
        repr({"key": KEY}).encode(),
        json.dumps(list(KEY)).encode(),
        KEY.hex().encode("utf-16-le"),
        KEY[::-1],
    ],
)
def test_found(tmp_path: Path, text: bytes) -> None:
    """In a file below a directory, and in a stream."""
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "log").write_bytes(b"before " + text + b" behind")
    assert leaks({"read": KEY}, [tmp_path])
    assert leaks({"read": KEY}, [text])


def test_nothing_found(tmp_path: Path) -> None:
    """Half a key, its check value or another key are no leak; no needle is short enough to stand anywhere by chance."""
    (tmp_path / "log").write_bytes(KEY[:8] + KEY.hex()[:16].encode() + bytes(range(16)))
    assert leaks({"read": KEY}, [tmp_path, KEY.hex()[1:]]) == []
    assert min(len(needle) for needle in needles(KEY).values()) >= 16
