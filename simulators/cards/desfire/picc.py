"""What the card keeps without power: its own key and settings, the applications, and how much memory is used."""

from dataclasses import dataclass, field
from typing import Any, Final, Self

from simulators.cards.desfire.application import ROOT, Application
from simulators.cards.desfire.keys import Key, KeyKind, blank
from simulators.cards.desfire.profiles import Profile
from simulators.cards.desfire.status import Status, must

DEFAULT_ATS: Final = bytes.fromhex("067577810280")
_FACTORY_SETTINGS = 0x0F


def _root() -> Application:
    return Application(ROOT, _FACTORY_SETTINGS, KeyKind.DES, [blank(KeyKind.DES)])


@dataclass(slots=True)
class Picc:
    """``used``: bytes. Deleting gives none back, as on the card: FormatPICC does."""

    root: Application = field(default_factory=_root)
    applications: dict[bytes, Application] = field(default_factory=dict)
    used: int = 0
    ats: bytes = DEFAULT_ATS
    formatting_disabled: bool = False
    random_uid: bool = False
    default_key: bytes = field(default=bytes(24), repr=False)
    default_version: int = 0

    def free(self, profile: Profile) -> int:
        """Bytes that are left."""
        return profile.memory - self.used

    def take(self, profile: Profile, size: int) -> None:
        """OUT_OF_MEMORY when there is not so much."""
        must(size <= self.free(profile), Status.OUT_OF_MEMORY)
        self.used += size

    def new_keys(self, kind: KeyKind, count: int) -> list[Key]:
        """Copies of the default key."""
        return [blank(kind, self.default_key, self.default_version)] * count

    def format(self) -> None:
        """All applications go; key and settings of the card stay."""
        self.applications.clear()
        self.used = 0

    def dump(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "root": self.root.dump(),
            "applications": [application.dump() for application in self.applications.values()],
            "used": self.used,
            "ats": self.ats.hex(),
            "formatting_disabled": self.formatting_disabled,
            "random_uid": self.random_uid,
            "default_key": self.default_key.hex(),
            "default_version": self.default_version,
        }

    @classmethod
    def load(cls, data: dict[str, Any]) -> Self:
        """What :meth:`dump` gave."""
        return cls(
            root=Application.load(data["root"]),
            applications={found.aid: found for found in map(Application.load, data["applications"])},
            used=data["used"],
            ats=bytes.fromhex(data["ats"]),
            formatting_disabled=data["formatting_disabled"],
            random_uid=data["random_uid"],
            default_key=bytes.fromhex(data["default_key"]),
            default_version=data["default_version"],
        )
