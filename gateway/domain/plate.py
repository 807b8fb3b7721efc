"""Number plates, as people and cameras write them."""

import re
import unicodedata
from typing import Final

from gateway.domain.errors import MalformedError

_PLATE: Final = re.compile(r"\w{2,10}")
_MARKS: Final = re.compile(r"[\s·•・.\-]")


def normal_plate(text: str | None) -> str | None:
    """Upper case without spaces and dots: “粤b·12345” is 粤B12345. Nothing is None.

    Raises MalformedError when it is no plate.
    """
    plate = _MARKS.sub("", unicodedata.normalize("NFKC", text or "")).upper()
    if plate and not _PLATE.fullmatch(plate):
        raise MalformedError(
            "“%(plate)s” is no number plate.", plate=plate[:20], fields={"plate": "2 to 10 characters"}
        )
    return plate or None
