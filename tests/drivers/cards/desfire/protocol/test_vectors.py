"""Authentication and sessions say byte for byte what recorded exchanges and the manufacturer's documents say."""

from collections.abc import Callable
from typing import Any

from drivers.cards.ciphers import BlockCipher
from drivers.cards.cmac import cmac, odd_bytes
from drivers.cards.crc import crc16, crc32
from drivers.cards.desfire.protocol import authenticate
from drivers.cards.desfire.protocol.d40 import D40Session
from drivers.cards.desfire.protocol.ev1 import Ev1Session
from drivers.cards.desfire.protocol.ev2 import Ev2Keys, Ev2Session
from drivers.cards.desfire.protocol.framing import wrap
from drivers.cards.desfire.protocol.keys import KeyKind
from drivers.cards.desfire.protocol.session import Mode, Session
from drivers.cards.exchange import Procedure, drive
from tests.drivers.cards.vectors import Handler, Values, check, each_of, load, text

_CIPHERS = {"aes": BlockCipher.aes, "des": BlockCipher.des}


def _hex(inputs: Values, name: str) -> bytes:
    return bytes.fromhex(inputs[name])


class _Recording:
    """A card that says what the recorded one said, and keeps what it heard."""

    def __init__(self, answers: list[bytes]) -> None:
        self.heard: list[bytes] = []
        self._answers = iter(answers)

    def __call__(self, apdu: bytes) -> bytes:
        self.heard.append(apdu)
        return next(self._answers)


def _key_of(cipher: BlockCipher) -> bytes:
    return bytes(cipher._algorithm.key)


def _same_key(cipher: BlockCipher, wanted: str) -> bool:
    """DES keys: whatever their lowest bits, and however often they are repeated."""
    key = bytes.fromhex(wanted)
    if cipher.block_size == 16:
        return _key_of(cipher) == key
    return cipher.encrypt(bytes(8)) == BlockCipher.des(key).encrypt(bytes(8))


def _replay(procedure: Callable[[], Procedure[Any]], answers: list[bytes]) -> tuple[Any, list[bytes]]:
    card = _Recording(answers)
    return drive(procedure(), card), card.heard


def _ev1_auth(inputs: Values) -> Values:
    by_ins: dict[str, Any] = {"1A": authenticate.iso, "AA": authenticate.aes}
    frames = [bytes.fromhex(answer) for answer in inputs["answers"]]
    key, rnd_a = _hex(inputs, "key"), _hex(inputs, "rnd_a")

    def procedure() -> Procedure[Ev1Session]:
        made: Procedure[Ev1Session] = by_ins[inputs["ins"]](inputs["key_no"], key, lambda size: rnd_a[:size])
        return made

    session, heard = _replay(procedure, [frame[1:] + b"\x91" + frame[:1] for frame in frames])
    cipher = BlockCipher.aes(key) if inputs["ins"] == "AA" else BlockCipher.des(key)
    return {
        "commands": [text(apdu[1:2] + apdu[5:-1]) for apdu in heard],
        "apdus": [text(apdu) for apdu in heard],
        "rnd_b": text(cipher.decrypt(frames[0][1:])),
        "session_key": _Matching(session._cipher),
    }


class _Matching:
    """Equal to the text of the key of a cipher."""

    def __init__(self, cipher: BlockCipher) -> None:
        self._cipher = cipher

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and _same_key(self._cipher, other)

    __hash__ = None  # type: ignore[assignment]  # equality only

    def __repr__(self) -> str:
        return text(_key_of(self._cipher))


def _ev1_session(inputs: Values, key_no: int = 0) -> Ev1Session:
    return Ev1Session(key_no, _CIPHERS[inputs["cipher"]](_hex(inputs, "session_key")), _hex(inputs, "iv"))


