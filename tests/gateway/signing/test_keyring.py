"""Secrets are sealed for one purpose under one key, and the key is kept from others."""

from pathlib import Path

import pytest

from gateway.domain.errors import ForbiddenError, MalformedError, NotFoundError
from gateway.signing.keyring import Keyring, UnsealError, kek_from_credential, kek_from_file, kek_from_passphrase

KEK = bytes(range(32))


def test_round_trip() -> None:
    """What was sealed comes back, and no two seals are alike."""
    ring = Keyring(KEK)
    one, two = ring.seal("a", b"secret"), ring.seal("a", b"secret")
    assert one != two
    assert ring.unseal("a", one) == ring.unseal("a", two) == b"secret"
    assert b"secret" not in one


def test_bound_to_purpose_key_and_bytes() -> None:
    """Another purpose, another key, a flipped bit or a short blob do not open."""
    blob = Keyring(KEK).seal("a", b"secret")
    for ring, purpose, sealed in (
        (Keyring(KEK), "b", blob),
        (Keyring(bytes(32)), "a", blob),
        (Keyring(KEK), "a", blob[:-1] + bytes((blob[-1] ^ 1,))),
        (Keyring(KEK), "a", b"\x02" + blob[1:]),
        (Keyring(KEK), "a", blob[:20]),
        (Keyring(KEK), "a", b""),
    ):
        with pytest.raises(UnsealError):
            ring.unseal(purpose, sealed)


def test_repr_is_mute() -> None:
    """The key shows in no repr."""
    assert repr(Keyring(KEK)) == "Keyring(…)"


def test_wrong_size() -> None:
    """A key-encryption key has 32 bytes."""
    with pytest.raises(MalformedError):
        Keyring(b"short")


def test_key_file_is_made_once_and_private(tmp_path: Path) -> None:
    """A missing file is made with mode 0600 and read from then on."""
    path = tmp_path / "kek"
    kek = kek_from_file(path)
    assert len(kek) == 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert kek_from_file(path) == kek


def test_key_file_open_to_others(tmp_path: Path) -> None:
    """A key file that the group or others may read is refused, with what to do about it."""
    path = tmp_path / "kek"
    kek_from_file(path)
    for mode in (0o640, 0o604):
        path.chmod(mode)
        with pytest.raises(ForbiddenError, match="chmod 600"):
            kek_from_file(path)


def test_key_file_of_another_size(tmp_path: Path) -> None:
    """A truncated key file is refused rather than made anew."""
    path = tmp_path / "kek"
    path.write_bytes(b"short")
    path.chmod(0o600)
    with pytest.raises(MalformedError):
        kek_from_file(path)


def test_credential(tmp_path: Path) -> None:
    """Systemd's credential directory is read; without one a sentence says so."""
    (tmp_path / "gatehouse-kek").write_bytes(KEK)
    assert kek_from_credential("gatehouse-kek", tmp_path) == KEK
    with pytest.raises(NotFoundError):
        kek_from_credential("gatehouse-kek", None)
    with pytest.raises(NotFoundError):
        kek_from_credential("other", tmp_path)


def test_passphrase_depends_on_both() -> None:
    """The same pass-phrase and salt make the same key, another salt another one."""
    one = kek_from_passphrase("correct horse", bytes(16))
    assert one == kek_from_passphrase("correct horse", bytes(16))
    assert one != kek_from_passphrase("correct horse", bytes(15) + b"\x01")
    assert len(one) == 32
    with pytest.raises(MalformedError):
        kek_from_passphrase("x", b"")


def test_passphrase_however_it_is_composed() -> None:
    """One keyboard sends ü as one character, another as u and dots: the same key."""
    assert kek_from_passphrase("Tür 门", bytes(16)) == kek_from_passphrase("Tu\u0308r 门", bytes(16))
