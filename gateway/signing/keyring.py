"""Secrets at rest: sealed with AES-256-GCM under a key-encryption key that is not kept beside them.

The key comes from a file, a systemd credential or a pass-phrase, or never leaves a security module
(:mod:`gateway.signing.pkcs11`). A sealed blob is ``01 ‖ nonce (12) ‖ ciphertext and tag (16)`` (NIST SP
800-38D); the purpose is its additional data, so a blob cannot be moved to another place.
"""

import os
import stat
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.domain.errors import ForbiddenError, GatehouseError, MalformedError, NotFoundError

KEK_SIZE: Final = 32
SALT_SIZE: Final = 16
_FORMAT: Final = b"\x01"
_NONCE_SIZE: Final = 12
_TAG_SIZE: Final = 16
_READABLE_BY_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


class UnsealError(GatehouseError):
    """A sealed secret cannot be opened: another key, another purpose, or damaged."""


class NoKeyError(GatehouseError):
    """The place for the key is right and holds none yet."""


class Aead(Protocol):
    """AES-256-GCM with a key that need not be here: nonce of 12 bytes, tag of 16 behind the ciphertext."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        """Ciphertext and tag."""

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        """The plaintext; raises InvalidTag."""


class Keyring:
    """Seals and unseals secrets. Never shows its key."""

    __slots__ = ("_aead", "_random")

    def __init__(self, kek: bytes | Aead, random: Callable[[int], bytes] = os.urandom) -> None:
        if isinstance(kek, bytes) and len(kek) != KEK_SIZE:
            raise MalformedError("The key that seals secrets has 32 bytes, not %(length)s.", length=len(kek))
        self._aead: Aead = AESGCM(kek) if isinstance(kek, bytes) else kek
        self._random = random

    def __repr__(self) -> str:
        return "Keyring(…)"

    def seal(self, purpose: str, plaintext: bytes) -> bytes:
        """29 bytes longer than ``plaintext``. ``purpose`` names the place, such as ``site/signing/3``."""
        nonce = self._random(_NONCE_SIZE)
        return _FORMAT + nonce + self._aead.encrypt(nonce, plaintext, purpose.encode())

    def unseal(self, purpose: str, blob: bytes) -> bytes:
        """The plaintext; raises UnsealError when blob, purpose and key do not belong together."""
        if blob[:1] != _FORMAT or len(blob) < 1 + _NONCE_SIZE + _TAG_SIZE:
            raise UnsealError("The sealed secret “%(purpose)s” is damaged.", purpose=purpose)
        try:
            return self._aead.decrypt(blob[1 : 1 + _NONCE_SIZE], blob[1 + _NONCE_SIZE :], purpose.encode())
        except InvalidTag as error:
            raise UnsealError(
                "The secret “%(purpose)s” was sealed with another key or for another purpose.", purpose=purpose
            ) from error


def kek_from_file(path: Path, random: Callable[[int], bytes] = os.urandom) -> bytes:
    """The 32 bytes in a key file, which is made (mode 0600) when there is none.

    Raises ForbiddenError when others may read the file, MalformedError when it has another size.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read_private(path)
    kek = random(KEK_SIZE)
    with os.fdopen(handle, "wb") as file:
        file.write(kek)
        file.flush()
        os.fsync(file.fileno())
    return kek


def _read_private(path: Path) -> bytes:
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_mode & _READABLE_BY_OTHERS:
            raise ForbiddenError("Others may read the key file %(path)s; run chmod 600 on it.", path=str(path))
        return _exact(file.read(KEK_SIZE + 1), path)


def _exact(kek: bytes, path: Path) -> bytes:
    if len(kek) != KEK_SIZE:
        raise MalformedError("The key file %(path)s does not have 32 bytes.", path=str(path))
    return kek


def kek_from_credential(name: str, directory: Path | None) -> bytes:
    """The 32 bytes of a systemd credential (``LoadCredentialEncrypted=``, systemd.exec(5)).

    ``directory`` is what systemd says in ``$CREDENTIALS_DIRECTORY``; raises NotFoundError without it.
    """
    if directory is None or not (directory / name).is_file():
        raise NotFoundError("systemd handed out no credential “%(name)s”.", name=name)
    return _exact((directory / name).read_bytes(), directory / name)


def kek_from_passphrase(passphrase: str, salt: bytes) -> bytes:
    """Argon2id with 64 MiB, three passes and four lanes (RFC 9106, 4, second choice); ``salt`` has 16 bytes.

    However a keyboard composes the characters, the key is the same (NFC: OpaqueString of RFC 8265, 4.2).
    """
    if len(salt) != SALT_SIZE:
        raise MalformedError("The salt of a pass-phrase has 16 bytes, not %(length)s.", length=len(salt))
    typed = unicodedata.normalize("NFC", passphrase).encode()
    return hash_secret_raw(
        typed, salt, time_cost=3, memory_cost=64 * 1024, parallelism=4, hash_len=KEK_SIZE, type=Type.ID
    )
