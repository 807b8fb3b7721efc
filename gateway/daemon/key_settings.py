"""``[keys]``: where the key is that seals the site's secrets. One place, not two."""

from pathlib import Path
from typing import Final, Self

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic_core import PydanticCustomError

_STRICT: Final = ConfigDict(extra="forbid", frozen=True)


class Pkcs11Table(BaseModel):
    """``[keys.pkcs11]``: an AES-256 key in a token. The PIN stands in a file of its own or in a systemd credential."""

    model_config = _STRICT

    module: Path
    token: str
    key_label: str
    pin_file: Path | None = None
    pin_credential: str | None = None

    @model_validator(mode="after")
    def _one_pin(self) -> Self:
        if (self.pin_file is None) == (self.pin_credential is None):
            raise PydanticCustomError("one_pin", "needs either pin_file or pin_credential")
        return self


class KeysTable(BaseModel):
    """``file`` or ``credential`` of 32 bytes, a ``passphrase`` that is asked for, or a key in a security module.

    A file ``keyring.key`` in the data directory when nothing is said.
    """

    model_config = _STRICT

    file: Path | None = None
    credential: str | None = None
    passphrase: bool = False
    pkcs11: Pkcs11Table | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if sum(bool(place) for place in (self.file, self.credential, self.passphrase, self.pkcs11)) > 1:
            raise PydanticCustomError("one_place", "takes one of file, credential, passphrase and pkcs11, not several")
        return self

    def anchored(self, base: Path) -> Self:
        """Relative paths count from ``base``."""
        changes: dict[str, object] = {"file": None if self.file is None else base / self.file}
        if self.pkcs11 is not None:
            pin = self.pkcs11.pin_file
            paths = {"module": base / self.pkcs11.module, "pin_file": None if pin is None else base / pin}
            changes["pkcs11"] = self.pkcs11.model_copy(update=paths)
        return self.model_copy(update=changes)
