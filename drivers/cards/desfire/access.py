"""Opening sessions with one card: the version that a key has on the card says which of our keys it is."""

from collections.abc import Mapping
from typing import Self

from drivers.cards import record
from drivers.cards.desfire.layout import FACTORY_KEY, PURPOSES
from drivers.cards.desfire.protocol import authenticate
from drivers.cards.desfire.protocol.authenticate import Random
from drivers.cards.desfire.protocol.errors import WrongKeyError
from drivers.cards.desfire.protocol.session import Session
from drivers.cards.exchange import Procedure
from drivers.cards.presence import require_same
from drivers.cards.secrets import UNKNOWN_VERSION, CardSecrets
from drivers.cards.tries import Tries
from gateway.domain.card_data import CardData, CardKind
from gateway.ports.cards import FACTORY, CardForeignError, CardKeys, EncodePlan, KeyPurpose

_FOREIGN = "Someone else's keys are on this card: neither the factory's nor ours open it; take another card."


class Access:
    """``secrets``: the card's keys of every version of ours. Spends at most two wrong keys."""

    def __init__(self, uid: bytes, kind: CardKind, secrets: Mapping[int, CardSecrets], random: Random) -> None:
        self._uid = uid
        self._first = authenticate.aes if kind is CardKind.DESFIRE_EV1 else authenticate.newest
        self._secrets = secrets
        self._random = random
        self._tries = Tries()

    @classmethod
    def by_plan(cls, plan: EncodePlan, keys: CardKeys, random: Random) -> Self:
        """For the card that the plan is about."""
        secrets = CardSecrets.all_of(keys, plan.uid, plan.kind, plan.templates, plan.data.site_number)
        return cls(plan.uid, plan.kind, secrets, random)

    def secret(self, purpose: KeyPurpose, version: int) -> bytes:
        """16 bytes, for FACTORY those of the factory, who issues no numbers.

        Raises CardForeignError for a version that is not ours.
        """
        if version == FACTORY and purpose is not KeyPurpose.ISSUER:
            return FACTORY_KEY
        if version not in self._secrets:
            raise CardForeignError(UNKNOWN_VERSION, version=version)
        return self._secrets[version][purpose]

    def open_card(self, version: int) -> Procedure[Session]:
        """A session with the PICC master key, while the card itself is selected. Raises CardForeignError."""
        key = self.secret(KeyPurpose.PICC, version)
        opening = authenticate.iso if version == FACTORY else self._first
        return (yield from self._open(opening(0, key, self._random)))

    def open_application(self, key_no: int, version: int) -> Procedure[Session]:
        """A session with a key of our application, while that is selected. Raises CardForeignError."""
        key = self.secret(PURPOSES[key_no], version)
        return (yield from self._open(self._first(key_no, key, self._random)))

    def open_record(self, sealed: bytes) -> CardData:
        """Raises CardGarbledError when the issuer's CMAC is wrong, CardForeignError when its key is not known."""
        issuer_key = self.secret(KeyPurpose.ISSUER, record.decode(sealed).key_version)
        return record.open(sealed, self._uid, issuer_key)

    def require_same_card(self) -> Procedure[None]:
        """As presence.require_same."""
        yield from require_same(self._uid)

    def _open(self, opening: Procedure[Session]) -> Procedure[Session]:
        try:
            with self._tries.attempt():
                return (yield from opening)
        except WrongKeyError as error:
            raise CardForeignError(_FOREIGN) from error
