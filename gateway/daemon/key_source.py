"""Where the key comes from that seals the site's secrets: as ``[keys]`` says, one place of five."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from gateway.daemon import passphrase
from gateway.daemon.config import Config, ConfigError, read_private
from gateway.daemon.key_settings import Pkcs11Table
from gateway.domain.errors import NotFoundError
from gateway.signing import keyring
from gateway.signing.keyring import Aead, Keyring, NoKeyError, UnsealError

KEY_FILE: Final = "keyring.key"
SALT_FILE: Final = "keyring.salt"


def open_keyring(config: Config, *, make: bool = True, insist: bool = False) -> Keyring:
    """The key that seals the site's secrets.

    ``make``: whether a missing one may be made, as long as no secret is sealed. ``insist``: whether the PIN is tried
    although the token tells of a wrong one. Raises GatehouseError whose sentence names the place.
    """
    if config.keys.pkcs11 is not None:
        return Keyring(_in_token(config.keys.pkcs11, make=make, insist=insist))
    if config.keys.credential is not None:
        return Keyring(keyring.kek_from_credential(config.keys.credential, _credentials()))
    if config.keys.passphrase:
        return Keyring(_from_passphrase(config, make=make))
    return Keyring(_from_file(key_file(config), make=make))


def key_file(config: Config) -> Path:
    """Where the key is when it is in a file."""
    return config.keys.file or config.data / KEY_FILE


def setting(config: Config) -> str:
    """The key of the configuration that says it."""
    said = [name for name in ("pkcs11", "credential", "passphrase") if getattr(config.keys, name)]
    return f"keys.{said[0] if said else 'file'}"


@contextmanager
def naming_the_key(config: Config) -> Iterator[None]:
    """Says where the key came from when it does not open what is sealed."""
    try:
        yield
    except UnsealError as error:
        if config.keys.passphrase:
            raise ConfigError("The pass-phrase is wrong: %(why)s", why=error) from error
        raise ConfigError(
            "%(where)s is not the key that sealed the secrets in the store: %(why)s", where=_place(config), why=error
        ) from error


def _place(config: Config) -> str:
    if config.keys.pkcs11 is not None:
        return f"“{config.keys.pkcs11.key_label}” in the token “{config.keys.pkcs11.token}”"
    return str(key_file(config)) if config.keys.credential is None else f"The credential {config.keys.credential}"


# --- The places -----------------------------------------------------------------------------------


def _from_file(file: Path, *, make: bool) -> bytes:
    _refuse_missing(file, "key file", "file in [keys]", make=make)
    try:
        return keyring.kek_from_file(file)
    except OSError as error:
        raise ConfigError("The key file %(path)s: %(why)s.", path=str(file), why=error.strerror) from error


def _from_passphrase(config: Config, *, make: bool) -> bytes:
    """The salt stands beside the data: it is no secret, and without it the pass-phrase is worth nothing."""
    file = config.data / SALT_FILE
    _refuse_missing(file, "salt of the pass-phrase", "data in the configuration", make=make)
    said = passphrase.ask(new=not file.exists())
    try:
        if not file.exists():
            _keep_salt(file)
        return keyring.kek_from_passphrase(said, file.read_bytes())
    except OSError as error:
        raise ConfigError("The salt %(path)s: %(why)s.", path=str(file), why=error.strerror) from error


def _keep_salt(file: Path) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with file.open("xb") as salt:
        salt.write(os.urandom(keyring.SALT_SIZE))
        salt.flush()
        os.fsync(salt.fileno())


def _refuse_missing(file: Path, what: str, named: str, *, make: bool) -> None:
    if not make and not file.exists():
        raise ConfigError(
            "The %(what)s %(path)s is not there, and a new one would not open the secrets in the store: put it back, "
            "or correct %(named)s.",
            what=what,
            path=str(file),
            named=named,
        )


def _in_token(table: Pkcs11Table, *, make: bool, insist: bool) -> Aead:
    try:
        from gateway.signing.pkcs11 import TokenAddress, TokenKey  # noqa: PLC0415  # needs an extra
    except ImportError as error:
        raise ConfigError(
            "keys.pkcs11: a key in a security module needs python-pkcs11: pip install “gatehouse[pkcs11]”."
        ) from error
    address = TokenAddress(table.module, table.token, table.key_label)
    return TokenKey(address, _pin(table), make=make, insist=insist)


def _pin(table: Pkcs11Table) -> str:
    if table.pin_file is not None:
        return read_private(table.pin_file, "keys.pkcs11.pin_file").strip()
    directory, name = _credentials(), table.pin_credential or ""
    try:
        if directory is not None:
            return (directory / name).read_text("utf-8").strip()
    except OSError as error:
        raise ConfigError("keys.pkcs11.pin_credential: %(name)s: %(why)s.", name=name, why=error.strerror) from error
    raise NotFoundError("systemd handed out no credential “%(name)s”.", name=name)


def _credentials() -> Path | None:
    directory = os.environ.get("CREDENTIALS_DIRECTORY")
    return Path(directory) if directory else None


# --- Looking --------------------------------------------------------------------------------------


def will_be_made(config: Config) -> str | None:
    """What the first start makes, while nothing is sealed; None when the key is there. Raises ConfigError."""
    if config.keys.credential is not None or config.keys.pkcs11 is not None:
        return None
    file = config.data / SALT_FILE if config.keys.passphrase else key_file(config)
    if file.exists():
        return None
    if not (file.parent.is_dir() or file.parent == config.data):
        raise ConfigError("%(file)s cannot be made: there is no such directory.", file=str(file))
    return (
        "will be asked for at the first start" if config.keys.passphrase else f"{file} will be made at the first start"
    )


def look(config: Config) -> str:
    """Opens the key while nothing is sealed with it; says so when the first start makes it in the token."""
    try:
        open_keyring(config, make=False)
    except NoKeyError:
        return "will be made in the token at the first start"
    return "can be read, and by nobody else"
