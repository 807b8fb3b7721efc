"""Sealing and check values agree with published vectors, here and inside a security module."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pkcs11
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pkcs11 import Attribute, KeyType, ObjectClass

from gateway.signing.components import check_value
from gateway.signing.keyring import Aead, Keyring
from gateway.signing.pkcs11 import TokenAddress, TokenKey
from tests.softhsm import MODULE, PIN, TOKEN, SoftHsm, softhsm

__all__ = ["softhsm"]

FILE: Final = Path(__file__).parents[2] / "vectors" / "keys.json"
VECTORS: Final[list[dict[str, Any]]] = json.loads(FILE.read_text("utf-8"))


def _of(group: str) -> list[Any]:
    found = [pytest.param(vector, id=vector["id"]) for vector in VECTORS if vector["group"] == group]
    assert found
    return found


def _bytes(table: dict[str, str], *names: str) -> list[bytes]:
    return [bytes.fromhex(table[name]) for name in names]


@pytest.fixture
def put_in(softhsm: SoftHsm) -> Iterator[Any]:
    """Puts a known key into the token, and gives it back as one that never left it."""
    assert softhsm.directory.is_dir()
    opened: list[TokenKey] = []

    def put(key: bytes) -> TokenKey:
        token = pkcs11.lib(str(MODULE)).get_token(token_label=TOKEN)
        with token.open(rw=True, user_pin=PIN) as session:
            usable = {Attribute.ENCRYPT: True, Attribute.DECRYPT: True, Attribute.TOKEN: True, Attribute.LABEL: "kek"}
            kind = {Attribute.CLASS: ObjectClass.SECRET_KEY, Attribute.KEY_TYPE: KeyType.AES}
            session.create_object({**kind, **usable, Attribute.VALUE: key})
        opened.append(TokenKey(TokenAddress(MODULE, TOKEN, "kek"), PIN))
        return opened[-1]

    yield put
    for key in opened:
        key.close()


def _agrees(aead: Aead, vector: dict[str, Any]) -> None:
    nonce, data, plaintext = _bytes(vector["inputs"], "nonce", "associated_data", "plaintext")
    sealed = b"".join(_bytes(vector["expected"], "ciphertext", "tag"))
    assert aead.encrypt(nonce, plaintext, data) == sealed
    assert aead.decrypt(nonce, sealed, data) == plaintext


@pytest.mark.parametrize("vector", _of("GCM"))
def test_gcm_here(vector: dict[str, Any]) -> None:
    _agrees(AESGCM(*_bytes(vector["inputs"], "key")), vector)


@pytest.mark.parametrize("vector", _of("GCM"))
def test_gcm_in_the_token(vector: dict[str, Any], put_in: Any) -> None:
    _agrees(put_in(*_bytes(vector["inputs"], "key")), vector)


def test_both_seal_alike(put_in: Any) -> None:
    """A blob sealed under the same key here opens in the token, and the other way round."""
    kek = bytes(range(32))
    here, there = Keyring(kek), Keyring(put_in(kek))
    assert there.unseal("a", here.seal("a", b"secret")) == b"secret"
    assert here.unseal("a", there.seal("a", b"secret")) == b"secret"


@pytest.mark.parametrize("vector", _of("CHECK-VALUE"))
def test_check_values(vector: dict[str, Any]) -> None:
    assert check_value(*_bytes(vector["inputs"], "key")) == vector["expected"]["check_value"]


def test_the_token_shows_the_same_check_value(put_in: Any) -> None:
    """CKA_CHECK_VALUE, which people compare with ours."""
    key = put_in(bytes(range(32)))
    assert key._key[Attribute.CHECK_VALUE].hex().upper() == check_value(bytes(range(32)))
