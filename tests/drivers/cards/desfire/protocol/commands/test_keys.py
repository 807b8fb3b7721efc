"""Commands about keys have the bytes of recorded sessions."""

from drivers.cards.ciphers import BlockCipher
from drivers.cards.desfire.protocol.commands import keys
from drivers.cards.desfire.protocol.commands.keys import Allowed, KeySettings
from drivers.cards.desfire.protocol.ev1 import Ev1Session
from drivers.cards.desfire.protocol.framing import wrap
from drivers.cards.desfire.protocol.session import Mode
from tests.drivers.cards.desfire.protocol.commands.script import one
from tests.drivers.cards.desfire.protocol.commands.test_picc import ev1, ev2


def test_settings_name_the_kind_and_number_of_keys() -> None:
    """DESFIRE-EV1-CMD-012, session 2."""
    cipher = BlockCipher.des(bytes.fromhex("48EC62DE3A3CFE6248EC62DE3A3CFE62"))
    session = Ev1Session(0, cipher, bytes.fromhex("A628378374270ACD"))
    assert one(keys.key_settings(session), "0D02613FB2D3F453D2E49100") == (KeySettings(0x0D, 2, 0), "9045000000")
    assert one(keys.key_settings(), "09859100")[0] == KeySettings(0x09, 5, 0x80)


def test_a_version_is_asked_inside_and_outside_a_session() -> None:
    """EV2-CMD-013 inside; one byte outside."""
    session = ev2("B7321D7F9E18FAA95D31651EDFDF66A9", "AAB799EBB2B22AC79D7F3EB0E1CFD49E", "5084A1A3", 0)
    assert one(keys.key_version(session, 0), "00DF206987E53FD8C89100") == (0, "9064000009007F0A6EABC174B6DF00")
    assert one(keys.key_version(None, 3), "079100") == (7, "90640000010300")


def test_another_key_is_changed_as_recorded() -> None:
    """DESFIRE-EV1-CHANGEKEY-015: AES, key 1 under key 0."""
    session = Ev1Session(
        0,
        BlockCipher.aes(bytes.fromhex("C2A1E47BD8100044FE6D00A74D7AB17C")),
        bytes.fromhex("2128D3CD9C9ACFFFF6EB9546ADF35E17"),
    )
    new, old = bytes.fromhex("10182028303840485058606870788088"), bytes.fromhex("00102030405060708090A0B0B0A09080")
    _, sent = one(keys.change_key(session, 1, new, 0x10, old_key=old), "CAF3BF0B2836E9DE9100")
    assert sent == "90C4000021012841938C40A4BC2C33064482FEADA5F43EC535D34255B0286C2352CD173863C700"


def test_settings_travel_enciphered() -> None:
    """One byte with its checksum."""
    settings = Allowed.SETTINGS_CHANGE | Allowed.MASTER_KEY_CHANGES
    assert settings == 0x09
    expected = ev1().seal(0x54, b"", b"\x09", Mode.ENCIPHERED)
    assert next(keys.change_key_settings(ev1(), settings)) == wrap(0x54, expected)
