"""What stands in files is read and written with the bytes of recorded sessions."""

import pytest

from drivers.cards.ciphers import BlockCipher
from drivers.cards.desfire.protocol.commands import content
from drivers.cards.desfire.protocol.ev1 import Ev1Session
from drivers.cards.desfire.protocol.session import Mode
from gateway.ports.cards import CardGarbledError
from tests.drivers.cards.desfire.protocol.commands.script import data_of, one, play
from tests.drivers.cards.desfire.protocol.commands.test_picc import ev2

AES_SESSION = "41B4719A4FEB2C3A8A491196F448157C"


def ev1(iv: str) -> Ev1Session:
    return Ev1Session(0, BlockCipher.aes(bytes.fromhex(AES_SESSION)), bytes.fromhex(iv))


def test_an_enciphered_write_goes_in_two_frames() -> None:
    """DESFIRE-EV1-ENC-001: 30 bytes, 47 bytes of cipher in the first frame."""
    data = b"Some data to write to the card"
    write = content.write_data(ev1("7EFDE2C2C81AD236FC4FADFE083928F1"), 0x0F, 0, data, Mode.ENCIPHERED)
    _, sent = play(write, "91AF", "D51C9DC812428D409100")
    secret = "81995DF0A75CF39BF6591BBF982A9EFA055B94D4F688B08C2B7EC71863148D282120659772536E33D3507E071DED1464"
    assert data_of(sent) == "0F0000001E0000" + secret
    assert [apdu[:10] for apdu in sent] == ["903D000036", "90AF000001"]


def test_an_enciphered_read_is_as_recorded() -> None:
    """DESFIRE-EV1-ENC-003: 50 bytes from 10 on."""
    secret = (
        "99EE41FCCC299F4D7F2AEFAF54B1480FAF0DCCF7932B020AA5A21E34A38A30F3"
        "67325A5B82EAF8F4A845F5F2CA9E0D246BE1296B82193C71D0C85EB443EC003C"
    )
    read = content.read_data(ev1("E1683BA6067A09A2400BBE66B5E4F8BE"), 0x0F, 10, 50, Mode.ENCIPHERED)
    data, sent = one(read, secret + "9100")
    assert sent == "90BD0000070F0A000032000000"
    assert data == b"to write to the card\0\0\0\0Another block of data.\0\0\0\0"


def test_a_record_is_written_and_read() -> None:
    """EV2-CMD-008 for writing; two plain records come oldest first."""
    session = ev2("78240CC5596B751D90023827B0B7E73D", "6F64B98D7241EA993137DF880BEE1B89", "2D0611EC", 0)
    record = bytes.fromhex("11223344556677889900112233445566")
    reference = ev2("78240CC5596B751D90023827B0B7E73D", "6F64B98D7241EA993137DF880BEE1B89", "2D0611EC", 0)
    expected = reference.seal(0x3B, bytes.fromhex("01000000100000"), record, Mode.ENCIPHERED)
    assert len(expected) == 7 + 32 + 8
    first = next(content.write_record(session, 1, 0, record, Mode.ENCIPHERED))
    assert first == b"\x90\x3b\x00\x00\x2f" + expected + b"\x00"
    read = content.read_records(None, 1, 0, 2, record_size=2, mode=Mode.PLAIN)
    assert one(read, "010203049100") == ([b"\x01\x02", b"\x03\x04"], "90BB0000070100000002000000")


def test_a_value_is_read_as_recorded() -> None:
    """EV2-CMD-011: GetValue in full mode."""
    session = ev2("4C4C0E575943FF670CF85BAE2E0D201D", "D1CC5CE9FC9F1970348D33D01FAFEF8F", "E412166F", 0)
    value, sent = one(
        content.get_value(session, 3, Mode.ENCIPHERED), "BC2CE0D37364B3C355C4B9B9A98802FF24035F8D39D40CE09100"
    )
    assert (value, sent) == (0, "906C00000903B775DA280F3E730000")


def test_values_move_by_signed_amounts() -> None:
    """Four bytes, least significant first."""
    moves = (content.credit, content.debit, content.limited_credit)
    sent = [one(move(None, 2, 0x0102, Mode.PLAIN))[1] for move in moves]
    assert sent == ["900C000005020201000000", "90DC000005020201000000", "901C000005020201000000"]
    assert one(content.get_value(None, 2, Mode.PLAIN), "FEFFFFFF9100")[0] == -2
    assert one(content.clear_records(None, 1))[1] == "90EB0000010100"


@pytest.mark.parametrize("answer", ["9100", "0102039100", "01020304059100"])
def test_an_answer_of_another_length_is_garbled(answer: str) -> None:
    """Four bytes were asked for."""
    with pytest.raises(CardGarbledError):
        one(content.read_data(None, 1, 0, 4, Mode.PLAIN), answer)
