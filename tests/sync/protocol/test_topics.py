"""Topics are built and taken apart without loss."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.errors import MalformedError
from sync.protocol.topics import Address, Kind, Topics

TOPICS = Topics("riverside")
SLUGS = st.from_regex(r"[a-z0-9][a-z0-9-]{0,31}", fullmatch=True)
LIST_KINDS = {Kind.HEAD: TOPICS.head, Kind.TAIL: TOPICS.tail}
OF_CONTROLLERS = [Kind.CONFIG, Kind.STATUS, Kind.EVENTS, Kind.ACK, Kind.COMMANDS, Kind.REPLIES]


@given(SLUGS, st.integers(0, 2**64 - 1), st.integers(0, 70_000))
def test_round_trip(name: str, base: int, page: int) -> None:
    """What was built is taken apart again."""
    for kind, build in LIST_KINDS.items():
        assert TOPICS.parse(build(name)) == Address(kind, name)
    assert TOPICS.parse(TOPICS.page(name, base, page)) == Address(Kind.PAGE, name, base, page)
    for kind in OF_CONTROLLERS:
        assert TOPICS.parse(TOPICS.of_controller(kind, name)) == Address(kind, name)
    assert TOPICS.parse(TOPICS.gateway_status) == Address(Kind.GATEWAY_STATUS)
    assert TOPICS.parse(TOPICS.schedules) == Address(Kind.SCHEDULES)


@pytest.mark.parametrize(
    "topic",
    [
        "gatehouse/v1/elsewhere/schedules",
        "gatehouse/v1/riverside",
        "gatehouse/v1/riverside/lists/A/head",
        "gatehouse/v1/riverside/lists/a/head/x",
        "gatehouse/v1/riverside/lists/a/base/01/0",
        "gatehouse/v1/riverside/controllers/a/unknown",
        "gatehouse/v1/riverside/controllers/+/status",
    ],
)
def test_not_ours(topic: str) -> None:
    """Anything else is none of ours."""
    assert TOPICS.parse(topic) is None


@given(st.text(max_size=60))
def test_any_text(text: str) -> None:
    """No text makes the parser fail."""
    TOPICS.parse(TOPICS.root + "/" + text)
    assert TOPICS.parse(text) is None


def test_a_site_is_a_slug() -> None:
    """A site's name cannot hold wildcards or slashes."""
    with pytest.raises(MalformedError):
        Topics("a/+/b")
