"""CMACs agree with NIST's examples and with cryptography's own, whatever the message."""

from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC
from hypothesis import given
from hypothesis import strategies as st

from drivers.cards.ciphers import BlockCipher
from drivers.cards.cmac import cmac, odd_bytes, subkeys
from tests.drivers.cards.vectors import Handler, Values, check, each_of, text


def _worked_out(cipher: BlockCipher, inputs: Values) -> Values:
    first, second = subkeys(cipher)
    message = bytes.fromhex(inputs.get("message", ""))
    return {"K1": text(first), "K2": text(second), "cmac": text(cmac(cipher, message))}


HANDLERS: dict[str, Handler] = {
    "AES-CMAC": lambda inputs: _worked_out(BlockCipher.aes(bytes.fromhex(inputs["key"])), inputs),
    "TDES-CMAC": lambda inputs: _worked_out(BlockCipher.des(bytes.fromhex(inputs["key"])), inputs),
}


@each_of("cmac")
def test_agrees_with_the_published_values(vector: Values) -> None:
    check(vector, HANDLERS)


@given(key=st.binary(min_size=16, max_size=16), message=st.binary(max_size=80))
def test_agrees_with_another_implementation(key: bytes, message: bytes) -> None:
    other = CMAC(AES(key))
    other.update(message)
    assert cmac(BlockCipher.aes(key), message) == other.finalize()


@given(iv=st.binary(min_size=16, max_size=16), message=st.binary(min_size=1, max_size=80))
def test_begins_at_the_initial_vector(iv: bytes, message: bytes) -> None:
    cipher = BlockCipher.aes(bytes(range(16)))
    assert cmac(cipher, message, iv) == cmac(cipher, cipher.decrypt(iv) + message)


def test_cuts_a_mac_to_the_bytes_at_odd_places() -> None:
    assert odd_bytes(bytes(range(16))) == bytes([1, 3, 5, 7, 9, 11, 13, 15])
