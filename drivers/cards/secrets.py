"""The keys of one card, made of the site's master keys when they are needed and never kept."""

from typing import Final, Self

from drivers.cards.diversification import an10922_aes
from gateway.domain.card_data import CardKind
from gateway.domain.card_template import CardTemplates
from gateway.ports.cards import CardForeignError, CardKeys, CardKeySet, KeyPurpose

UNKNOWN_VERSION: Final = (
    "This card needs keys of version %(version)s, which this site does not have: take another card."
)
_SYSTEM: Final = b"GH"
_CRYPTO1_KEY_SIZE: Final = 6
_CRYPTO1_PURPOSES: Final = frozenset({KeyPurpose.READ, KeyPurpose.WRITE})


class CardSecrets:
    """One card's keys of one version, by purpose. Shows none of them.

    Each is AN10922 AES-128 of the purpose's master over UID ‖ place (3) ‖ ``GH`` ‖ site number (2, big-endian).
    """

    __slots__ = ("_keys", "version")

    def __init__(self, version: int, keys: dict[KeyPurpose, bytes]) -> None:
        self.version = version
        self._keys = keys

    def __repr__(self) -> str:
        return f"CardSecrets({self.version}, …)"

    def __getitem__(self, purpose: KeyPurpose) -> bytes:
        """16 bytes; 6 for the two keys of a Classic sector, key A (read) and key B (write)."""
        return self._keys[purpose]

    @classmethod
    def of(cls, keyset: CardKeySet, uid: bytes, kind: CardKind, templates: CardTemplates, site_number: int) -> Self:
        """Derives the keys of the card with this UID."""
        place = uid + place_of(kind, templates) + _SYSTEM + site_number.to_bytes(2)
        keys = {purpose: an10922_aes(master, place) for purpose, master in keyset.keys.items()}
        if kind is CardKind.CLASSIC:
            keys |= {purpose: keys[purpose][:_CRYPTO1_KEY_SIZE] for purpose in _CRYPTO1_PURPOSES & keys.keys()}
        return cls(keyset.version, keys)

    @classmethod
    def all_of(
        cls, keys: CardKeys, uid: bytes, kind: CardKind, templates: CardTemplates, site_number: int
    ) -> dict[int, Self]:
        """The card's keys of every version that is still known, by version, the most likely first."""
        return {keyset.version: cls.of(keyset, uid, kind, templates, site_number) for keyset in keys.in_order()}


def keyset_of(keys: CardKeys, version: int) -> CardKeySet:
    """Raises CardForeignError for a version that was withdrawn, or never was one of ours."""
    if version not in keys.sets:
        raise CardForeignError(UNKNOWN_VERSION, version=version)
    return keys.sets[version]


def place_of(kind: CardKind, templates: CardTemplates) -> bytes:
    """Three bytes that stand for the application id.

    DESFire: as on the wire, least significant byte first. Classic: ``00 00`` and the sector. FMCOS: ``00`` and the
    number of the DF, big-endian.
    """
    if kind is CardKind.CLASSIC:
        return templates.classic.sector.to_bytes(3)
    if kind is CardKind.FMCOS:
        return templates.fmcos.df.to_bytes(3)
    return templates.desfire.aid[::-1]
