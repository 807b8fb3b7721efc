"""Topics under ``gatehouse/v1/{site}``: built and taken apart in one place (PROTOCOL.md, "Topics")."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gateway.domain.site import check_slug

_PREFIX: Final = "gatehouse/v1"
_SLUG: Final = r"[a-z0-9][a-z0-9-]{0,31}"
_NUMBER: Final = r"0|[1-9][0-9]{0,19}"


class Kind(StrEnum):
    """What a topic carries."""

    GATEWAY_STATUS = "gateway/status"
    HEAD = "head"
    TAIL = "tail"
    PAGE = "base"
    SCHEDULES = "schedules"
    CONFIG = "config"
    STATUS = "status"
    EVENTS = "events"
    ACK = "events/ack"
    COMMANDS = "commands"
    REPLIES = "replies"


@dataclass(frozen=True, slots=True)
class Address:
    """A topic taken apart: ``name`` is the list or the controller; ``base`` and ``page`` of a page only."""

    kind: Kind
    name: str = ""
    base: int = 0
    page: int = 0


_PATTERN: Final = re.compile(
    rf"(?P<status>gateway/status)|(?P<schedules>schedules)"
    rf"|lists/(?P<list>{_SLUG})/(?:(?P<tier>head|tail)|base/(?P<base>{_NUMBER})/(?P<page>{_NUMBER}))"
    rf"|controllers/(?P<controller>{_SLUG})/(?P<what>config|status|events/ack|events|commands|replies)"
)


class Topics:
    """The topics of one site."""

    __slots__ = ("root",)

    def __init__(self, site: str) -> None:
        self.root = f"{_PREFIX}/{check_slug('site', site)}"

    @property
    def gateway_status(self) -> str:
        """The gateway's own status and last will."""
        return f"{self.root}/gateway/status"

    @property
    def schedules(self) -> str:
        """The site's schedules."""
        return f"{self.root}/schedules"

    def head(self, list_: str) -> str:
        """The signed head of a list."""
        return f"{self.root}/lists/{list_}/head"

    def tail(self, list_: str) -> str:
        """Everything since the base of a list."""
        return f"{self.root}/lists/{list_}/tail"

    def page(self, list_: str, base: int, page: int) -> str:
        """One page of a base."""
        return f"{self.root}/lists/{list_}/base/{base}/{page}"

    def all_lists(self) -> str:
        """A filter for every head, tail and page: the gateway reads itself back with it."""
        return f"{self.root}/lists/#"

    def of_controller(self, kind: Kind, controller: str) -> str:
        """A topic of one controller, or with ``+`` a filter for those of all."""
        return f"{self.root}/controllers/{controller}/{kind}"

    def parse(self, topic: str) -> Address | None:
        """What a topic is for; None when it is none of ours."""
        if not topic.startswith(self.root + "/"):
            return None
        found = _PATTERN.fullmatch(topic, len(self.root) + 1)
        return None if found is None else _address(found)


def _address(found: re.Match[str]) -> Address:
    if found["status"]:
        return Address(Kind.GATEWAY_STATUS)
    if found["schedules"]:
        return Address(Kind.SCHEDULES)
    if found["controller"]:
        return Address(Kind(found["what"]), found["controller"])
    if found["tier"]:
        return Address(Kind(found["tier"]), found["list"])
    return Address(Kind.PAGE, found["list"], int(found["base"]), int(found["page"]))
