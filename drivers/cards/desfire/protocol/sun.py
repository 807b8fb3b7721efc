"""Secure unique NFC messages (SUN): what NTAG 424 DNA and DESFire EV3 put into their own link each time they are read.

NXP AN12196, section 3: PICC data (UID and read counter) under the meta read key; session keys made of both under the
file read key; file data and a MAC under those. Data here are bytes; in the link they stand as hexadecimal text.
"""

from dataclasses import dataclass
from typing import Final, Self

from drivers.cards.ciphers import AES_BLOCK, BlockCipher, zero_padded
from drivers.cards.cmac import cmac, odd_bytes
from drivers.cards.desfire.protocol.trailer import check_blocks, check_mac
from gateway.ports.cards import CardGarbledError

_UID_SIZE: Final = 7
_COUNTER_SIZE: Final = 3
_HAS_UID: Final = 0x80
_HAS_COUNTER: Final = 0x40
_ENCIPHER: Final = bytes.fromhex("C33C00010080")
_MAC: Final = bytes.fromhex("3CC300010080")


@dataclass(frozen=True, slots=True)
class PiccData:
    """What the card says of itself; what it was not told to say is None."""

    uid: bytes | None
    read_counter: int | None

    @classmethod
    def open(cls, encrypted: bytes, meta_read_key: bytes) -> Self:
        """``encrypted``: 16 bytes; a tag, UID and counter (least significant byte first) as the tag says, and filling.

        Raises CardGarbledError when this key does not give PICC data.
        """
        if len(encrypted) != AES_BLOCK:
            raise CardGarbledError("The card's link does not hold the data of a card: read it again.")
        plain = BlockCipher.aes(meta_read_key).decrypt(encrypted)
        tag, rest = plain[0], plain[1:]
        uid_size = _UID_SIZE if tag & _HAS_UID else 0
        if tag & 0x3F != uid_size or not tag & (_HAS_UID | _HAS_COUNTER):
            raise CardGarbledError("The card's link was not made with a key of this site: take the card in.")
        counter = int.from_bytes(rest[uid_size : uid_size + _COUNTER_SIZE], "little")
        return cls(rest[:uid_size] or None, counter if tag & _HAS_COUNTER else None)


class SunKeys:
    """The session keys of one reading. Shows none of them."""

    __slots__ = ("_cipher", "_counter", "_mac_cipher")

    def __init__(self, file_read_key: bytes, uid: bytes | None, read_counter: int | None) -> None:
        """What the card does not put into its link does not go into the keys either."""
        self._counter = b"" if read_counter is None else read_counter.to_bytes(_COUNTER_SIZE, "little")
        master, context = BlockCipher.aes(file_read_key), (uid or b"") + self._counter
        self._cipher, self._mac_cipher = (
            BlockCipher.aes(cmac(master, zero_padded(label + context, AES_BLOCK))) for label in (_ENCIPHER, _MAC)
        )

    def decipher(self, file_data: bytes) -> bytes:
        """File data as they lie on the card: whole blocks. Raises CardGarbledError for anything else."""
        check_blocks(file_data, AES_BLOCK)
        iv = self._cipher.encrypt(zero_padded(self._counter, AES_BLOCK) or bytes(AES_BLOCK))
        return self._cipher.decrypt(file_data, iv)

    def mac(self, text: bytes) -> bytes:
        """8 bytes over the part of the link that the card was told to protect; often empty."""
        return odd_bytes(cmac(self._mac_cipher, text))

    def check(self, text: bytes, mac: bytes) -> None:
        """Raises CardGarbledError when the card did not make this MAC."""
        check_mac(self.mac(text), mac)
