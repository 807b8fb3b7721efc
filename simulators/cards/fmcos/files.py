"""Directories, files and keys on the card, and how much room they take."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Self

MF_ID: Final = 0x3F00
MF_NAME: Final = b"1PAY.SYS.DDF01"
MF_SPACE: Final = 7680
"""Of the 8 KiB of EEPROM: the rest is the system's (an assumption; lots differ)."""
_HEADER: Final = 8
_KEY_HEADER: Final = 8

MAC_ONLY, ENCRYPTED = 0x80, 0xC0
"""Bits 7 and 6 of a file's or key's type: how commands to it must be protected."""
PROTECTION: Final = 0xC0


class KeyType:
    """Lower six bits of a key's type. Those with a counter have it in their fourth byte."""

    ENCRYPT: Final = 0x30
    DECRYPT: Final = 0x31
    INTERNAL: Final = 0x34
    LINE_PROTECTION: Final = 0x36
    EXTERNAL: Final = 0x39
    COUNTED: Final = frozenset({0x36, 0x37, 0x38, 0x39})
    ALL: Final = frozenset({0x30, 0x31, 0x32, 0x34, 0x36, 0x37, 0x38, 0x39, 0x3C, 0x3D, 0x3E, 0x3F})


@dataclass(slots=True)
class Key:
    """``third`` and ``fourth``: the state it leads to and its counter, or version and algorithm, by type.

    A counter holds in its upper half how many wrong tries in a row are allowed, in its lower half how many are left.
    """

    type: int
    protection: int
    number: int
    usage: int
    change: int
    third: int
    fourth: int
    value: bytes = field(repr=False)

    @property
    def leads_to(self) -> int:
        """Security state after an external authentication."""
        return self.third & 15

    @property
    def tries_left(self) -> int:
        """Endless for keys without a counter."""
        return self.fourth & 15 if self.type in KeyType.COUNTED else 15

    def count_wrong(self) -> None:
        """One try less."""
        if self.type in KeyType.COUNTED and self.tries_left:
            self.fourth -= 1

    def count_right(self) -> None:
        """All tries again."""
        if self.type in KeyType.COUNTED:
            self.fourth = self.fourth & 0xF0 | self.fourth >> 4

    @property
    def room(self) -> int:
        """Bytes in the key file."""
        return _KEY_HEADER + len(self.value)


@dataclass(slots=True)
class Binary:
    """A binary EF. ``access``: bit 7 set, reading is not protected; bits 3-2 and 1-0, 3 minus the key's number."""

    number: int
    read: int
    write: int
    access: int
    protection: int
    content: bytes

    @property
    def read_key(self) -> int:
        """Number of the line protection key for reading."""
        return 3 - (self.access >> 2 & 3)

    @property
    def write_key(self) -> int:
        """Number of the line protection key for writing."""
        return 3 - (self.access & 3)

    @property
    def protects_reading(self) -> bool:
        """Whether reading without MAC is refused."""
        return bool(self.protection) and not self.access & 0x80

    @property
    def room(self) -> int:
        """Bytes in the directory."""
        return _HEADER + len(self.content)


@dataclass(slots=True)
class KeyFile:
    """``add``: the right to add keys."""

    number: int
    space: int
    add: int
    keys: list[Key] = field(default_factory=list)

    @property
    def free(self) -> int:
        """Bytes."""
        return self.space - sum(key.room for key in self.keys)

    @property
    def room(self) -> int:
        """Bytes in the directory."""
        return _HEADER + self.space


@dataclass(slots=True)
class Directory:
    """The MF or a DF. ``create`` and ``erase``: rights to make files in it and to erase what is in it."""

    number: int
    name: bytes
    space: int
    create: int
    erase: int
    application: int
    locked: bool = False
    key_file: KeyFile | None = None
    files: list[Binary] = field(default_factory=list)
    children: list["Directory"] = field(default_factory=list)

    @property
    def free(self) -> int:
        """Bytes."""
        return self.space - sum(each.room for each in self._inside())

    @property
    def room(self) -> int:
        """Bytes in the directory above."""
        return _HEADER + self.space

    def numbers(self) -> set[int]:
        """Of everything in it."""
        return {each.number for each in self._inside()}

    def _inside(self) -> "list[Binary | Directory | KeyFile]":
        keys = [self.key_file] if self.key_file else []
        return [*self.files, *self.children, *keys]

    def key(self, type_: int, number: int) -> Key | None:
        """By type and number."""
        keys = self.key_file.keys if self.key_file else []
        return next((key for key in keys if (key.type, key.number) == (type_, number)), None)

    def clear(self) -> None:
        """Erases what is in it; the directory itself stays."""
        self.key_file = None
        self.files.clear()
        self.children.clear()

    def walk(self) -> Iterator["Directory"]:
        """It and everything below."""
        yield self
        for child in self.children:
            yield from child.walk()

    def dump(self) -> dict[str, Any]:
        """For JSON."""
        dumped: dict[str, Any] = _hexed(asdict(self))
        return dumped

    @classmethod
    def load(cls, data: dict[str, Any]) -> Self:
        """What :meth:`dump` gave. Raises ValueError, LookupError or TypeError for anything else."""
        keys = data["key_file"]
        return cls(
            **{
                **data,
                "name": bytes.fromhex(data["name"]),
                "key_file": keys
                and KeyFile(**{**keys, "keys": [Key(**_unhexed(key, "value")) for key in keys["keys"]]}),
                "files": [Binary(**_unhexed(file, "content")) for file in data["files"]],
                "children": [cls.load(child) for child in data["children"]],
            }
        )


def _hexed(data: Any) -> Any:
    if isinstance(data, dict):
        return {name: _hexed(value) for name, value in data.items()}
    if isinstance(data, list):
        return [_hexed(value) for value in data]
    return data.hex() if isinstance(data, bytes) else data


def _unhexed(data: dict[str, Any], name: str) -> dict[str, Any]:
    return {**data, name: bytes.fromhex(data[name])}


def factory_card() -> Directory:
    """An MF whose one key is FF × 16, leads to state A, and is needed to make, erase and change anything."""
    master = Key(KeyType.EXTERNAL, 0, 0, usage=0xF0, change=0xFA, third=0xAA, fourth=0x33, value=b"\xff" * 16)
    mf = Directory(MF_ID, MF_NAME, MF_SPACE, create=0xFA, erase=0xFA, application=0x01)
    mf.key_file = KeyFile(number=0x0000, space=0x50, add=0xFA, keys=[master])
    return mf
