"""Every decoder takes what the encoder made, and refuses everything else with the documented error."""

from collections.abc import Callable
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.errors import MalformedError
from gateway.signing.cbor import dumps, loads
from sync.protocol.messages import (
    Ack,
    Command,
    Config,
    Events,
    GatewayStatus,
    Head,
    Page,
    Reply,
    Schedules,
    Status,
    Tail,
)
from tests.sync.protocol.examples import computed

EXAMPLES = computed()
DECODERS: dict[str, Callable[[bytes], Any]] = {
    "head": Head.decode,
    "tail": Tail.decode,
    "page": Page.decode,
    "schedules": Schedules.decode,
    "config": Config.decode,
    "gateway-status": GatewayStatus.decode,
    "status": Status.decode,
    "events": Events.decode,
    "ack": Ack.decode,
    "command": Command.decode,
    "reply": Reply.decode,
}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**64), 2**64 - 1) | st.binary(max_size=40) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)


@pytest.mark.parametrize("name", DECODERS)
def test_round_trip(name: str) -> None:
    """Decoding and encoding the example gives its bytes again."""
    assert DECODERS[name](EXAMPLES[name]).encode() == EXAMPLES[name]


@pytest.mark.parametrize("name", DECODERS)
def test_unknown_keys_are_ignored(name: str) -> None:
    """A later minor version may add fields."""
    extended = dumps(loads(EXAMPLES[name]) | {"later": [1, {"x": b""}]})
    assert DECODERS[name](extended) == DECODERS[name](EXAMPLES[name])


@pytest.mark.parametrize("name", DECODERS)
def test_size_is_capped(name: str) -> None:
    """A payload of a megabyte is refused before it is parsed."""
    with pytest.raises(MalformedError, match="more than"):
        DECODERS[name](EXAMPLES[name] + bytes(1_000_000))


@pytest.mark.parametrize("name", sorted(DECODERS.keys() - {"ack", "gateway-status"}))
def test_another_version_is_refused(name: str) -> None:
    """Version 2 is for someone else."""
    with pytest.raises(MalformedError):
        DECODERS[name](dumps(loads(EXAMPLES[name]) | {"v": 2}))


@pytest.mark.parametrize("name", DECODERS)
@given(data=st.data())
def test_any_value_in_any_field(name: str, data: st.DataObject) -> None:
    """A field of another type or range is refused as malformed, or is one the encoder could have made."""
    fields = loads(EXAMPLES[name])
    field = data.draw(st.sampled_from(sorted(fields)))
    changed = dumps(fields | {field: data.draw(VALUES)})
    try:
        message = DECODERS[name](changed)
    except MalformedError:
        return
    assert DECODERS[name](message.encode()) == message


@pytest.mark.parametrize("name", DECODERS)
@given(noise=st.binary(max_size=100) | VALUES.map(cbor2.dumps))
def test_any_bytes(name: str, noise: bytes) -> None:
    """Noise raises MalformedError and nothing else."""
    try:
        DECODERS[name](noise)
    except MalformedError:
        return
    assert loads(noise)


@pytest.mark.parametrize("name", DECODERS)
@given(data=st.data())
def test_a_flipped_bit(name: str, data: st.DataObject) -> None:
    """Damage is refused, or yields another well-formed message; never another error."""
    damaged = bytearray(EXAMPLES[name])
    at = data.draw(st.integers(0, len(damaged) * 8 - 1))
    damaged[at // 8] ^= 1 << at % 8
    try:
        message = DECODERS[name](bytes(damaged))
    except MalformedError:
        return
    assert message != DECODERS[name](EXAMPLES[name]) or bytes(damaged) != EXAMPLES[name]


@pytest.mark.parametrize(
    "change",
    [
        {"expires_at": 1_790_000_011},  # lives eleven seconds
        {"expires_at": 1_789_999_999},
        {"portal": None},
        {"kind": "resync"},
        {"kind": "explode"},
    ],
)
def test_commands_that_cannot_be(change: dict[str, Any]) -> None:
    """A command lives ten seconds at most, has a kind that is known, and a portal unless it is ``resync``."""
    with pytest.raises(MalformedError):
        Command.decode(dumps(loads(EXAMPLES["command"]) | change))


def test_changes_name_a_key_once() -> None:
    """A key that is put twice, or put and dropped, is malformed."""
    entry = EXAMPLES["card-entry"]
    for puts, drops in ((entry * 2, b""), (entry, entry[:8]), (b"", entry[:8] * 2), (entry[:17], b""), (b"", b"x")):
        with pytest.raises(MalformedError):
            Tail.decode(dumps(loads(EXAMPLES["tail"]) | {"puts": puts, "drops": drops}))


def test_pages_are_sorted() -> None:
    """Entries out of order are malformed."""
    pair = [EXAMPLES["plate-entry"], EXAMPLES["card-entry"]]
    with pytest.raises(MalformedError):
        Page.decode(dumps(loads(EXAMPLES["page"]) | {"entries": b"".join(pair)}))
