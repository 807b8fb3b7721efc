"""python-desfire, a client with cryptography of its own, finds nothing odd about the virtual card.

It speaks native frames, and was written against EV1 cards. Left out is where it differs from libfreefare, which was
run against real cards: it sends the last half of a MAC instead of the first, appends one to DeleteFile, and does not
count the MAC of what it reads in clear within a session.
"""

import pytest
from desfire import DESFire
from desfire.enums import DESFireCommunicationMode, DESFireFileType, DESFireKeySettings, DESFireKeyType
from desfire.exceptions import DESFireCommunicationError
from desfire.schemas import FilePermissions, FileSettings

from simulators.cards.desfire import DesfireCard, Profile
from tests.simulators.cards.desfire.bench import GENERATIONS, UID
from tests.simulators.cards.desfire.foreign import APPLICATION, FREE, Antenna, aes, des, make_application

WRITERS = ((DESFireCommunicationMode.ENCRYPTED, 2), (DESFireCommunicationMode.CMAC, FREE))
each_generation = pytest.mark.parametrize("profile", GENERATIONS, ids=lambda profile: profile.name)


def with_application(profile: Profile) -> DESFire:
    """A card on which the foreign client made an application of five AES keys, and selected it."""
    client = DESFire(Antenna(DesfireCard(UID, profile)))
    make_application(client)
    return client


@each_generation
def test_the_foreign_client_knows_the_card(profile: Profile) -> None:
    """Version, true UID, key settings and key version, outside and inside a session."""
    client = DESFire(Antenna(DesfireCard(UID, profile)))
    assert bytes(client.get_card_version().uid) == UID
    settings = client.get_key_setting()
    assert (settings.key_type, settings.max_keys) == (DESFireKeyType.DF_KEY_2K3DES, 1)
    client.authenticate(0, des())
    assert bytes(client.get_real_uid()) == UID
    version = client.get_card_version()
    assert bytes(version.raw_bytes[:14]) == profile.hardware + profile.software
    assert client.get_key_version(0) == 0


@each_generation
@pytest.mark.parametrize(("mode", "writer"), WRITERS, ids=["enciphered", "maced"])
def test_the_foreign_client_writes_and_reads_a_file(
    profile: Profile, mode: DESFireCommunicationMode, writer: int
) -> None:
    """With the keys that the access rights name; 100 bytes come back in three commands."""
    client = with_application(profile)
    client.authenticate(0, aes())
    wanted = FileSettings(mode, DESFireFileType.MDFT_STANDARD_DATA_FILE, FilePermissions(1, writer, 3, 4), 100)
    client.create_standard_file(7, wanted)
    assert client.get_file_ids() == [7]
    found = client.get_file_settings(7)
    assert (found.encryption, found.file_size, found.permissions.get_permissions()) == (
        mode,
        100,
        [0x34, 0x10 | writer],
    )
    client.authenticate(2, aes())
    client.write_file_data(7, 3, mode if writer == 2 else DESFireCommunicationMode.PLAIN, list(b"goods release"))
    client.authenticate(1, aes())
    assert bytes(client.read_file_data(7, client.get_file_settings(7)))[:20] == bytes(3) + b"goods release" + bytes(4)


@each_generation
def test_the_foreign_client_reads_a_free_file_without_a_session(profile: Profile) -> None:
    """Plain data, free access."""
    client = with_application(profile)
    free = FilePermissions(FREE, FREE, FREE, FREE)
    plain = DESFireCommunicationMode.PLAIN
    client.create_standard_file(1, FileSettings(plain, DESFireFileType.MDFT_STANDARD_DATA_FILE, free, 60))
    client.write_file_data(1, 0, plain, list(b"for everyone"))
    assert bytes(client.read_file_data(1, client.get_file_settings(1))) == b"for everyone".ljust(60, b"\x00")


@each_generation
def test_the_foreign_client_changes_keys_and_settings(profile: Profile) -> None:
    """Another key, the key in use, the card's key from DES to AES, key settings and the default key."""
    client = with_application(profile)
    client.authenticate(0, aes())
    client.change_key(3, aes(), aes("33" * 16), 9)
    assert client.get_key_version(3) == 9
    client.change_key(0, aes(), aes("44" * 16), 10)
    client.authenticate(0, aes("44" * 16))
    assert client.get_key_version(0) == 10
    client.change_key_settings([DESFireKeySettings.KS_LISTING_WITHOUT_MK])
    client.authenticate(3, aes("33" * 16))
    client.select_application([0, 0, 0])
    client.authenticate(0, des())
    client.change_default_key(aes("55" * 16), 11)
    client.last_selected_application = None  # the library looks for [0x00] to know the card's own level
    client.change_key(0, des(), aes("66" * 16), 12)
    client.authenticate(0, aes("66" * 16))
    assert client.get_key_version(0) == 12
    assert bytes(client.get_real_uid()) == UID


@each_generation
def test_the_foreign_client_is_told_of_a_wrong_key(profile: Profile) -> None:
    """By the status that it knows as an authentication error."""
    client = with_application(profile)
    with pytest.raises(DESFireCommunicationError, match="ST_AuthentError"):
        client.authenticate(0, aes("77" * 16))


@each_generation
def test_the_foreign_client_deletes_and_formats(profile: Profile) -> None:
    """Nothing is listed afterwards."""
    client = with_application(profile)
    client.select_application([0, 0, 0])
    client.authenticate(0, des())
    client.delete_application(APPLICATION)
    client.authenticate(0, des())
    assert client.get_application_ids() == []
    client.format_card()
    client.authenticate(0, des())
    assert client.get_application_ids() == []
