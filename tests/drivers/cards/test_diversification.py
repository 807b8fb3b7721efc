"""Each card gets keys of its own, as AN10922 and PBOC make them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.cards.ciphers import BlockCipher
from drivers.cards.cmac import cmac, subkeys
from drivers.cards.diversification import (
    an10922_2tdea,
    an10922_3tdea,
    an10922_aes,
    pboc,
    with_key_version,
)
from tests.drivers.cards.vectors import Handler, Values, check, each_of, load, text

_ALGORITHMS = {"aes": an10922_aes, "2tdea": an10922_2tdea, "3tdea": an10922_3tdea}
_CIPHERS = {"aes": BlockCipher.aes, "des": BlockCipher.des}


def _an10922(inputs: Values) -> Values:
    master = bytes.fromhex(inputs["master"])
    if "cipher" in inputs:
        first, second = subkeys(_CIPHERS[inputs["cipher"]](master))
        return {"K1": text(first), "K2": text(second)}
    key = _ALGORITHMS[inputs["algorithm"]](master, bytes.fromhex(inputs["input"]))
    return {"key": text(with_key_version(key, int(inputs["key_version"], 16)) if "key_version" in inputs else key)}


def _plain_cmac(inputs: Values) -> Values:
    master, diversification_input = bytes.fromhex(inputs["master"]), bytes.fromhex(inputs["input"])
    key = cmac(BlockCipher.aes(master), b"\x01" + diversification_input)
    assert key != an10922_aes(master, diversification_input)
    return {"key": text(key)}


def _pboc(inputs: Values) -> Values:
    return {"key": text(pboc(bytes.fromhex(inputs["master"]), bytes.fromhex(inputs["factor"])))}


HANDLERS: dict[str, Handler] = {"AN10922": _an10922, "AN10922-legacy": _plain_cmac, "PBOC": _pboc}


@each_of("diversification")
def test_agrees_with_the_published_values(vector: Values) -> None:
    check(vector, HANDLERS)


def test_aes_128_agrees_with_the_example_of_the_application_note() -> None:
    """AN10922, section 2.2.1: UID 04782E21801D80, application 3042F5, system "NXP Abu"."""
    master = bytes.fromhex("00112233445566778899AABBCCDDEEFF")
    key = an10922_aes(master, bytes.fromhex("04782E21801D803042F54E585020416275"))
    assert key == bytes.fromhex("A8DD63A3B89D54B37CA802473FDA9175")


@given(st.binary(min_size=1, max_size=31), st.binary(min_size=1, max_size=31))
def test_two_cards_have_two_keys(first: bytes, second: bytes) -> None:
    master = bytes(range(16))
    assert (an10922_aes(master, first) == an10922_aes(master, second)) == (first == second)


@pytest.mark.parametrize("size", [0, 32])
def test_refuses_an_input_that_does_not_fit_in_two_blocks(size: int) -> None:
    with pytest.raises(ValueError, match="1 to 31 bytes"):
        an10922_aes(bytes(16), bytes(size))


@given(key=st.binary(min_size=8, max_size=8), version=st.integers(0, 255))
def test_a_key_version_changes_no_des_key(key: bytes, version: int) -> None:
    for whole in (key, key * 2, key * 2 + bytes(8)):
        marked = with_key_version(whole, version)
        assert sum((byte & 1) << (7 - place) for place, byte in enumerate(marked[:8])) == version
        assert BlockCipher.des(marked).encrypt(bytes(8)) == BlockCipher.des(whole).encrypt(bytes(8))
    twice = with_key_version(key * 2, version)
    assert twice[:8] == twice[8:]


def test_every_algorithm_has_a_published_value() -> None:
    used = {vector["inputs"].get("algorithm") for vector in load("diversification")}
    assert used >= set(_ALGORITHMS)
