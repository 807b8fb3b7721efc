"""What is wrong with a field of a request, in words for whoever filled it in.

Pydantic says what it found by the type of its error (docs: "Validation Errors") and speaks to programmers;
where it has words of ours, they say what to enter instead.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

_TIME: Final = "a time with its offset, such as 2026-05-31T12:00:00+08:00"
_DATE: Final = "a date, such as 2026-05-31"
_NUMBER: Final = "a whole number"

_WORDS: Final[Mapping[str, str]] = {
    "missing": "missing",
    "extra_forbidden": "not known here; leave it out",
    "string_type": "a text",
    "string_too_long": "at most {max_length} characters",
    "too_short": "at least {min_length} of them",
    "too_long": "at most {max_length} of them",
    "less_than_equal": "at most {le}",
    "less_than": "less than {lt}",
    "greater_than_equal": "at least {ge}",
    "greater_than": "more than {gt}",
    "int_type": _NUMBER,
    "int_parsing": _NUMBER,
    "int_parsing_size": _NUMBER,
    "int_from_float": _NUMBER,
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "model_attributes_type": "an object with fields",
    "model_type": "an object with fields",
    "datetime_type": _TIME,
    "datetime_parsing": _TIME,
    "datetime_from_date_parsing": _TIME,
    "timezone_aware": _TIME,
    "date_type": _DATE,
    "date_parsing": _DATE,
    "date_from_datetime_parsing": _DATE,
    "date_from_datetime_inexact": _DATE,
}
_FORMS: Final[Mapping[str, str]] = {
    r"^[a-z0-9][a-z0-9-]{0,31}$": "1 to 32 small letters, digits and dashes, such as main-in",
    r"^[0-9A-Fa-f: ]{2,60}$": "hexadecimal digits, such as 04A1B2C3D4E5F6",
    r"^[0-9a-f]{32}$": "32 hexadecimal digits, made anew for each release",
    r"^[0-9A-Za-z]{1,8}-[0-9A-Za-z]{1,8}-[0-9A-Za-z]{1,8}$": "building-unit-room, such as 3-1-502",
    r"^[\w.-]{1,40}$": "1 to 40 letters, digits, dots and dashes",
    r"^[A-Za-z0-9_-]{20,100}$": "the secret at the end of the link",
    r"^[0-9A-Za-z-]{1,16}$": "1 to 16 letters, digits and dashes, as printed",
    r"^[a-z0-9_]{1,16}$": "1 to 16 small letters, digits and _",
    r"^[0-9A-Za-z./-]{1,40}$": "1 to 40 letters, digits, dots, slashes and dashes",
    r"^[0-9A-Fa-f]{16}$": "16 hexadecimal digits",
    r"^[0-9+() -]{0,32}$": "at most 32 digits, blanks, + - ( and )",
    r"^[0-9A-Za-z]{4,32}$": "4 to 32 letters and digits",
    r"^[a-z_]{1,30}(\.[a-z_]{0,30})?$": "a kind such as access.granted, or a family such as access.",
    r"^[a-z-]{1,20}(:[A-Za-z0-9.-]{1,40})?$": "a kind and an id, such as portal:main-in",
    r"^[a-z]{1,10}(:[A-Za-z0-9-]{1,40})?$": "a kind and an id, such as user:3",
    r"^[\x21-\x7e]+$": "printable ASCII without blanks",
}
"""What a pattern of the schemas means; what is not here lists its words itself: ``^(a|b)$``."""


def fields_of(errors: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Each bad field by its path (``portals.0.lists``) and what is wrong with it."""
    return {_path(error["loc"]): _said(error) for error in errors}


def broken_json(errors: Sequence[Mapping[str, Any]], text: str) -> str | None:
    """The sentence for a body that is not JSON, with the place where it stops being so; None for any other fault."""
    at = next((error["loc"][-1] for error in errors if error["type"] == "json_invalid"), None)
    if not isinstance(at, int):
        return None
    before = text[:at]
    line, column = before.count("\n") + 1, at - before.rfind("\n")
    return f"The body is not JSON (line {line}, column {column})."


def words_of(pattern: str) -> str:
    """What to enter where this pattern stands."""
    return _FORMS.get(pattern) or "one of: " + pattern.strip("^()$").replace("|", ", ")


def _said(error: Mapping[str, Any]) -> str:
    kind, known = error["type"], error.get("ctx", {})
    if kind == "string_pattern_mismatch":
        return words_of(known["pattern"])
    if kind in {"enum", "literal_error"}:
        return "one of: " + str(known["expected"]).replace("'", "").replace(" or ", ", ")
    if kind == "string_too_short":
        return "empty" if known["min_length"] == 1 else f"at least {known['min_length']} characters"
    if kind == "value_error":
        return str(known["error"])
    return _WORDS[kind].format(**known) if kind in _WORDS else str(error["msg"])


def _path(loc: Sequence[object]) -> str:
    """Pydantic's location without the part of the request it stands in; the part alone when that is all."""
    return ".".join(str(step) for step in loc[1:]) or str(loc[0])
