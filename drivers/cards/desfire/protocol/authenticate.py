"""Mutual authentication: card and reader prove to each other that they know the key, and derive a session from it.

Every procedure takes a source of random bytes, so that a recorded exchange can be replayed. Each raises WrongKeyError
when the card has another key, CardRefusedError when it does not know the key number or the command, and
CardGarbledError for anything else it says.

Both sides draw a number; each sends back the other's turned left by one byte, under the key. MF3ICD40 and MF3ICD81 data
sheets for 0A, 1A and AA; NXP AN12343, section 4, for 71 and 77.
"""

from collections.abc import Callable
from hmac import compare_digest
from typing import Final

from drivers.cards.ciphers import AES_BLOCK, DES_BLOCK, BlockCipher
from drivers.cards.desfire.protocol.d40 import D40Session, deciphered_to_send
from drivers.cards.desfire.protocol.errors import DesfireRefusedError, Status, WrongKeyError
from drivers.cards.desfire.protocol.ev1 import Ev1Session
from drivers.cards.desfire.protocol.ev2 import Ev2Keys, Ev2Session
from drivers.cards.desfire.protocol.framing import send
from drivers.cards.desfire.protocol.keys import doubled
from drivers.cards.desfire.protocol.session import Session
from drivers.cards.exchange import Procedure
from gateway.ports.cards import CardGarbledError

Random = Callable[[int], bytes]

_LEGACY: Final = 0x0A
_ISO: Final = 0x1A
_AES: Final = 0xAA
_EV2_FIRST: Final = 0x71
_EV2_NON_FIRST: Final = 0x77
_CHALLENGE_SIZES: Final = frozenset({8, 16})
_TI_SIZE: Final = 4
_CAPABILITIES_SIZE: Final = 12


def legacy(key_no: int, key: bytes, random: Random) -> Procedure[D40Session]:
    """0A, for a DES key (8 bytes, or 16 with equal halves) or 3DES with two (16)."""
    cipher = BlockCipher.des(key)
    rnd_a = random(DES_BLOCK)
    rnd_b = cipher.decrypt((yield from _challenge(_LEGACY, key_no, DES_BLOCK)))
    proof = yield from _prove(_LEGACY, key_no, deciphered_to_send(cipher, rnd_a + _turned(rnd_b)), DES_BLOCK)
    _check(cipher.decrypt(proof), rnd_a)
    return D40Session(key_no, BlockCipher.des(des_session_key(key, rnd_a, rnd_b)))


def iso(key_no: int, key: bytes, random: Random) -> Procedure[Ev1Session]:
    """1A, for a DES key (8 bytes, or 16 with equal halves), 3DES with two (16) or three (24)."""
    cipher, size = BlockCipher.des(key), 16 if len(key) == 24 else 8
    rnd_a, rnd_b = yield from _chained(_ISO, key_no, cipher, random(size))
    return Ev1Session(key_no, BlockCipher.des(des_session_key(key, rnd_a, rnd_b)))


def aes(key_no: int, key: bytes, random: Random) -> Procedure[Ev1Session]:
    """AA, for an AES-128 key."""
    rnd_a, rnd_b = yield from _chained(_AES, key_no, BlockCipher.aes(key), random(AES_BLOCK))
    return Ev1Session(key_no, BlockCipher.aes(rnd_a[:4] + rnd_b[:4] + rnd_a[12:] + rnd_b[12:]))


def ev2_first(key_no: int, key: bytes, random: Random) -> Procedure[Ev2Session]:
    """71, for an AES-128 key: begins a transaction with an identifier and a counter of its own."""
    rnd_a = random(AES_BLOCK)
    size = _TI_SIZE + AES_BLOCK + _CAPABILITIES_SIZE
    rnd_b, proof = yield from _unchained(_EV2_FIRST, key_no, b"\x00", BlockCipher.aes(key), rnd_a, proof_size=size)
    _check(proof[_TI_SIZE : _TI_SIZE + AES_BLOCK], rnd_a)
    return Ev2Session(key_no, Ev2Keys.derive(key, rnd_a, rnd_b), proof[:_TI_SIZE])


