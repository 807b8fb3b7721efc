"""FMCOS cryptograms and commands agree with published values."""

from drivers.cards.ciphers import BlockCipher, marked_padded, zero_padded
from drivers.cards.fmcos.protocol import commands
from drivers.cards.fmcos.protocol.ciphers import cryptogram, ecb, protected_data, retail_mac
from tests.drivers.cards.vectors import Handler, Values, check, each_of, text


def _external(inputs: Values) -> Values:
    key, challenge = bytes.fromhex(inputs["key"]), bytes.fromhex(inputs["challenge"])
    made = cryptogram(key, challenge)
    return {
        "get_challenge": text(commands.get_challenge(inputs["challenge_size"])),
        "block": text(zero_padded(challenge, 8)),
        "cryptogram": text(made),
        "apdu": text(commands.external_authenticate(inputs["key_id"], made)),
    }


def _retail_mac(inputs: Values) -> Values:
    pad = {1: zero_padded, 2: marked_padded}[inputs["padding"]]
    return {"mac": text(retail_mac(bytes.fromhex(inputs["key"]), pad(bytes.fromhex(inputs["message"]), 8)))}


def _encrypted_update(inputs: Values) -> Values:
    key, data = bytes.fromhex(inputs["key"]), bytes.fromhex(inputs["data"])
    update = bytes([0x00, 0xD6, 0, 0, len(data)]) + data
    encrypted = protected_data(key, data)
    return {
        "plain": text(b"".join(BlockCipher.des(key).decrypt(b) for b in BlockCipher.des(key).blocks(encrypted))),
        "encrypted": text(encrypted),
        "apdu": text(commands.encrypted(update, key, bytes.fromhex(inputs["challenge"]))),
    }


def _des(inputs: Values) -> Values:
    return {"cipher": text(ecb(bytes.fromhex(inputs["key"]), bytes.fromhex(inputs["block"])))}


HANDLERS: dict[str, Handler] = {
    "external": _external,
    "retail-mac": _retail_mac,
    "encrypted-update": _encrypted_update,
    "des": _des,
}


@each_of("fmcos")
def test_agrees_with_the_published_values(vector: Values) -> None:
    check(vector, HANDLERS)


def test_success_with_the_factory_key_proves_nothing() -> None:
    """It is a DES weak key: encrypting is decrypting, and one key of it is as good as two."""
    challenge = bytes.fromhex("CB849E4C")
    made = cryptogram(b"\xff" * 8, challenge)
    assert (
        made == cryptogram(b"\xff" * 16, challenge) == BlockCipher.des(b"\xff" * 8).decrypt(zero_padded(challenge, 8))
    )
