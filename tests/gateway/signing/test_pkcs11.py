"""Secrets sealed in a security module, whose key never leaves it; a wrong PIN is given once and not again."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pkcs11
import pytest
from pkcs11 import Attribute, KeyType, ObjectClass, TokenFlag

from gateway.signing.keyring import Keyring, NoKeyError, UnsealError
from gateway.signing.pkcs11 import PinError, TokenAddress, TokenError, TokenKey
from tests.softhsm import MODULE, PIN, TOKEN, SoftHsm, softhsm

__all__ = ["softhsm"]

ADDRESS = TokenAddress(MODULE, TOKEN, "kek")
Opened = Callable[..., TokenKey]


@pytest.fixture
def opened(softhsm: SoftHsm) -> Iterator[Opened]:
    """Opens keys and leaves the token in the end."""
    assert softhsm.directory.is_dir()
    keys: list[TokenKey] = []

    def open_key(
        address: TokenAddress = ADDRESS, pin: str = PIN, *, make: bool = True, insist: bool = False
    ) -> TokenKey:
        keys.append(TokenKey(address, pin, make=make, insist=insist))
        return keys[-1]

    yield open_key
    for key in keys[:1]:
        key.close()


def _flags() -> TokenFlag:
    flags: TokenFlag = pkcs11.lib(str(MODULE)).get_token(token_label=TOKEN).flags
    return flags


@pytest.mark.parametrize("size", [0, 1, 16, 32, 1000])
def test_round_trip(opened: Opened, size: int) -> None:
    """As with a key of our own, 29 bytes longer."""
    ring = Keyring(opened())
    blob = ring.seal("a", bytes(size))
    assert ring.unseal("a", blob) == bytes(size)
    assert len(blob) == size + 29


def test_bound_to_purpose_and_bytes(opened: Opened) -> None:
    """Another purpose, a flipped bit, a short blob: none opens, and the token works on."""
    ring = Keyring(opened())
    blob = ring.seal("a", b"secret")
    for purpose, sealed in (("b", blob), ("a", blob[:-1] + bytes((blob[-1] ^ 1,))), ("a", blob[:29]), ("a", blob[:9])):
        with pytest.raises(UnsealError):
            ring.unseal(purpose, sealed)
    assert ring.unseal("a", blob) == b"secret"


def test_the_key_cannot_leave_the_token(opened: Opened) -> None:
    """Made sensitive and not extractable; it is found again by its label."""
    blob = Keyring(opened()).seal("a", b"secret")
    assert Keyring(opened(make=False)).unseal("a", blob) == b"secret"
    token = pkcs11.lib(str(MODULE)).get_token(token_label=TOKEN)
    with token.open() as session:
        (key,) = session.get_objects({Attribute.CLASS: ObjectClass.SECRET_KEY, Attribute.KEY_TYPE: KeyType.AES})
        assert (key[Attribute.SENSITIVE], key[Attribute.EXTRACTABLE], key[Attribute.VALUE_LEN]) == (True, False, 32)
        with pytest.raises(pkcs11.AttributeSensitive):
            assert key[Attribute.VALUE]


def test_another_key_opens_nothing(opened: Opened) -> None:
    """Keys go by their labels."""
    blob = Keyring(opened()).seal("a", b"secret")
    with pytest.raises(UnsealError):
        Keyring(opened(TokenAddress(MODULE, TOKEN, "other"))).unseal("a", blob)


def test_a_wrong_pin_is_given_once(opened: Opened) -> None:
    """The second start sees that the token counts, and gives none until a person says so; the right one clears it."""
    with pytest.raises(PinError, match="is wrong"):
        opened(pin="0000")
    assert TokenFlag.USER_PIN_COUNT_LOW in _flags()
    for pin in ("0000", PIN):
        with pytest.raises(PinError, match="wrong PIN before"):
            opened(pin=pin)
    opened(insist=True)
    assert TokenFlag.USER_PIN_COUNT_LOW not in _flags()


def test_pulled_and_put_back(opened: Opened, softhsm: SoftHsm) -> None:
    """The sessions are gone; the key is found again without a word."""
    ring = Keyring(opened())
    blob = ring.seal("a", b"secret")
    softhsm.pull()
    assert ring.unseal("a", blob) == b"secret"


def test_threads_take_turns(opened: Opened) -> None:
    """The library is made for one thread at a time."""
    ring = Keyring(opened())
    with ThreadPoolExecutor(8) as pool:
        blobs = list(pool.map(lambda n: ring.seal("a", bytes([n])), range(64)))
        assert list(pool.map(lambda blob: ring.unseal("a", blob), blobs)) == [bytes([n]) for n in range(64)]


def test_no_such_key(opened: Opened) -> None:
    """Not made unless asked for; the sentence names the label and where it stands."""
    with pytest.raises(NoKeyError, match=r"no AES key “kek”. Correct key_label in \[keys.pkcs11\]"):
        opened(make=False)


def test_no_such_token(opened: Opened, softhsm: SoftHsm) -> None:
    """Nor two of the same name."""
    with pytest.raises(TokenError, match="has no token “none”"):
        opened(TokenAddress(MODULE, "none", "kek"))
    softhsm.add_token(TOKEN)
    softhsm.pull()
    with pytest.raises(TokenError, match="several tokens “gate”"):
        opened()


def test_two_keys_of_one_label(opened: Opened) -> None:
    """Which one would be the key? The sentence says what to do."""
    key = opened()
    with key._session.token.open(rw=True) as session:
        session.generate_key(KeyType.AES, 256, label="kek", store=True)
    with pytest.raises(TokenError, match="several keys “kek”"):
        opened()


def test_no_module(opened: Opened, tmp_path: Path) -> None:
    """Not installed, or something else than a module."""
    with pytest.raises(TokenError, match="There is no PKCS #11 module /none"):
        opened(TokenAddress(Path("/none.so"), TOKEN, "kek"))
    junk = tmp_path / "junk.so"
    junk.write_bytes(b"\x7fELF")
    with pytest.raises(TokenError, match="cannot be used as a PKCS #11 module"):
        opened(TokenAddress(junk, TOKEN, "kek"))


def test_mute(opened: Opened) -> None:
    """Neither repr shows the PIN."""
    key = opened()
    assert PIN not in repr(key) + repr(Keyring(key))
