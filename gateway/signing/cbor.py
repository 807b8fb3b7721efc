"""Deterministic CBOR (RFC 8949, 4.2.1), read strictly.

The keys of one map are all of one major type here; then the length-first order that the encoder knows
and the bytewise order that RFC 8949 asks for are the same.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn

import cbor2

from gateway.domain.errors import MalformedError

DEFAULT_LIMIT: Final = 64 * 1024
MAX_DEPTH: Final = 8


class _NoTags(dict[int, Callable[[Any, bool], Any]]):
    """Refuses every tag: a tag can ask the decoder for a big number, a date or a regular expression."""

    def __missing__(self, tag: int) -> Callable[[Any, bool], Any]:
        return _refuse_tag


def _refuse_tag(_value: object, _immutable: bool) -> NoReturn:  # noqa: FBT001  # the decoder's own signature
    raise ValueError("tags are not allowed")


_NO_TAGS: Final[Mapping[int, Callable[[Any, bool], Any]]] = _NoTags()


def dumps(value: Any) -> bytes:
    """The one deterministic encoding of a value."""
    return cbor2.dumps(value, canonical=True)


def loads(data: bytes, *, limit: int = DEFAULT_LIMIT) -> Any:
    """The value of a deterministic encoding of at most ``limit`` bytes.

    Raises MalformedError for anything else: longer, deeper than 8, tagged, indefinite, a key twice,
    trailing bytes, or an encoding that is not the deterministic one.
    """
    if len(data) > limit:
        raise MalformedError("%(length)s bytes are more than the %(limit)s allowed.", length=len(data), limit=limit)
    try:
        value = cbor2.loads(
            data,
            semantic_decoders=_NO_TAGS,
            max_depth=MAX_DEPTH,
            allow_indefinite=False,
            allow_duplicate_keys=False,
        )
        again = cbor2.dumps(value, canonical=True)
    except (cbor2.CBORError, ValueError, TypeError, OverflowError) as error:
        raise MalformedError("This is not CBOR as it is written here.") from error
    if again != data:
        raise MalformedError("This CBOR is not in its deterministic form.")
    return value
