"""Every worked example in PROTOCOL.md is what the code makes of it, byte for byte."""

import re
from pathlib import Path

import cbor2

import sync
from tests.sync.protocol.examples import computed

TEXT = (Path(sync.__file__).parent / "PROTOCOL.md").read_text()
EXAMPLE = re.compile(r"^`([a-z-]+)`.*:\n\n```hex\n([0-9a-f\s]+)```", re.MULTILINE)


def written() -> dict[str, bytes]:
    return {name: bytes.fromhex(text) for name, text in EXAMPLE.findall(TEXT)}


def test_examples_are_true() -> None:
    """The page and the code give the same bytes, and neither has an example the other lacks."""
    assert written() == computed()


def test_head_can_be_read_with_a_plain_cbor_reader() -> None:
    """A reader that knows nothing of this project finds the fields the page names."""
    head = cbor2.loads(cbor2.loads(written()["head-signed"]).value[2])
    assert list(head) == ["v", "at", "base", "list", "root", "count", "epoch", "window", "version", "fresh_until"]
    assert head["window"]["puts"] == written()["plate-entry"]


def test_every_message_has_its_example() -> None:
    """Each message in the table of topics is shown once in bytes."""
    named = {"head-signed", "tail", "page", "schedules", "config", "status", "events", "ack", "command-signed", "reply"}
    assert named <= written().keys()