def _ev1_command(inputs: Values) -> Values:
    session = _ev1_session(inputs)
    done: Values = {"iv_sent": [], "data": [], "iv_received": []}
    for exchange in inputs["exchanges"]:
        command = _hex(exchange, "command")
        ins, header, data = command[0], command[1:8], command[8:]
        assert session.seal(ins, header, data, Mode.PLAIN) == header + data
        done["iv_sent"].append(text(session._iv))
        done["data"].append(text(session.open(ins, 0, _hex(exchange, "answer"), Mode.PLAIN)))
        done["iv_received"].append(text(session._iv))
    return done


def _ev1_change_key(inputs: Values) -> Values:
    session = _ev1_session(inputs, inputs["authenticated_key_no"])
    new_key = _hex(inputs, "new_key")
    kind = KeyKind.AES if inputs["cipher"] == "aes" else KeyKind.TDES3 if len(new_key) == 24 else KeyKind.DES
    old_key = _hex(inputs, "old_key") if "old_key" in inputs else None
    sealed = session.change_key(inputs["key_no"], new_key, _version(inputs), old_key, kind)
    answer = _hex(inputs, "answer")
    assert session.open(0xC4, answer[0], answer[1:]) == b""
    return {
        "command": text(b"\xc4" + sealed),
        "plain": text(session._cipher.decrypt(sealed[1:], _hex(inputs, "iv"))),
        "iv_received": text(session._iv),
    }


def _version(inputs: Values) -> int:
    if "new_key_version" in inputs:
        return int(inputs["new_key_version"], 16)
    return sum((byte & 1) << (7 - place) for place, byte in enumerate(_hex(inputs, "new_key")[:8]))


def _ev1_enciphered(inputs: Values) -> Values:
    session, ins = _ev1_session(inputs), int(inputs["ins"], 16)
    header, data = _hex(inputs, "header"), _hex(inputs, "data")
    sealed = session.seal(ins, header, data, Mode.ENCIPHERED)
    iv_sent = session._iv
    opened = session.open(ins, 0, _hex(inputs, "answer"), Mode.ENCIPHERED, inputs.get("length"))
    crc = crc32(bytes([ins]) + header + data) if data else crc32(opened + b"\x00")
    return {"command": text(bytes([ins]) + sealed), "iv_sent": text(iv_sent), "data": text(opened), "crc": text(crc)}


def _d40_auth(inputs: Values) -> Values:
    key, rnd_a = _hex(inputs, "key"), _hex(inputs, "rnd_a")
    frames = [bytes.fromhex(answer) for answer in inputs["answers"]]

    def procedure() -> Procedure[D40Session]:
        return authenticate.legacy(inputs["key_no"], key, lambda size: rnd_a[:size])

    session, heard = _replay(procedure, [frame[1:] + b"\x91" + frame[:1] for frame in frames])
    return {
        "commands": [text(apdu[1:2] + apdu[5:-1]) for apdu in heard],
        "rnd_b": text(BlockCipher.des(key).decrypt(frames[0][1:])),
        "session_key": _Matching(session._cipher),
    }


def _d40_enciphered(inputs: Values) -> Values:
    session = D40Session(0, BlockCipher.des(_hex(inputs, "session_key")))
    ins, data = int(inputs["ins"], 16), _hex(inputs, "data")
    sealed = session.seal(ins, b"", data, Mode.ENCIPHERED)
    assert session.open(ins, 0, _hex(inputs, "answer"), Mode.ENCIPHERED) == b""
    return {"command": text(bytes([ins]) + sealed), "crc": text(crc16(data))}


def _d40_change_key(inputs: Values) -> Values:
    session = D40Session(inputs["authenticated_key_no"], BlockCipher.des(_hex(inputs, "session_key")))
    kind = KeyKind(inputs["kind"])
    sealed = session.change_key(inputs["key_no"], _hex(inputs, "new_key"), _version(inputs), None, kind)
    assert session.open(0xC4, 0, _hex(inputs, "answer")) == b""
    return {"command": text(b"\xc4" + sealed)}


