"""The site: areas, portals, controllers and guard posts."""

import re
from dataclasses import dataclass
from typing import Final

from gateway.domain.decision import Direction, PortalMode, PortalPolicy, StalePolicy
from gateway.domain.errors import MalformedError
from gateway.domain.identity import IdentityForm

_SLUG: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")


def check_slug(field: str, text: str) -> str:
    """A name that is safe in a topic, a URL and a file name."""
    if not _SLUG.fullmatch(text):
        raise MalformedError(
            "“%(text)s” cannot be a name here: use 1 to 32 of a-z, 0-9 and -, starting with a letter or digit.",
            text=text[:40],
            fields={field: "1 to 32 of a-z, 0-9 and -"},
        )
    return text


RESERVED: Final = frozenset({"gateway"})
"""Names no controller may have: a controller's id is its account at the broker, and this one is ours."""


def check_controller_id(text: str) -> str:
    """A slug that is not reserved."""
    if text in RESERVED:
        raise MalformedError(
            "A controller cannot be called “%(text)s”: that is the gateway's own account at the broker.",
            text=text,
            fields={"id": "another name"},
        )
    return check_slug("id", text)


@dataclass(frozen=True, slots=True)
class Area:
    """A part of the site one may be allowed into. Its list has the same name; ``forms`` is what its readers show."""

    id: str
    name: str
    forms: tuple[IdentityForm, ...] = (IdentityForm.UID,)


@dataclass(frozen=True, slots=True)
class Portal:
    """A way in or out. ``controller`` is None for portals wired to the gateway."""

    id: str
    name: str
    direction: Direction
    lists: tuple[str, ...]
    controller: str | None = None
    unlock_ms: int = 1000
    held_open_s: int = 30
    mode: PortalMode = PortalMode.NORMAL
    stale: StalePolicy = StalePolicy.HOLD
    offline_grace_s: int = 7 * 24 * 3600

    def policy(self) -> PortalPolicy:
        """The part of it that decides."""
        return PortalPolicy(self.id, self.direction, self.lists, self.mode, self.stale, self.offline_grace_s)
