"""What stands in our sector of a MIFARE Classic card.

Block 0: card number (8) ‖ the first 8 bytes of the AES-CMAC under the card's ISSUER key over UID ‖ the 24 bytes of
:class:`CardData` with ``issued_at`` 0. Site number and key version are known to whoever has the keys, and the holder
class is found by trying: so all that is on the card is bound to it by the CMAC, except the time of issue, which has no
place and reads as 0.

Block 1: a rolling counter, as a value block that whoever has key A may count down; block 2: its copy. Trailer: key A
(READ), key B (WRITE), and the key version in the user's byte (GPB). Key A reads, only key B writes.
"""

import hmac
from dataclasses import replace
from typing import Final

from drivers.cards import record
from drivers.cards.classic.protocol.access import AccessConditions
from drivers.cards.classic.protocol.sector import BLOCK_SIZE, Trailer, first_block
from drivers.cards.classic.protocol.value import ValueBlock
from drivers.cards.secrets import CardSecrets
from gateway.domain.card_data import BODY_SIZE, NUMBER_SIZE, CardData, HolderClass
from gateway.ports.cards import KeyPurpose

COUNTER_START: Final = 1_000_000_000
ACCESS: Final = AccessConditions(("100", "110", "110", "011"))
EMPTY: Final = (bytes(BLOCK_SIZE),) * 3


def data_blocks(data: CardData, uid: bytes, secrets: CardSecrets, sector: int) -> tuple[bytes, bytes, bytes]:
    """The three blocks before the trailer."""
    counter = ValueBlock(COUNTER_START, first_block(sector) + 1).encode()
    return data.number + _mac(data, uid, secrets), counter, counter


def trailer(secrets: CardSecrets) -> Trailer:
    """Our keys."""
    return Trailer(secrets[KeyPurpose.READ], ACCESS, secrets.version, secrets[KeyPurpose.WRITE])


def read_data(block: bytes, uid: bytes, secrets: CardSecrets, site_number: int) -> CardData | None:
    """What block 0 says, or None when the CMAC holds for no holder class: not ours, or another card's."""
    number, mac = block[:NUMBER_SIZE], block[NUMBER_SIZE:]
    if not any(number):
        return None
    for holder in HolderClass:
        data = CardData(site_number, number, 0, secrets.version, holder)
        if hmac.compare_digest(_mac(data, uid, secrets), mac):
            return data
    return None


def _mac(data: CardData, uid: bytes, secrets: CardSecrets) -> bytes:
    return record.seal(replace(data, issued_at=0), uid, secrets[KeyPurpose.ISSUER])[BODY_SIZE:]
