"""Authenticating to an FMCOS card without ever spending the tries that keep it alive."""

import hmac
from collections.abc import Iterable
from enum import Enum, auto
from typing import Final

from drivers.cards.answers import accept, split
from drivers.cards.exchange import Procedure
from drivers.cards.fmcos.layout import CHALLENGE_SIZE, MAIN_KEY_ID, main_key_value
from drivers.cards.fmcos.protocol import commands, status
from drivers.cards.fmcos.protocol.ciphers import cryptogram, ecb
from drivers.cards.secrets import CardSecrets
from drivers.cards.tries import Tries
from gateway.domain.card_template import FmcosTemplate
from gateway.ports.cards import FACTORY, CardForeignError, CardGarbledError, KeyPurpose

_FEWEST_TRIES: Final = 2


class WrongKeyError(CardForeignError):
    """The card says that the key is another one."""

    def __init__(self, left: int) -> None:
        super().__init__("The card does not know our keys: it is someone else's. Take another card.")
        self.left = left


class Opened(Enum):
    """What became of an external authentication."""

    YES = auto()
    NO_SUCH_KEY = auto()  # costs no try


def authenticate(key_id: int, key: bytes, template: FmcosTemplate, tries: Tries) -> Procedure[Opened]:
    """Proves to the card that we have the key.

    Raises WrongKeyError, CardLockedError when the card leaves two tries or fewer, CardRefusedError, CardGarbledError.
    """
    with tries.attempt():
        answer = yield commands.get_challenge(template.challenge_size)
        challenge = accept(answer, template.challenge_size)
        answer = yield commands.external_authenticate(key_id, cryptogram(key, challenge))
        code, _ = split(answer)
        left = status.tries_left(code)
        if left is not None:
            raise status.locked(left) if left <= _FEWEST_TRIES else WrongKeyError(left)
    if code in status.NO_SUCH_KEY:
        return Opened.NO_SUCH_KEY
    accept(answer)
    return Opened.YES


def open_read(secrets: CardSecrets, template: FmcosTemplate, tries: Tries) -> Procedure[Opened]:
    """As a reader, in our DF. Errors as :func:`authenticate`."""
    return authenticate(secrets.version, secrets[KeyPurpose.READ], template, tries)


def open_main(
    candidates: Iterable[CardSecrets | None], template: FmcosTemplate, tries: Tries, *, is_short: bool
) -> Procedure[int]:
    """As the MF's owner, with one key after the other; None is the factory's. Returns the version that opened.

    Raises as :func:`authenticate`; WrongKeyError is the last one's.
    """
    wrong: WrongKeyError | None = None
    for secrets in candidates:
        key = main_key_value(secrets, is_short=is_short)
        try:
            if (yield from authenticate(MAIN_KEY_ID, key, template, tries)) is Opened.YES:
                return FACTORY if secrets is None else secrets.version
        except WrongKeyError as error:
            wrong = error
    raise wrong or CardForeignError("The card has no main key: it was not made for this. Take another card.")


def prove(secrets: CardSecrets, challenge: bytes) -> Procedure[bool]:
    """Lets the card prove that it holds a key that cannot be read from it; False when it has no such key.

    ``challenge``: 8 random bytes. Raises CardGarbledError when the proof is wrong: the card is a copy.
    """
    answer = yield commands.internal_authenticate(secrets.version, challenge)
    code, _ = split(answer)
    if code in status.NO_SUCH_KEY:
        return False
    proof = accept(answer, CHALLENGE_SIZE)
    if not hmac.compare_digest(proof, ecb(secrets[KeyPurpose.PROOF], challenge)):
        raise CardGarbledError("The card cannot prove that it is no copy: take it in.")
    return True
