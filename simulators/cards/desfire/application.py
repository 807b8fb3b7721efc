"""An application: keys, settings and files. The card itself is one too, without files: its identifier is 000000."""

from dataclasses import dataclass, field
from typing import Any, Final, Self

from simulators.cards.desfire import file_store
from simulators.cards.desfire.files import File, blocks
from simulators.cards.desfire.keys import Key, KeyKind
from simulators.cards.desfire.status import RefusedError, Status, must

ROOT: Final = b"\x00\x00\x00"
MASTER_KEY: Final = 0
_SAME_KEY: Final = 0xE
_FROZEN: Final = 0xF
_HEAD = 32


@dataclass(slots=True)
class Application:
    """``aid``: least significant byte first, as on the wire. ``settings``: as ChangeKeySettings has them (MF3ICD81)."""

    aid: bytes
    settings: int
    kind: KeyKind
    keys: list[Key]
    iso_id: bytes = b""
    name: bytes = b""
    has_iso_ids: bool = False
    files: dict[int, File] = field(default_factory=dict)

    @property
    def master_key_changeable(self) -> bool:
        """Bit 0."""
        return bool(self.settings & 0x01)

    @property
    def free_listing(self) -> bool:
        """Bit 1: without the master key."""
        return bool(self.settings & 0x02)

    @property
    def free_creating(self) -> bool:
        """Bit 2: without the master key."""
        return bool(self.settings & 0x04)

    @property
    def settings_changeable(self) -> bool:
        """Bit 3."""
        return bool(self.settings & 0x08)

    @property
    def memory(self) -> int:
        """Bytes it takes without its files."""
        return _HEAD + blocks(len(self.keys) * self.kind.size)

    def key(self, number: int) -> Key:
        """NO_SUCH_KEY when there is none."""
        must(number < len(self.keys), Status.NO_SUCH_KEY)
        return self.keys[number]

    def may_change_key(self, number: int, proved: int | None) -> None:
        """Whether key ``proved`` opens the change of key ``number``. Raises what the card answers if not."""
        rule = MASTER_KEY if self.aid == ROOT else self.settings >> 4
        if number == MASTER_KEY:
            must(self.master_key_changeable, Status.PERMISSION_DENIED)
            must(proved == MASTER_KEY, Status.AUTHENTICATION)
        elif rule == _FROZEN:
            raise RefusedError(Status.PERMISSION_DENIED)
        elif rule in {_SAME_KEY, number}:
            must(proved == number or (rule == number and proved == MASTER_KEY), Status.AUTHENTICATION)
        else:
            must(proved == rule, Status.AUTHENTICATION)

    def file(self, number: int) -> File:
        """FILE_NOT_FOUND when there is none."""
        must(number in self.files, Status.FILE_NOT_FOUND)
        return self.files[number]

    def commit(self) -> bool:
        """False when nothing waited for it."""
        return True in [file.commit() for file in self.files.values()]

    def abort(self) -> bool:
        """False when nothing was pending."""
        return True in [file.abort() for file in self.files.values()]

    def dump(self) -> dict[str, Any]:
        """What stays without power, for JSON."""
        return {
            "aid": self.aid.hex(),
            "settings": self.settings,
            "kind": self.kind.name,
            "keys": [key.dump() for key in self.keys],
            "iso_id": self.iso_id.hex(),
            "name": self.name.hex(),
            "has_iso_ids": self.has_iso_ids,
            "files": [file.dump() for file in self.files.values()],
        }

    @classmethod
    def load(cls, data: dict[str, Any]) -> Self:
        """What :meth:`dump` gave."""
        return cls(
            aid=bytes.fromhex(data["aid"]),
            settings=data["settings"],
            kind=KeyKind[data["kind"]],
            keys=[Key.load(key) for key in data["keys"]],
            iso_id=bytes.fromhex(data["iso_id"]),
            name=bytes.fromhex(data["name"]),
            has_iso_ids=data["has_iso_ids"],
            files={file.head.number: file for file in map(file_store.load, data["files"])},
        )
