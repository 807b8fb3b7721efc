"""How our application lies on a DESFire card.

| what | how |
|---|---|
| PICC master key | AES, diversified; nobody else lists, makes or deletes applications |
| application | 5 AES keys: master, read, write, counter, reserve; the master key lists files and changes keys |
| file 1, backup, 32 bytes, enciphered | the record of :mod:`drivers.cards.record`: read by key 1, written by key 2 |
| file 2, limited value, enciphered | counted down and given back by the posts, with key 3 |

The application's master key may do what keys 1 to 3 may: it could change the rights anyway, and so the desk writes a
card in one session.
"""

from collections.abc import Mapping
from typing import Final

from drivers.cards import record
from drivers.cards.desfire.protocol.commands.file_settings import AccessRights, DataFile, FileSettings, ValueFile
from drivers.cards.desfire.protocol.commands.keys import Allowed
from drivers.cards.desfire.protocol.session import Mode
from gateway.ports.cards import KeyPurpose

PURPOSES: Final = (
    KeyPurpose.APPLICATION,
    KeyPurpose.READ,
    KeyPurpose.WRITE,
    KeyPurpose.COUNTER,
    KeyPurpose.PROOF,
)
"""What the keys of the application are for, by their numbers."""

MASTER: Final = PURPOSES.index(KeyPurpose.APPLICATION)
READ: Final = PURPOSES.index(KeyPurpose.READ)
_WRITE: Final = PURPOSES.index(KeyPurpose.WRITE)
_COUNTER: Final = PURPOSES.index(KeyPurpose.COUNTER)

FACTORY_KEY: Final = bytes(16)
"""Of the card (DES) and of a new application (AES)."""

OUR_SETTINGS: Final = Allowed.SETTINGS_CHANGE | Allowed.MASTER_KEY_CHANGES
FACTORY_SETTINGS: Final = OUR_SETTINGS | Allowed.FREE_CREATION | Allowed.FREE_LISTING

MODE: Final = Mode.ENCIPHERED
NUMBER_FILE: Final = 1
COUNTER_FILE: Final = 2
_COUNTER_TOP: Final = 0xFFFF

FILES: Final[Mapping[int, FileSettings]] = {
    NUMBER_FILE: DataFile(MODE, AccessRights(READ, _WRITE, MASTER, MASTER), record.SIZE),
    COUNTER_FILE: ValueFile(
        MODE, AccessRights(_COUNTER, _COUNTER, MASTER, MASTER), 0, _COUNTER_TOP, 0, limited_credit=True
    ),
}
