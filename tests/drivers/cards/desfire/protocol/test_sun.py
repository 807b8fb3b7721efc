"""Links of NTAG 424 and DESFire EV3 are opened as the application note says, and false ones are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.cards.ciphers import BlockCipher
from drivers.cards.desfire.protocol.sun import PiccData, SunKeys
from gateway.ports.cards import CardGarbledError
from tests.drivers.cards.vectors import Handler, Values, check, each_of, text


def _sun(inputs: Values) -> Values:
    done: Values = {}
    uid, counter = bytes.fromhex(inputs.get("uid", "")), inputs.get("read_counter")
    if "picc_data" in inputs:
        said = PiccData.open(bytes.fromhex(inputs["picc_data"]), bytes.fromhex(inputs["meta_read_key"]))
        assert said.uid is not None
        uid, counter = said.uid, said.read_counter
        done |= {"uid": text(uid), "read_counter": counter}
    keys = SunKeys(bytes.fromhex(inputs["file_read_key"]), uid, counter)
    done |= {
        "enc_key": text(bytes(keys._cipher._algorithm.key)),
        "mac_key": text(bytes(keys._mac_cipher._algorithm.key)),
    }
    if "file_data" in inputs:
        done["file_data"] = text(keys.decipher(bytes.fromhex(inputs["file_data"])))
    if "mac_input" in inputs:
        done["mac"] = text(keys.mac(inputs["mac_input"].encode()))
        keys.check(inputs["mac_input"].encode(), bytes.fromhex(done["mac"]))
    return done


HANDLERS: dict[str, Handler] = {"SUN": _sun}


@each_of("sun")
def test_agrees_with_the_published_values(vector: Values) -> None:
    check(vector, HANDLERS)


@given(text_=st.binary(max_size=40), mac=st.binary(max_size=16))
def test_refuses_a_mac_that_the_card_did_not_make(text_: bytes, mac: bytes) -> None:
    keys = SunKeys(bytes(16), bytes(7), 1)
    if mac != keys.mac(text_):
        with pytest.raises(CardGarbledError):
            keys.check(text_, mac)


@given(st.binary(max_size=40))
def test_random_picc_data_are_opened_or_refused(encrypted: bytes) -> None:
    try:
        said = PiccData.open(encrypted, bytes(16))
    except CardGarbledError:
        return
    assert said.uid is not None or said.read_counter is not None


def test_a_link_of_another_site_is_refused() -> None:
    """The tag of the first published example, deciphered with another key, is none."""
    with pytest.raises(CardGarbledError, match="key of this site"):
        PiccData.open(bytes.fromhex("EF963FF7828658A599F3041510671E88"), bytes([1]) * 16)


def test_data_that_say_neither_uid_nor_counter_are_none() -> None:
    with pytest.raises(CardGarbledError, match="key of this site"):
        PiccData.open(BlockCipher.aes(bytes(16)).encrypt(bytes(16)), bytes(16))


@pytest.mark.parametrize(("tag", "uid", "counter"), [("80", "", None), ("40", None, 0x030201)])
def test_what_the_card_was_not_told_to_say_is_missing(tag: str, uid: str | None, counter: int | None) -> None:
    size = 0 if uid is None else 7
    plain = bytes([int(tag, 16) | size]) + bytes(range(1, 1 + size)) + bytes([1, 2, 3])
    said = PiccData.open(BlockCipher.aes(bytes(16)).encrypt(plain + bytes(16 - len(plain))), bytes(16))
    assert (said.uid is None, said.read_counter) == (uid is None, counter)
    SunKeys(bytes(16), said.uid, said.read_counter).check(b"", SunKeys(bytes(16), said.uid, counter).mac(b""))


@pytest.mark.parametrize("size", [0, 15, 17])
def test_file_data_are_whole_blocks(size: int) -> None:
    with pytest.raises(CardGarbledError):
        SunKeys(bytes(16), bytes(7), 1).decipher(bytes(size))
