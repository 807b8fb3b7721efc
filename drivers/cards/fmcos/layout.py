"""What lies on an FMCOS card of ours, as commands; README.md here gives the reasons."""

from typing import Final

from drivers.cards.fmcos.protocol import commands
from drivers.cards.fmcos.protocol.commands import KeyRecord, KeyType
from drivers.cards.record import SIZE
from drivers.cards.secrets import CardSecrets
from gateway.domain.card_template import FmcosTemplate
from gateway.ports.cards import KeyPurpose

MAIN_KEY_ID: Final = 0
RECORD_FILE: Final = 0x0001
CHALLENGE_SIZE: Final = 8
"""Of INTERNAL AUTHENTICATE: ours, not the card's."""
FACTORY_KEY: Final = b"\xff" * 16
_DF_SPACE: Final = 256
_KEY_SPACE: Final = 80
_MARK_SPACE: Final = 16
_LONGEST_NAME: Final = 16
_SHORT_KEY: Final = 8
_MAIN_KEY_USED: Final = 0x01
_READ_KEY_USED: Final = 0xF1
_OPEN: Final = 0xF0
_SAME_DIRECTORY: Final = 0xF1
_FACTORY_CHANGED: Final = 0xFA
_FACTORY_STATE: Final = 0xAA
_READ_STATE: Final = 0x11
_OUR_TRIES: Final = 0xFF
_FACTORY_TRIES: Final = 0x33
_KEY_NUMBER, _TRIPLE_DES = 0x00, 0x01


def main_key_value(secrets: CardSecrets | None, *, is_short: bool) -> bytes:
    """16 bytes, or 8 on a card whose main key has room for no more. Without secrets: the factory's."""
    whole = FACTORY_KEY if secrets is None else secrets[KeyPurpose.PICC]
    return whole[:_SHORT_KEY] if is_short else whole


def main_key(secrets: CardSecrets | None, *, is_short: bool) -> KeyRecord:
    """The MF's own: who has it may make, erase and fill applications. Ours has 15 tries, the factory's 3."""
    value = main_key_value(secrets, is_short=is_short)
    if secrets is None:
        return KeyRecord(KeyType.EXTERNAL, _OPEN, _FACTORY_CHANGED, _FACTORY_STATE, _FACTORY_TRIES, value)
    return KeyRecord(KeyType.EXTERNAL, _OPEN, _SAME_DIRECTORY, _FACTORY_STATE, _OUR_TRIES, value)


def short_mark(template: FmcosTemplate) -> bytes:
    """Name of the empty DF that says, without a key, that the main key of this card has 8 bytes."""
    return (template.name + b"8")[-_LONGEST_NAME:]


def create_short_mark(template: FmcosTemplate) -> bytes:
    """In the MF."""
    number = template.df ^ 1
    return commands.create_df(number, _MARK_SPACE, _MAIN_KEY_USED, _MAIN_KEY_USED, short_mark(template))


def create_application(template: FmcosTemplate) -> bytes:
    """The DF, in the MF."""
    return commands.create_df(template.df, _DF_SPACE, _MAIN_KEY_USED, _MAIN_KEY_USED, template.name)


def write_files(record: bytes) -> tuple[bytes, ...]:
    """In the DF: the key file, which must be the first, then our file and what stands in it."""
    return (
        commands.create_key_file(_KEY_SPACE, _MAIN_KEY_USED),
        commands.create_binary(RECORD_FILE, SIZE, _READ_KEY_USED, _MAIN_KEY_USED),
        commands.update_binary(RECORD_FILE, record),
    )


def write_keys(secrets: CardSecrets) -> tuple[bytes, ...]:
    """In the DF: the key of readers, and the one that proves that the card is no copy; numbered by their version."""
    read = KeyRecord(KeyType.EXTERNAL, _OPEN, _MAIN_KEY_USED, _READ_STATE, _OUR_TRIES, secrets[KeyPurpose.READ])
    proof = KeyRecord(
        KeyType.INTERNAL, _READ_KEY_USED, _MAIN_KEY_USED, _KEY_NUMBER, _TRIPLE_DES, secrets[KeyPurpose.PROOF]
    )
    return commands.add_key(secrets.version, read), commands.add_key(secrets.version, proof)
