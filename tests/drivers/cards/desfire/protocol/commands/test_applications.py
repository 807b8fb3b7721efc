"""Commands about applications send the id least significant byte first, and tell it most significant byte first."""

import pytest

from drivers.cards.desfire.protocol.commands import applications
from drivers.cards.desfire.protocol.commands.applications import PICC, KeyType
from drivers.cards.desfire.protocol.errors import DesfireRefusedError, Status
from gateway.ports.cards import CardGarbledError
from tests.drivers.cards.desfire.protocol.commands.script import one
from tests.drivers.cards.desfire.protocol.commands.test_picc import ev1


def test_selecting_sends_the_low_byte_first() -> None:
    """The example of PC/SC clients: application 3042F5."""
    assert one(applications.select_application(bytes.fromhex("3042F5")))[1] == "905A000003F5423000"
    assert one(applications.select_application(PICC))[1] == "905A00000300000000"


def test_creating_is_as_recorded() -> None:
    """DESFIRE-EV1-CMD-003 and -004: two keys, 3DES and 3K3DES, and the card's MACs."""
    session = ev1("9C2C813A065C45F7")
    create = applications.create_application
    first = create(session, bytes.fromhex("00DE16"), key_settings=0x0F, key_type=KeyType.DES, keys=2)
    assert one(first, "0A1379B01D85AD479100")[1] == "90CA00000516DE000F0200"
    second = create(session, bytes.fromhex("00DE24"), key_settings=0x0F, key_type=KeyType.TDES3, keys=2)
    assert one(second, "5D73AE5287A1BBE49100")[1] == "90CA00000524DE000F4200"


def test_listing_and_deleting_are_as_recorded() -> None:
    """DESFIRE-EV1-CMD-007 and -008: four applications, then one of them goes."""
    session = ev1("F11AC0738EF83878")
    ids, _ = one(applications.application_ids(session), "16DE0024DE0016AE00CCBBAA2739154E2630D6509100")
    assert [aid.hex() for aid in ids] == ["00de16", "00de24", "00ae16", "aabbcc"]
    assert one(applications.delete_application(session, ids[3]), "A9AF19052292F6629100")[1] == "90DA000003CCBBAA00"


def test_a_cut_list_is_garbled() -> None:
    """Ids have three bytes each."""
    with pytest.raises(CardGarbledError):
        one(applications.application_ids(), "16DE9100")


def test_a_refusal_says_what_to_do() -> None:
    """The status byte, its name in the data sheet, and a sentence that ends in an action."""
    with pytest.raises(
        DesfireRefusedError, match=r"5A: A0 \(application not found\)\): issue it at the desk"
    ) as refusal:
        one(applications.select_application(bytes.fromhex("F54748")), "91A0")
    assert refusal.value.status == Status.APPLICATION_NOT_FOUND


@pytest.mark.parametrize("status", [*Status, 0x6D00, 0x77])
def test_every_refusal_is_a_whole_sentence(status: int) -> None:
    """No status, known or unknown, leaves a place open."""
    text = str(DesfireRefusedError(0x5A, status))
    assert "5A" in text
    assert "%(" not in text
    assert text.endswith(".")