def newest(key_no: int, key: bytes, random: Random) -> Procedure[Session]:
    """71, or AA when the card is too old to know it, for an AES-128 key: the generation need not be asked before."""
    try:
        return (yield from ev2_first(key_no, key, random))
    except DesfireRefusedError as error:
        if error.status != Status.ILLEGAL_COMMAND:
            raise
    return (yield from aes(key_no, key, random))


def ev2_non_first(session: Ev2Session, key_no: int, key: bytes, random: Random) -> Procedure[Ev2Session]:
    """77, for an AES-128 key: new keys in the transaction of ``session``, which must not be used after this."""
    rnd_a = random(AES_BLOCK)
    rnd_b, proof = yield from _unchained(_EV2_NON_FIRST, key_no, b"", BlockCipher.aes(key), rnd_a, proof_size=AES_BLOCK)
    _check(proof, rnd_a)
    return Ev2Session(key_no, Ev2Keys.derive(key, rnd_a, rnd_b), session.transaction, session.counter)


def des_session_key(key: bytes, rnd_a: bytes, rnd_b: bytes) -> bytes:
    """8, 16 or 24 bytes, as strong as ``key``: 16 bytes with equal halves are single DES."""
    parts = 3 if len(key) == 24 else 1 if doubled(key[:8]) == doubled(key) else 2
    step = {1: 0, 2: 4, 3: 6}[parts]
    starts = [step * part for part in range(parts)]
    return b"".join(rnd_a[start : start + 4] + rnd_b[start : start + 4] for start in starts)


def _chained(ins: int, key_no: int, cipher: BlockCipher, rnd_a: bytes) -> Procedure[tuple[bytes, bytes]]:
    """Both numbers. The initial vector goes on from message to message, whoever sends it."""
    size, block = len(rnd_a), cipher.block_size
    challenge = yield from _challenge(ins, key_no, size)
    rnd_b = cipher.decrypt(challenge)
    token = cipher.encrypt(rnd_a + _turned(rnd_b), challenge[-block:])
    proof = yield from _prove(ins, key_no, token, size)
    _check(cipher.decrypt(proof, token[-block:]), rnd_a)
    return rnd_a, rnd_b


def _unchained(
    ins: int, key_no: int, capabilities: bytes, cipher: BlockCipher, rnd_a: bytes, *, proof_size: int
) -> Procedure[tuple[bytes, bytes]]:
    """The card's number and what it says in the end. ``capabilities``: a length and what the reader can do."""
    rnd_b = cipher.decrypt((yield from _challenge(ins, key_no, AES_BLOCK, capabilities)))
    proof = yield from _prove(ins, key_no, cipher.encrypt(rnd_a + _turned(rnd_b)), proof_size)
    return rnd_b, cipher.decrypt(proof)


def _challenge(ins: int, key_no: int, size: int, capabilities: bytes = b"") -> Procedure[bytes]:
    status, data = yield from send(ins, bytes([key_no]) + capabilities)
    if status == Status.ADDITIONAL_FRAME and len(data) in _CHALLENGE_SIZES - {size}:
        # A key of another kind. A card left waiting for our proof would refuse the next command.
        yield from send(Status.ADDITIONAL_FRAME, bytes(2 * len(data)))
        raise WrongKeyError(key_no)
    return _expect(ins, key_no, Status.ADDITIONAL_FRAME, status, data, size=size)


def _prove(ins: int, key_no: int, token: bytes, size: int) -> Procedure[bytes]:
    status, data = yield from send(Status.ADDITIONAL_FRAME, token)
    return _expect(ins, key_no, Status.OK, status, data, size=size)


def _expect(ins: int, key_no: int, wanted: Status, status: int, data: bytes, *, size: int) -> bytes:
    if status == Status.AUTHENTICATION_ERROR:
        raise WrongKeyError(key_no)
    if status != wanted:
        raise DesfireRefusedError(ins, status)
    if len(data) != size:
        raise CardGarbledError("The card's answer has a wrong length: lay the card down again.")
    return data


def _turned(number: bytes) -> bytes:
    return number[1:] + number[:1]


def _check(proof: bytes, rnd_a: bytes) -> None:
    if not compare_digest(proof, _turned(rnd_a)):
        raise CardGarbledError("The card could not prove that it knows the key: take it in.")
