"""Sectors of MIFARE Classic are coded, and readers asked, as published values say."""

import pytest

from drivers.cards.classic.protocol import commands, mad
from drivers.cards.classic.protocol.access import AccessConditions
from drivers.cards.classic.protocol.commands import Key
from drivers.cards.classic.protocol.sector import FACTORY_TRAILER, Trailer
from drivers.cards.classic.protocol.value import ValueBlock
from drivers.cards.desfire.protocol.framing import native
from drivers.pcsc.protocol.contactless import GET_UID
from gateway.domain.errors import MalformedError
from tests.drivers.cards.vectors import Handler, Values, check, each_of, text


def _trailer(inputs: Values) -> Values:
    key_a, key_b = bytes.fromhex(inputs["key_a"]), bytes.fromhex(inputs["key_b"])
    coded = Trailer(key_a, AccessConditions(tuple(inputs["codes"])), int(inputs["gpb"], 16), key_b).encode()
    decoded = Trailer.decode(coded)
    assert decoded.encode() == coded
    return {"trailer": text(coded), "codes": list(decoded.access.codes), "valid": True}


def _access(inputs: Values) -> Values:
    try:
        AccessConditions.decode(bytes.fromhex(inputs["access"]))
    except MalformedError:
        return {"valid": False}
    return {"valid": True}


def _mad(inputs: Values) -> Values:
    return {"crc8": f"{mad.crc8(bytes.fromhex(inputs['directory'])):02X}"}


def _value(inputs: Values) -> Values:
    block = ValueBlock(inputs["value"], int(inputs["address"], 16))
    assert ValueBlock.decode(block.encode()) == block
    return {"block": text(block.encode())}


CLASSIC: dict[str, Handler] = {"trailer": _trailer, "access": _access, "mad": _mad, "value": _value}


@each_of("classic")
def test_sectors_are_coded_as_published(vector: Values) -> None:
    check(vector, CLASSIC)


def _apdu(apdu: bytes) -> Values:
    return {"apdu": text(apdu)}


def _desfire(inputs: Values) -> Values:
    (apdu,) = native(int(inputs["ins"], 16), bytes.fromhex(inputs["data"]))
    return _apdu(apdu)


PCSC: dict[str, Handler] = {
    "get-uid": lambda _: _apdu(GET_UID),
    "load-key": lambda i: _apdu(commands.load_key(i["slot"], bytes.fromhex(i["key"]))),
    "authenticate": lambda i: _apdu(commands.authenticate(i["block"], Key[i["key"]], i["slot"])),
    "authenticate-obsolete": lambda i: _apdu(commands.authenticate_obsolete(i["block"], Key[i["key"]], i["slot"])),
    "read": lambda i: _apdu(commands.read_block(i["block"])),
    "desfire": _desfire,
}


@each_of("pcsc")
def test_readers_are_asked_as_published(vector: Values) -> None:
    check(vector, PCSC)


def test_the_factory_trailer_is_the_published_one() -> None:
    assert FACTORY_TRAILER.encode() == bytes.fromhex("FFFFFFFFFFFFFF078069FFFFFFFFFFFF")


@pytest.mark.parametrize("trailer", [FACTORY_TRAILER])
def test_a_trailer_shows_no_key(trailer: Trailer) -> None:
    assert "ff" not in repr(trailer).lower().replace("gpb=0x69", "")
