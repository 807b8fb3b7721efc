"""Reads the fields of a decoded CBOR map strictly; every surprise is a MalformedError naming the field."""

from collections.abc import Mapping
from typing import Any, Final

from gateway.domain.errors import MalformedError
from gateway.domain.site import check_slug
from gateway.signing.cbor import loads

UINT64: Final = 2**64 - 1
TEXT_LIMIT: Final = 200
PROTOCOL_VERSION: Final = 1


class Fields:
    """A map with text keys. Keys nobody asks for are ignored: a later minor version may add some."""

    __slots__ = ("_map",)

    def __init__(self, value: Any) -> None:
        if not isinstance(value, Mapping) or not all(isinstance(k, str) for k in value):
            raise MalformedError("A map with text keys is missing here.")
        self._map: Mapping[str, Any] = value

    @classmethod
    def of_message(cls, payload: bytes, limit: int) -> "Fields":
        """The fields of a payload of at most ``limit`` bytes with ``v: 1``."""
        fields = cls(loads(payload, limit=limit))
        if fields.uint("v") != PROTOCOL_VERSION:
            raise MalformedError("The message is of a protocol version that is not known here.")
        return fields

    def __contains__(self, name: object) -> bool:
        return self._map.get(name) is not None if isinstance(name, str) else False

    def _get(self, name: str, kind: type) -> Any:
        value = self._map.get(name)
        # bool is an int in Python, not in CBOR
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise MalformedError(
                "The field “%(field)s” is missing or of another type.", field=name, fields={name: kind.__name__}
            )
        return value

    def uint(self, name: str, most: int = UINT64) -> int:
        """An unsigned integer."""
        value: int = self._get(name, int)
        if not 0 <= value <= most:
            raise MalformedError("The field “%(field)s” is out of range.", field=name, fields={name: "out of range"})
        return value

    def flag(self, name: str) -> bool:
        """True or false."""
        value: bool = self._get(name, bool)
        return value

    def text(self, name: str, limit: int = TEXT_LIMIT) -> str:
        """A text of at most ``limit`` characters."""
        value: str = self._get(name, str)
        if len(value) > limit:
            raise MalformedError("The field “%(field)s” is too long.", field=name, fields={name: "too long"})
        return value

    def slug(self, name: str) -> str:
        """The name of a list, a portal or a controller."""
        return check_slug(name, self.text(name))

    def choice(self, name: str, choices: frozenset[str]) -> str:
        """One of a few words."""
        value = self.text(name)
        if value not in choices:
            raise MalformedError("The field “%(field)s” has an unknown value.", field=name, fields={name: "unknown"})
        return value

    def data(self, name: str, size: int | None = None) -> bytes:
        """A byte string, of exactly ``size`` bytes where that is given."""
        value: bytes = self._get(name, bytes)
        if size is not None and len(value) != size:
            raise MalformedError("The field “%(field)s” has another length.", field=name, fields={name: "length"})
        return value

    def map(self, name: str) -> "Fields":
        """A map within."""
        return Fields(self._get(name, dict))

    def items(self, name: str) -> list[tuple[str, "Fields"]]:
        """A map of maps, by name."""
        inner: Mapping[str, Any] = self._get(name, dict)
        return [(check_slug(name, str(key)), Fields(value)) for key, value in inner.items()]

    def raw_map(self, name: str) -> Mapping[Any, Any]:
        """A map whose keys are no texts."""
        value: Mapping[Any, Any] = self._get(name, dict)
        return value

    def array(self, name: str, most: int) -> list[Any]:
        """An array of at most ``most`` elements."""
        value: list[Any] = self._get(name, list)
        if len(value) > most:
            raise MalformedError("The field “%(field)s” is too long.", field=name, fields={name: "too long"})
        return value


def optional(**fields: Any) -> dict[str, Any]:
    """The given fields that have a value."""
    return {name: value for name, value in fields.items() if value is not None}
