"""The key-encryption key in a security module: PKCS #11 v2.40, CKM_AES_GCM (mechanisms, 2.12.3).

The key is made in the token and never leaves it; sealing and unsealing happen inside. A wrong PIN counts in the
token and locks it after a few, so none is tried twice. Importing this needs the extra ``pkcs11`` of the package.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pkcs11
from cryptography.exceptions import InvalidTag
from pkcs11 import Attribute, GCMParams, KeyType, Mechanism, ObjectClass, TokenFlag
from pkcs11 import exceptions as told

from gateway.domain.errors import GatehouseError
from gateway.signing.keyring import NoKeyError

_TAG_BITS: Final = 128
_TRIED: Final = TokenFlag.USER_PIN_COUNT_LOW | TokenFlag.USER_PIN_FINAL_TRY
# The library is initialised for one thread (C_Initialize without arguments), whoever opened it.
_TURN: Final = threading.RLock()
# Not every token has a name for a tag that does not fit: SoftHSM calls it a general error.
_UNFIT: Final = (told.EncryptedDataInvalid, told.EncryptedDataLenRange, told.GeneralError)
_GONE: Final = (
    told.SessionHandleInvalid,
    told.SessionClosed,
    told.KeyHandleInvalid,
    told.ObjectHandleInvalid,
    told.UserNotLoggedIn,
    told.TokenNotPresent,
    told.DeviceRemoved,
)
_WRONG: Final = (
    "The PIN of the token “%(token)s” is wrong. It is not tried again: correct it, then run “gatehouse keys try-pin”."
)
_WRONG_BEFORE: Final = (
    "The token “%(token)s” was given a wrong PIN before, and locks itself after a few. Make sure that the PIN is "
    "right, then run “gatehouse keys try-pin”."
)
_LOCKED: Final = (
    "The token “%(token)s” is locked after too many wrong PINs. Its security officer can set a new one, for example "
    "with “pkcs11-tool --init-pin”."
)


class TokenError(GatehouseError):
    """The security module, the token in it, or its key cannot be used; the sentence says what to do."""


class PinError(TokenError):
    """The PIN is wrong, or was lately."""


@dataclass(frozen=True, slots=True)
class TokenAddress:
    """The module's shared library, the label of a token in it, and the label of an AES-256 key in the token."""

    module: Path
    token: str
    key_label: str


class TokenKey:
    """The key in the token, as :class:`~gateway.signing.keyring.Aead`. Threads take turns.

    ``make``: a key of that label is made when the token has none. ``insist``: the PIN is tried although the token
    tells of a wrong one before. Raises TokenError, NoKeyError or PinError.
    """

    def __init__(self, address: TokenAddress, pin: str, *, make: bool = False, insist: bool = False) -> None:
        self._address = address
        self._pin = pin
        with _TURN:
            self._session = self._sign_in(insist=insist)
            try:
                self._key = self._find(make=make)
            except BaseException:
                self._session.close()
                raise

    def __repr__(self) -> str:
        return f"TokenKey({self._address})"

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        """Ciphertext and tag, made in the token."""
        params = GCMParams(nonce, associated_data, _TAG_BITS)
        try:
            return self._ask(lambda key: key.encrypt(data, mechanism=Mechanism.AES_GCM, mechanism_param=params))
        except told.PKCS11Error as error:
            raise self._error("The token “%(token)s” does not seal: %(why)s.", error) from error

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        """The plaintext; raises InvalidTag."""
        params = GCMParams(nonce, associated_data, _TAG_BITS)
        try:
            return self._ask(lambda key: key.decrypt(data, mechanism=Mechanism.AES_GCM, mechanism_param=params))
        except _UNFIT as error:
            raise InvalidTag from error
        except told.PKCS11Error as error:
            raise self._error("The token “%(token)s” does not unseal: %(why)s.", error) from error

    def close(self) -> None:
        """Leaves the token."""
        with _TURN:
            self._session.close()

    # --- Inside -----------------------------------------------------------------------------------

    def _ask(self, work: Callable[[Any], bytes]) -> bytes:
        """Once more after the token was pulled and put back, with the PIN that was right before."""
        with _TURN:
            try:
                return bytes(work(self._key))
            except _GONE:
                self._session = self._sign_in(insist=False)
                self._key = self._find(make=False)
                return bytes(work(self._key))

    def _sign_in(self, *, insist: bool) -> pkcs11.Session:
        token = self._token()
        if TokenFlag.USER_PIN_LOCKED in token.flags:
            raise self._error(_LOCKED, kind=PinError)
        if token.flags & _TRIED and not insist:
            raise self._error(_WRONG_BEFORE, kind=PinError)
        try:
            return token.open(user_pin=self._pin)
        except told.UserAlreadyLoggedIn:
            return token.open()  # this process did, and one PIN counts for all its sessions
        except told.PinLocked as error:
            raise self._error(_LOCKED, kind=PinError) from error
        except (told.PinIncorrect, told.PinInvalid, told.PinLenRange) as error:
            raise self._error(_WRONG, kind=PinError) from error
        except told.PKCS11Error as error:
            raise self._error("The token “%(token)s” lets nobody in: %(why)s.", error) from error

    def _token(self) -> pkcs11.Token:
        try:
            token: pkcs11.Token = _library(self._address.module).get_token(token_label=self._address.token)
        except told.NoSuchToken as error:
            raise self._error(
                "The module %(module)s has no token “%(token)s”. Plug it in, or correct token in [keys.pkcs11]."
            ) from error
        except told.MultipleTokensReturned as error:
            raise self._error(
                "The module %(module)s has several tokens “%(token)s”. Give them other labels."
            ) from error
        return token

    def _find(self, *, make: bool) -> Any:
        """The key; the library gives it the methods that it has at run time."""
        found = self._search()
        if not found and make:
            self._make()
            found = self._search()
        if not found:
            raise self._error(
                "The token “%(token)s” holds no AES key “%(key)s”. Correct key_label in [keys.pkcs11].",
                kind=NoKeyError,
            )
        if len(found) > 1:
            raise self._error("The token “%(token)s” holds several keys “%(key)s”. Give them other labels.")
        return found[0]

    def _search(self) -> list[Any]:
        """Read to the end: a search left open blocks the session."""
        aes = {Attribute.CLASS: ObjectClass.SECRET_KEY, Attribute.KEY_TYPE: KeyType.AES}
        return list(self._session.get_objects({**aes, Attribute.LABEL: self._address.key_label}))

    def _make(self) -> None:
        stays = {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False}
        try:
            with self._session.token.open(rw=True) as session:
                session.generate_key(KeyType.AES, 256, label=self._address.key_label, store=True, template=stays)
        except told.PKCS11Error as error:
            raise self._error("The token “%(token)s” made no key “%(key)s”: %(why)s.", error) from error

    def _error(
        self, template: str, why: Exception | None = None, kind: type[GatehouseError] = TokenError
    ) -> GatehouseError:
        at = self._address
        cause = "" if why is None else str(why) or type(why).__name__
        return kind(template, module=str(at.module), token=at.token, key=at.key_label, why=cause)


def _library(module: Path) -> Any:
    if not module.is_file():
        raise TokenError(
            "There is no PKCS #11 module %(module)s. Install the token's software, or correct module in [keys.pkcs11].",
            module=str(module),
        )
    try:
        return pkcs11.lib(str(module))
    except told.PKCS11Error as error:
        raise TokenError(
            "%(module)s cannot be used as a PKCS #11 module: %(why)s.",
            module=str(module),
            why=str(error) or type(error).__name__,
        ) from error
