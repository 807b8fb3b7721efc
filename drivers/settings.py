"""Turns a table of the configuration into the frozen settings of one kind of device."""

import types
from collections.abc import Mapping
from dataclasses import MISSING, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from gateway.domain.errors import MalformedError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

S = TypeVar("S", bound="DataclassInstance")


def malformed(device: object, name: str, wrong: str) -> MalformedError:
    """For one bad field of one device."""
    return MalformedError(
        "Device “%(device)s”: %(field)s %(wrong)s.", device=device, field=name, wrong=wrong, fields={name: wrong}
    )


def load(cls: type[S], table: Mapping[str, object]) -> S:
    """Raises MalformedError, naming the field, when a key is unknown or missing or its value is of the wrong type."""
    device = table.get("name", "?")
    known = {f.name: f for f in fields(cls)}
    for key in table:
        if key not in known:
            raise malformed(device, key, f"is no setting of this kind; it has {', '.join(known)}")
    for key, field in known.items():
        if key not in table and field.default is MISSING and field.default_factory is MISSING:
            raise malformed(device, key, "is missing")
    hints = get_type_hints(cls)
    return cls(**{key: _convert(device, key, hints[key], value) for key, value in table.items()})


def _convert(device: object, key: str, hint: Any, value: object) -> object:
    origin = get_origin(hint)
    if origin is tuple:
        if not isinstance(value, list | tuple) or not value:
            raise malformed(device, key, "must be a list with at least one entry")
        return tuple(_convert(device, key, get_args(hint)[0], item) for item in value)
    if origin in {types.UnionType, Union}:
        return None if value is None else _convert(device, key, get_args(hint)[0], value)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return _choice(device, key, hint, value)
    if hasattr(hint, "__dataclass_fields__"):
        if not isinstance(value, Mapping):
            raise malformed(device, key, "must be a table")
        return load(hint, value)
    return _plain(device, key, hint, value)


def _choice(device: object, key: str, kind: type[StrEnum], value: object) -> StrEnum:
    try:
        return kind(str(value))
    except ValueError as error:
        raise malformed(device, key, f"must be one of {', '.join(kind)}") from error


_NAMES = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


def _plain(device: object, key: str, hint: type, value: object) -> object:
    accepted = (int, float) if hint is float else hint
    if not isinstance(value, accepted) or (isinstance(value, bool) and hint is not bool):
        raise malformed(device, key, f"must be {_NAMES[hint]}")
    return hint(value)
