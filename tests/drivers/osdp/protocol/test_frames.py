"""Who speaks on the line is seen from the packet header. Frames: libosdp 3.2.9, recorded between two of its ends."""

from drivers.osdp.protocol.frames import answering_addresses, polled_address

COMMAND = bytes.fromhex("FF532109000461006816")
REPLY = bytes.fromhex("53A114000445BEBAFE0101AFBEADDEADDEAD8BC6")


def test_a_command_names_its_reader() -> None:
    """With and without the mark byte."""
    assert polled_address(COMMAND) == polled_address(COMMAND[1:]) == 0x21
    assert polled_address(b"\xff") is None
    assert polled_address(b"noise") is None


def test_a_reply_names_its_sender() -> None:
    """Commands are not replies."""
    assert answering_addresses(b"\x00" + REPLY) == {0x21}
    assert answering_addresses(COMMAND) == set()
