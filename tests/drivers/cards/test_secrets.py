"""The keys of a card differ from card to card and never show."""

from drivers.cards.diversification import an10922_aes
from drivers.cards.secrets import CardSecrets
from gateway.domain.card_data import CardKind
from gateway.domain.card_template import CardTemplates
from gateway.ports.cards import CardKeys, CardKeySet, KeyPurpose

UID = bytes.fromhex("04AABBCC112233")
MASTERS = {purpose: bytes([number]) * 16 for number, purpose in enumerate(KeyPurpose, 1)}
TEMPLATES = CardTemplates()


def of(kind: CardKind, uid: bytes = UID, site: int = 0x0102) -> CardSecrets:
    return CardSecrets.of(CardKeySet(1, MASTERS), uid, kind, TEMPLATES, site)


def test_a_desfire_key_is_made_of_uid_application_and_site() -> None:
    """The application id goes in as on the wire, least significant byte first."""
    expected = an10922_aes(MASTERS[KeyPurpose.READ], UID + bytes.fromhex("4847F5") + b"GH" + bytes.fromhex("0102"))
    assert of(CardKind.DESFIRE_EV2)[KeyPurpose.READ] == expected
    assert of(CardKind.DESFIRE_EV1)[KeyPurpose.READ] == expected


def test_the_keys_of_a_classic_sector_have_six_bytes() -> None:
    """Key A and key B are the first six bytes; the issuer's key keeps its sixteen."""
    secrets = of(CardKind.CLASSIC)
    whole = an10922_aes(MASTERS[KeyPurpose.WRITE], UID + bytes.fromhex("000004") + b"GH" + bytes.fromhex("0102"))
    assert secrets[KeyPurpose.WRITE] == whole[:6]
    assert len(secrets[KeyPurpose.ISSUER]) == 16


def test_an_fmcos_key_is_made_of_the_number_of_the_df() -> None:
    """The number of the DF stands in the place of the application id."""
    expected = an10922_aes(MASTERS[KeyPurpose.WRITE], UID + bytes.fromhex("00DF47") + b"GH" + bytes.fromhex("0102"))
    assert of(CardKind.FMCOS)[KeyPurpose.WRITE] == expected


def test_no_two_cards_purposes_or_sites_share_a_key() -> None:
    """Every part of the input matters."""
    cards = [of(CardKind.DESFIRE_EV1), of(CardKind.DESFIRE_EV1, UID[::-1]), of(CardKind.DESFIRE_EV1, site=7)]
    keys = [card[purpose] for card in cards for purpose in KeyPurpose]
    assert len(set(keys)) == len(keys)


def test_the_current_version_comes_first() -> None:
    """A card most likely carries the current keys."""
    keys = CardKeys(2, {version: CardKeySet(version, MASTERS) for version in (1, 2, 3)})
    assert list(CardSecrets.all_of(keys, UID, CardKind.DESFIRE_EV1, TEMPLATES, 1)) == [2, 3, 1]


def test_no_key_shows() -> None:
    """Neither repr nor str holds key bytes."""
    secrets = of(CardKind.DESFIRE_EV1)
    assert repr(secrets) == str(secrets) == "CardSecrets(1, …)"
