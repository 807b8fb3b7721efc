"""The cryptograms of FMCOS: DES with keys of 8 bytes, 3DES with keys of 16.

FMCOS 2.0 user manual, chapters on EXTERNAL AUTHENTICATE and on secure messaging (线路保护); ISO/IEC 9797-1 for the MAC.
"""

from typing import Final

from drivers.cards.ciphers import DES_BLOCK, BlockCipher, marked_padded, zero_padded

MAC_SIZE: Final = 4
_NO_IV: Final = bytes(DES_BLOCK)


def cryptogram(key: bytes, challenge: bytes) -> bytes:
    """What EXTERNAL AUTHENTICATE sends for a challenge of 4 or 8 bytes: 4 bytes are filled with zeros to a block."""
    return ecb(key, zero_padded(challenge, DES_BLOCK))


def ecb(key: bytes, blocks: bytes) -> bytes:
    """Each block of 8 bytes encrypted by itself."""
    cipher = BlockCipher.des(key)
    return b"".join(cipher.encrypt(block) for block in cipher.blocks(blocks))


def retail_mac(key: bytes, padded: bytes, iv: bytes = _NO_IV) -> bytes:
    """8 bytes. ISO/IEC 9797-1 MAC algorithm 3 with a key of 16 bytes, CBC-MAC with one of 8; whole blocks."""
    left = BlockCipher.des(key[:8])
    last = left.encrypt(padded, iv)[-DES_BLOCK:]
    return last if len(key) == 8 else left.encrypt(BlockCipher.des(key[8:]).decrypt(last))


def line_mac(key: bytes, message: bytes, challenge: bytes) -> bytes:
    """4 bytes over ``message``, which is padded by method 2; the card's challenge is the initial vector."""
    return retail_mac(key, marked_padded(message, DES_BLOCK), zero_padded(challenge, DES_BLOCK))[:MAC_SIZE]


def protected_data(key: bytes, data: bytes) -> bytes:
    """Data of a command with encryption: length byte ‖ data, padded by method 2 unless they are whole blocks."""
    plain = bytes([len(data)]) + data
    return ecb(key, plain if len(plain) % DES_BLOCK == 0 else marked_padded(plain, DES_BLOCK))
