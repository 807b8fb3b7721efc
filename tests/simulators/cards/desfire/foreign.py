"""The foreign client's keys, its way to a card in the same process, and what it does on a blank card."""

from desfire import DESFire, DESFireKey
from desfire.devices.base import Device
from desfire.enums import DESFireCommunicationMode, DESFireFileType, DESFireKeySettings, DESFireKeyType
from desfire.schemas import FilePermissions, FileSettings, KeySettings

from simulators.cards.desfire import DesfireCard

APPLICATION = [0x48, 0x47, 0xF5]
FREE = 0xE


class Antenna(Device):  # type: ignore[misc]  # the library has no types
    """Where the library meets the card."""

    def __init__(self, card: DesfireCard) -> None:
        self._card = card

    def transceive(self, frame: list[int]) -> list[int]:
        return list(self._card.answer(bytes(frame)))


def key(kind: DESFireKeyType, value: str) -> DESFireKey:
    return DESFireKey(KeySettings(key_type=kind), value)


def des(value: str = "00" * 8) -> DESFireKey:
    return key(DESFireKeyType.DF_KEY_2K3DES, value)


def aes(value: str = "00" * 16) -> DESFireKey:
    return key(DESFireKeyType.DF_KEY_AES, value)


def make_application(client: DESFire) -> None:
    """An application of five AES keys is made and selected."""
    client.authenticate(0, des())
    settings = KeySettings(key_type=DESFireKeyType.DF_KEY_AES, settings=[DESFireKeySettings.KS_FACTORY_DEFAULT])
    client.create_application(APPLICATION, settings, 5)
    assert client.get_application_ids() == [APPLICATION]
    client.select_application(APPLICATION)


def story(client: DESFire) -> dict[str, object]:
    """A blank card gets an application with a key of its own and a file, which is written and read."""
    uid = bytes(client.get_card_version().uid).hex()
    make_application(client)
    client.authenticate(0, aes())
    client.change_key(1, aes(), aes("33" * 16), 9)
    enciphered = DESFireCommunicationMode.ENCRYPTED
    wanted = FileSettings(enciphered, DESFireFileType.MDFT_STANDARD_DATA_FILE, FilePermissions(1, 1, 1, 0), 60)
    client.create_standard_file(1, wanted)
    client.authenticate(1, aes("33" * 16))
    client.write_file_data(1, 0, enciphered, list(b"goods release"))
    text = bytes(client.read_file_data(1, client.get_file_settings(1)))
    return {"uid": uid, "version": client.get_key_version(1), "text": text.rstrip(b"\x00").decode()}
