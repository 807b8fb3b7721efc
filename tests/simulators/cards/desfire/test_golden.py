"""The virtual card says, byte for byte, what real cards were recorded to say."""

from typing import Any

import pytest

from simulators.cards.desfire import EV2, DesfireCard
from simulators.cards.desfire.application import Application
from simulators.cards.desfire.keys import Key, KeyKind, blank
from simulators.cards.desfire.messaging import Mode
from simulators.cards.desfire.messaging_d40 import D40Messaging
from simulators.cards.desfire.messaging_ev1 import Ev1Messaging
from simulators.cards.desfire.messaging_ev2 import Ev2Messaging
from simulators.cards.desfire.primitives import BlockCipher, crc32
from simulators.cards.desfire.status import Status
from tests.drivers.cards.vectors import load
from tests.simulators.cards.desfire.bench import UID, scripted

Values = dict[str, Any]
VECTORS = load("desfire")
AID = b"\x01\x02\x03"
CHANGE_KEY = 0xC4


def of(*groups: str) -> pytest.MarkDecorator:
    chosen = [pytest.param(vector, id=vector["id"]) for vector in VECTORS if vector["group"] in groups]
    assert chosen
    return pytest.mark.parametrize("vector", chosen)


def raw(text: str) -> bytes:
    return bytes.fromhex(text)


def in_application(kind: KeyKind, keys: dict[int, Key], *drawn: bytes) -> DesfireCard:
    """An application of ten keys is selected, some of which are known."""
    card = DesfireCard(UID, EV2, scripted(*drawn))
    blanks = [keys.get(number, blank(kind)) for number in range(10)]
    card.picc.applications[AID] = Application(AID, 0x0F, kind, blanks)
    assert card.answer(b"\x5a" + AID) == b"\x00"
    return card


@of("D40-AUTH", "DESFIRE-EV1-AUTH")
def test_authentication_is_answered_as_recorded(vector: Values) -> None:
    given, expected = vector["inputs"], vector["expected"]
    aes = given.get("ins") == "AA"
    key = raw(given["key"])
    kind = KeyKind.AES if aes else KeyKind.TDES3 if len(key) == 24 else KeyKind.DES
    challenge = BlockCipher(key, aes=aes).decrypt(raw(given["answers"][0])[1:])
    card = in_application(kind, {given["key_no"]: Key(kind, key)}, challenge)
    if "apdus" in expected:
        answers = [card.answer(raw(apdu)) for apdu in expected["apdus"]]
        answers = [bytes([answer[-1]]) + answer[:-2] for answer in answers]
    else:
        answers = [card.answer(raw(command)) for command in expected["commands"]]
    assert answers == [raw(answer) for answer in given["answers"]]
    assert expected.get("rnd_b", challenge.hex().upper()) == challenge.hex().upper()


@of("EV2-AUTH")
def test_authentication_of_ev2_is_answered_as_recorded(vector: Values) -> None:
    given, expected = vector["inputs"], vector["expected"]
    key = raw(given["key"])
    challenge = BlockCipher(key, aes=True).decrypt(raw(given["answers"][0])[:16])
    card = in_application(KeyKind.AES, {given["key_no"]: Key(KeyKind.AES, key)}, challenge, raw(expected["ti"]))
    first = f"90710000020{given['key_no']}0000"
    answers = [card.answer(raw(first)), card.answer(raw(expected["apdus"][-1]))]
    assert answers == [raw(answer) for answer in given["answers"]]


def ev1(given: Values) -> Ev1Messaging:
    messaging = Ev1Messaging(0, BlockCipher(raw(given["session_key"]), aes=given["cipher"] == "aes"))
    messaging._iv = raw(given["iv"])
    return messaging


@of("DESFIRE-EV1-CMD")
def test_the_chain_of_macs_runs_as_recorded(vector: Values) -> None:
    given, expected = vector["inputs"], vector["expected"]
    messaging = ev1(given)
    for number, exchange in enumerate(given["exchanges"]):
        command, data = raw(exchange["command"]), raw(expected["data"][number])
        assert messaging.open(command[0], command[1:], b"", Mode.CONTROL, 0) == b""
        assert messaging.seal(data, Mode.CONTROL, size_known=True) == raw(exchange["answer"])


@of("DESFIRE-EV1-ENC")
def test_enciphered_contents_travel_as_recorded(vector: Values) -> None:
    given, expected = vector["inputs"], vector["expected"]
    messaging = ev1(given)
    header, answer, data = raw(given["header"]), raw(given["answer"]), raw(expected["data"])
    body = raw(expected["command"])[1 + len(header) :]
    written = messaging.open(int(given["ins"], 16), header, body, Mode.ENCIPHERED, len(raw(given["data"])))
    assert written == raw(given["data"])
    assert messaging.seal(data, Mode.ENCIPHERED, size_known=True) == answer