def _ev2_auth(inputs: Values) -> Values:
    key, rnd_a = _hex(inputs, "key"), _hex(inputs, "rnd_a")
    answers = [bytes.fromhex(answer) for answer in inputs["answers"]]

    def procedure() -> Procedure[Ev2Session]:
        return authenticate.ev2_first(inputs["key_no"], key, lambda size: rnd_a[:size])

    session, heard = _replay(procedure, answers)
    cipher = BlockCipher.aes(key)
    return {
        "apdus": [text(apdu) for apdu in heard],
        "rnd_b": text(cipher.decrypt(answers[0][:-2])),
        "proof": text(cipher.decrypt(answers[1][:-2])),
        "ti": text(session.transaction),
        "enc_key": text(_key_of(session._keys.encipher)),
        "mac_key": text(_key_of(session._keys.mac)),
    }


def _ev2_session(inputs: Values) -> Ev2Session:
    encipher, mac = (BlockCipher.aes(bytes.fromhex(inputs.get(name, "00" * 16))) for name in ("enc_key", "mac_key"))
    return Ev2Session(0, Ev2Keys(encipher, mac), _hex(inputs, "ti"), inputs["counter"])


def _ev2_mac(inputs: Values) -> Values:
    whole = cmac(BlockCipher.aes(_hex(inputs, "mac_key")), _hex(inputs, "message"))
    return {"whole": text(whole), "cut": text(odd_bytes(whole))}


def _ev2_iv(inputs: Values) -> Values:
    return {"iv_sent": text(_ev2_session(inputs)._iv(b"\xa5\x5a"))}


def _ev2_command(inputs: Values) -> Values:
    session, ins, mode = _ev2_session(inputs), int(inputs["ins"], 16), Mode[inputs["mode"]]
    iv_sent = text(session._iv(b"\xa5\x5a"))
    sealed = session.seal(ins, _hex(inputs, "header"), _hex(inputs, "data"), mode)
    done = {"apdu": text(wrap(ins, sealed)), "iv_sent": iv_sent, "iv_received": text(session._iv(b"\x5a\xa5"))}
    if "answer" in inputs:
        answer = _hex(inputs, "answer")
        opened = session.open(ins, answer[-1], answer[:-2], mode)
        done["data"] = text(opened)
        if opened and len(opened) % 16 == 0:
            done["blocks"] = text(session._keys.encipher.decrypt(opened, session._iv(b"\x5a\xa5")))
    return done


HANDLERS: dict[str, Handler] = {
    "D40-AUTH": _d40_auth,
    "D40-ENC": _d40_enciphered,
    "D40-CHANGEKEY": _d40_change_key,
    "DESFIRE-EV1-AUTH": _ev1_auth,
    "DESFIRE-EV1-CMD": _ev1_command,
    "DESFIRE-EV1-CHANGEKEY": _ev1_change_key,
    "DESFIRE-EV1-ENC": _ev1_enciphered,
    "EV2-AUTH": _ev2_auth,
    "EV2-MAC": _ev2_mac,
    "EV2-IV": _ev2_iv,
    "EV2-CMD": _ev2_command,
}


@each_of("desfire")
def test_agrees_with_the_published_values(vector: Values) -> None:
    check(vector, HANDLERS)


def _ev2_vector(number: str) -> tuple[Session, Values]:
    vector = next(vector for vector in load("desfire") if vector["id"] == f"EV2-CMD-{number}")
    return _ev2_session(vector["inputs"]), vector


def test_ev2_changes_another_key_as_the_document_says() -> None:
    session, vector = _ev2_vector("014")
    new_key = bytes.fromhex("01234567890123456789012345678901")
    sealed = session.change_key(1, new_key, 0, bytes(16), KeyKind.AES)
    assert text(wrap(0xC4, sealed)) == vector["expected"]["apdu"]
    answer = bytes.fromhex(vector["inputs"]["answer"])
    assert session.open(0xC4, 0, answer[:-2]) == b""


def test_ev2_changes_the_key_in_use_as_the_document_says() -> None:
    session, vector = _ev2_vector("020")
    new_key = bytes.fromhex("5004BF991F408672B1EF00F08F9E8647")
    sealed = session.change_key(0, new_key, 1, None, KeyKind.AES)
    assert text(wrap(0xC4, sealed)) == vector["expected"]["apdu"]
