"""Entity tags (RFC 9110, 8.8.3): a name for what a resource looked like, made of its bytes."""

import hashlib

from gateway.domain.errors import StaleError


def tag_of(body: bytes) -> str:
    """The strong entity tag of a representation, quoted."""
    return f'"{hashlib.sha256(body).hexdigest()[:20]}"'


def listed(tag: str, header: str | None) -> bool:
    """Whether an ``If-None-Match`` or ``If-Match`` header names this tag, or any."""
    return header is not None and any(part.strip() in {tag, "*"} for part in header.split(","))


def check_match(tag: str, if_match: str | None) -> None:
    """Raises StaleError when ``If-Match`` was sent and names another representation."""
    if if_match is not None and not listed(tag, if_match):
        raise StaleError("This was changed since you loaded it. Load it again and look before you save.")