@of("DESFIRE-EV1-CHANGEKEY")
def test_keys_are_changed_as_recorded(vector: Values) -> None:
    given, expected = vector["inputs"], vector["expected"]
    command = raw(expected["command"])
    cipher = ev1(given)
    new = raw(given["new_key"])
    kind = KeyKind.AES if given["cipher"] == "aes" else KeyKind.TDES3 if len(new) == 24 else KeyKind.DES
    old = Key(kind, recorded_old_key(given, expected, kind))
    card = in_application(kind, {given["key_no"]: old})
    card._exchange.visit.messaging = cipher
    assert card.answer(command) == raw(given["answer"])
    stored = card.picc.applications[AID].keys[given["key_no"]]
    assert [byte | 1 for byte in stored.value] == [byte | 1 for byte in new]
    assert stored.aes_version == int(given.get("new_key_version", "0"), 16)


def recorded_old_key(given: Values, expected: Values, kind: KeyKind) -> bytes:
    """Undoes the exclusive or. A DES key's version is in bits that the recording shows only in the cryptogram."""
    if "old_key" not in given:
        return bytes(kind.size)
    plain = raw(expected["plain"])
    checksum = plain[kind.size + (kind is KeyKind.AES) + 4 :][:4]
    versions = [raw(given["new_key"]), *(with_version(raw(given["new_key"]), version) for version in range(256))]
    (new,) = {tried for tried in versions if crc32(tried) == checksum}
    old = bytes(a ^ b for a, b in zip(new, plain[: kind.size], strict=True))
    assert [byte | 1 for byte in old] == [byte | 1 for byte in raw(given["old_key"])]
    return old


def with_version(key: bytes, version: int) -> bytes:
    bits = [version >> 7 - at & 1 for at in range(8)]
    return bytes(byte & 0xFE | bit for byte, bit in zip(key, bits, strict=False)) + key[8:]


@of("EV2-CMD")
def test_messages_of_ev2_travel_as_recorded(vector: Values) -> None:
    given, expected = vector["inputs"], vector["expected"]
    ti, keys = raw(given["ti"]), (raw(given["enc_key"]), raw(given["mac_key"]))
    messaging = Ev2Messaging(0, *keys, ti, given["counter"])
    header, mode = raw(given["header"]), Mode[given["mode"]]
    body = raw(expected["apdu"])[5 + len(header) : -1]
    assert messaging.open(int(given["ins"], 16), header, body, mode, None) == raw(given["data"])
    if "answer" in given:
        sealed = messaging.seal(raw(expected["data"]), mode, size_known=True)
        assert sealed + b"\x91\x00" == raw(given["answer"])


def test_a_recorded_card_goes_from_des_to_aes_in_a_legacy_session() -> None:
    """D40-AUTH-001, then what its session key protects: settings, and the card's key."""
    known = {vector["id"]: vector for vector in VECTORS}
    hello, change = known["D40-AUTH-001"], known["D40-CHANGEKEY-001"]
    challenge = BlockCipher(bytes(16), aes=False).decrypt(raw(hello["inputs"]["answers"][0])[1:])
    card = DesfireCard(UID, EV2, scripted(challenge))
    for command, answer in zip(hello["expected"]["commands"], hello["inputs"]["answers"], strict=True):
        assert card.answer(raw(command)) == raw(answer)
    assert card.answer(raw(known["D40-ENC-001"]["expected"]["command"])) == b"\x00"
    assert card.picc.root.settings == 0x0F
    assert card.answer(raw(change["expected"]["command"])) == b"\x00"
    assert card.picc.root.keys == [Key(KeyKind.AES, bytes(16), 0x42)]


def test_a_changed_bit_is_noticed_in_every_recorded_message() -> None:
    """The same commands are no longer taken once a bit is wrong."""
    known = {vector["id"]: vector for vector in VECTORS}
    given = known["DESFIRE-EV1-CHANGEKEY-012"]
    command = bytearray(raw(given["expected"]["command"]))
    command[-1] ^= 1
    card = in_application(KeyKind.AES, {})
    card._exchange.visit.messaging = ev1(given["inputs"])
    assert card.answer(bytes(command)) == bytes([Status.INTEGRITY])
    assert card.picc.applications[AID].keys[0] == blank(KeyKind.AES)
    d40 = raw(known["D40-ENC-001"]["expected"]["command"])
    legacy = DesfireCard(UID)
    session = BlockCipher(raw(known["D40-ENC-001"]["inputs"]["session_key"]), aes=False)
    legacy._exchange.visit.messaging = D40Messaging(0, session)
    assert legacy.answer(d40[:-1] + bytes([d40[-1] ^ 1])) == bytes([Status.INTEGRITY])
