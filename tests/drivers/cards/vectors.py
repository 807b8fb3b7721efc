"""Golden values: each group has a handler that works the expected values out of the inputs."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

Values = dict[str, Any]
Handler = Callable[[Values], Values]

_PLACE = Path(__file__).parents[2] / "vectors"


def load(name: str) -> list[Values]:
    vectors: list[Values] = json.loads((_PLACE / f"{name}.json").read_text(encoding="utf-8"))
    assert vectors, name
    return vectors


def each_of(name: str) -> pytest.MarkDecorator:
    """Runs a test once for each vector of the file, under its id."""
    return pytest.mark.parametrize("vector", [pytest.param(vector, id=vector["id"]) for vector in load(name)])


def check(vector: Values, handlers: Mapping[str, Handler]) -> None:
    """Fails for a group without a handler, and for an expected value that the handler does not work out."""
    assert vector["expected"]
    computed = handlers[vector["group"]](vector["inputs"])
    assert {name: computed[name] for name in vector["expected"]} == vector["expected"]


def text(value: bytes) -> str:
    return value.hex().upper()
