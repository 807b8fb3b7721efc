"""The card's half of mutual authentication: a challenge, the proof of the reader, the answer of the card.

Each kind is a generator: it yields what the card says first, is sent what the reader answers, and returns the card's
last word and the messaging that now holds. RefusedError(AUTHENTICATION) when the reader has another key.
"""

from collections.abc import Callable, Generator

from simulators.cards.desfire.keys import Key, KeyKind
from simulators.cards.desfire.messaging import Messaging
from simulators.cards.desfire.messaging_d40 import D40Messaging
from simulators.cards.desfire.messaging_ev1 import Ev1Messaging
from simulators.cards.desfire.messaging_ev2 import Ev2Messaging
from simulators.cards.desfire.primitives import BlockCipher, cmac, rotate, xor
from simulators.cards.desfire.status import Status, must

Random = Callable[[int], bytes]
Handshake = Generator[bytes, bytes, tuple[bytes, Messaging]]
_CAPABILITIES = bytes(6)


def legacy(key_no: int, key: Key, random: Random) -> Handshake:
    """0A. MF3ICD40 functional description, 3.2: single blocks; the reader deciphers what it sends."""
    cipher, challenge = key.cipher(), random(8)
    token = yield cipher.encrypt(challenge)
    must(len(token) == 16, Status.LENGTH)
    first, second = token[:8], token[8:]
    reader = cipher.encrypt(first)
    must(xor(cipher.encrypt(second), first) == rotate(challenge), Status.AUTHENTICATION)
    session = BlockCipher(_session_key(key, reader, challenge), aes=False)
    return cipher.encrypt(rotate(reader)), D40Messaging(key_no, session)


def iso(key_no: int, key: Key, random: Random) -> Handshake:
    """1A and AA. MF3ICD81 functional description, 4.2: one chain of blocks through all three messages."""
    cipher = key.cipher()
    size = 8 if key.kind is KeyKind.DES else 16
    challenge = random(size)
    first = cipher.encrypt(challenge)
    token = yield first
    must(len(token) == 2 * size, Status.LENGTH)
    plain = cipher.decrypt(token, first[-cipher.block :])
    reader = plain[:size]
    must(plain[size:] == rotate(challenge), Status.AUTHENTICATION)
    session = BlockCipher(_session_key(key, reader, challenge), aes=key.kind is KeyKind.AES)
    return cipher.encrypt(rotate(reader), token[-cipher.block :]), Ev1Messaging(key_no, session)


def ev2_first(key_no: int, key: Key, random: Random) -> Handshake:
    """71. AN12343 rev. 1.1, table 16: zero initial vectors; the card gives the transaction identifier."""
    cipher, challenge = key.cipher(), random(16)
    reader = _proved(cipher, challenge, (yield cipher.encrypt(challenge)))
    transaction = random(4)
    word = transaction + rotate(reader) + _CAPABILITIES + _CAPABILITIES
    return cipher.encrypt(word), Ev2Messaging(key_no, *_ev2_keys(cipher, reader, challenge), transaction, 0)


def ev2_non_first(key_no: int, key: Key, random: Random, before: Ev2Messaging) -> Handshake:
    """77. New keys; transaction and counter go on."""
    cipher, challenge = key.cipher(), random(16)
    reader = _proved(cipher, challenge, (yield cipher.encrypt(challenge)))
    keys = _ev2_keys(cipher, reader, challenge)
    return cipher.encrypt(rotate(reader)), Ev2Messaging(key_no, *keys, before.transaction, before.counter)


def _proved(cipher: BlockCipher, challenge: bytes, token: bytes) -> bytes:
    must(len(token) == 32, Status.LENGTH)
    plain = cipher.decrypt(token)
    must(plain[16:] == rotate(challenge), Status.AUTHENTICATION)
    return plain[:16]


def _session_key(key: Key, reader: bytes, card: bytes) -> bytes:
    """MF3ICD81 functional description, 4.2: which bytes of both random numbers."""
    if key.is_single_des:
        starts = [0, 0]
    elif key.kind is KeyKind.DES:
        starts = [0, 4]
    else:
        starts = [0, 12] if key.kind is KeyKind.AES else [0, 6, 12]
    return b"".join(reader[at : at + 4] + card[at : at + 4] for at in starts)


def _ev2_keys(cipher: BlockCipher, reader: bytes, card: bytes) -> tuple[bytes, bytes]:
    """AN12343 rev. 1.1, 5.3: CMACs over a label and both random numbers; first for encryption, then for MACs."""
    mixed = reader[:2] + xor(reader[2:8], card[:6]) + card[6:] + reader[8:]
    return cmac(cipher, b"\xa5\x5a\x00\x01\x00\x80" + mixed), cmac(cipher, b"\x5a\xa5\x00\x01\x00\x80" + mixed)
