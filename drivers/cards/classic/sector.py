"""Opening, reading and writing our sector."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from drivers.cards.answers import OK, RefusedError, accept, split
from drivers.cards.classic.protocol import commands
from drivers.cards.classic.protocol.commands import Key
from drivers.cards.classic.protocol.sector import BLOCK_SIZE, FACTORY_KEY, Trailer, first_block
from drivers.cards.exchange import Procedure
from drivers.cards.secrets import CardSecrets
from drivers.cards.tries import Tries
from gateway.domain.errors import MalformedError
from gateway.ports.cards import FACTORY, CardForeignError, CardGarbledError, KeyPurpose

_SLOT: Final = 0
_WRONG_KEY: Final = frozenset({0x6300, 0x6982, 0x6983})
_TRAILER: Final = 3


@dataclass(frozen=True, slots=True, repr=False)
class Opener:
    """A key, where it stands, and the key version it stands for. Shows no key."""

    which: Key
    key: bytes
    version: int


BLANK: Final = Opener(Key.A, FACTORY_KEY, FACTORY)


def reader(secrets: CardSecrets) -> Opener:
    """Key A: reads, and counts down."""
    return Opener(Key.A, secrets[KeyPurpose.READ], secrets.version)


def writer(secrets: CardSecrets) -> Opener:
    """Key B: reads and writes everything."""
    return Opener(Key.B, secrets[KeyPurpose.WRITE], secrets.version)


class Sector:
    """One of the sectors 1 to 15, of four blocks."""

    def __init__(self, number: int, tries: Tries) -> None:
        self._number = number
        self._first: Final = first_block(number)
        self._tries = tries

    def open(self, opener: Opener) -> Procedure[None]:
        """Raises CardForeignError for a wrong key, CardLockedError when none may be tried any more, CardError."""
        answer = yield commands.load_key(_SLOT, opener.key)
        accept(answer)
        with self._tries.attempt():
            answer = yield commands.authenticate(self._first, opener.which, _SLOT)
            code, _ = split(answer)
            if code in _WRONG_KEY:
                raise CardForeignError("The card does not know our keys: it is someone else's. Take another card.")
        if code != OK:
            raise RefusedError(code)

    def open_any(self, openers: Iterable[Opener]) -> Procedure[int]:
        """With one after the other; the version of the first that fits. Raises the last one's error."""
        wrong: CardForeignError | None = None
        for opener in openers:
            try:
                yield from self.open(opener)
            except CardForeignError as error:
                wrong = error
            else:
                return opener.version
        raise wrong or CardForeignError("No key of this site is known for this card: take another card.")

    def read(self, block: int) -> Procedure[bytes]:
        """One of the data blocks 0 to 2."""
        answer = yield commands.read_block(self._first + block)
        return accept(answer, BLOCK_SIZE)

    def read_trailer(self) -> Procedure[Trailer]:
        """As far as the card shows it. Raises CardGarbledError for access bits that contradict themselves."""
        shown = yield from self.read(_TRAILER)
        try:
            return Trailer.decode(shown)
        except MalformedError as error:
            raise CardGarbledError(
                "The card shows access bits that contradict themselves: take another card."
            ) from error

    def write(self, blocks: Sequence[bytes]) -> Procedure[None]:
        """The data blocks, from the first on."""
        for number, content in enumerate(blocks):
            answer = yield commands.update_block(self._first + number, content)
            accept(answer)

    def write_trailer(self, trailer: Trailer) -> Procedure[None]:
        """The keys; afterwards the sector must be opened with them."""
        answer = yield commands.update_trailer(self._number, trailer)
        accept(answer)

    def holds(self, blocks: Sequence[bytes], trailer: Trailer) -> Procedure[bool]:
        """Whether the open sector holds these blocks, and these access bits and user's byte."""
        for number, content in enumerate(blocks):
            if (yield from self.read(number)) != content:
                return False
        shown = yield from self.read_trailer()
        return (shown.access, shown.gpb) == (trailer.access, trailer.gpb)
