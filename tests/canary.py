"""Looks for keys where none may be: every way in which a program might have written one down.

``leaks({"name": key}, places)`` gives what was found where; a test asserts that it is empty, after it made sure with
:func:`leaks` that the search would have found a key in the same places (plant one first).
"""

import base64
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

Place = Path | bytes | str
_SHORTEST: Final = 6


def needles(key: bytes) -> dict[str, bytes]:
    """How a key might stand in a file or a stream, by name. Base64 also in the middle of a longer text.

    Of a key of 6 bytes some shapes are so short that chance writes them too: they are left out.
    """
    grouped = {f"hex with {sep!r}": key.hex(sep) for sep in (" ", ":", "-")}
    texts = {
        "hex": key.hex(),
        "repr": repr(key)[2:-1],
        "list": str(list(key))[1:-1],
        "number": str(int.from_bytes(key)),
    }
    texts |= grouped | {f"{name} in capitals": text.upper() for name, text in {"hex": key.hex(), **grouped}.items()}
    shapes = {name: text.encode() for name, text in texts.items()}
    shapes |= {
        "raw": key,
        "reversed": key[::-1],
        "hex reversed": key[::-1].hex().encode(),
        "utf-16": key.hex().encode("utf-16-le"),
    }
    for shift in range(3):
        coded = base64.b64encode(bytes(shift) + key)[-(-shift * 8 // 6) : -4]
        shapes |= {f"base64 at {shift}": coded, f"base64url at {shift}": coded.translate(bytes.maketrans(b"+/", b"-_"))}
    return {name: shape for name, shape in shapes.items() if len(shape) >= _SHORTEST}


def leaks(secrets: Mapping[str, bytes], places: Iterable[Place]) -> list[str]:
    """``purpose: shape in place`` for each key found. A directory stands for all files below it."""
    wanted: dict[bytes, list[tuple[str, str, bytes]]] = {}
    for name, key in secrets.items():
        for shape, needle in needles(key).items():
            wanted.setdefault(needle[:_SHORTEST], []).append((name, shape, needle))
    return [f"{found} in {where}" for where, content in _contents(places) for found in _found(wanted, content)]


def _found(wanted: Mapping[bytes, list[tuple[str, str, bytes]]], content: bytes) -> Iterable[str]:
    """Each once. One walk for all needles: by their first bytes, for there are thousands of them."""
    return {
        f"{name}: {shape}": None
        for at in range(len(content))
        for name, shape, needle in wanted.get(content[at : at + _SHORTEST], ())
        if content.startswith(needle, at)
    }


def _contents(places: Iterable[Place]) -> Iterable[tuple[str, bytes]]:
    for number, place in enumerate(places):
        if isinstance(place, Path):
            files = [place] if place.is_file() else [path for path in sorted(place.rglob("*")) if path.is_file()]
            yield from ((str(path), path.read_bytes()) for path in files)
        else:
            yield f"stream {number}", place.encode() if isinstance(place, str) else place
