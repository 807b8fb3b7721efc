"""What concerns the whole card: memory, formatting, random UID, answer to select, what it keeps without power."""

import json

import pytest

from drivers.cards.desfire.protocol.channel import transact
from drivers.cards.desfire.protocol.errors import DesfireRefusedError
from simulators.cards.desfire import DesfireCard
from simulators.cards.desfire.messaging import Mode
from simulators.cards.desfire.messaging_ev1 import Ev1Messaging
from simulators.cards.desfire.primitives import BlockCipher, crc32, mark_pad
from simulators.cards.reader import Reader
from tests.simulators.cards.desfire.bench import AID, ENCIPHERED, UID, WAYS, Table, Way, counting, free_application

each_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
MASTERS = WAYS[:2]


def free(table: Table) -> int:
    return int.from_bytes(bytes.fromhex(table.ok("6E")), "little")


def configure(table: Table, option: int, data: str, way: Way = WAYS[1]) -> None:
    table.run(transact(table.open(way), 0x5C, bytes([option]), bytes.fromhex(data), ENCIPHERED))


def test_memory_is_taken_in_blocks_and_given_back_by_formatting_only() -> None:
    """A backup file takes its room twice; deleting frees nothing."""
    table = Table()
    before = free(table)
    table.ok(f"CA {AID} FF 00")
    with_application = free(table)
    assert with_application < before
    table.ok(f"5A {AID}")
    table.ok("CD 01 00 EEEE 210000")
    assert free(table) == with_application - 64
    table.ok("CB 02 00 EEEE 210000")
    assert free(table) == with_application - 192
    table.ok("DF 01")
    assert free(table) == with_application - 192
    table.select("000000")
    table.run(transact(table.open(WAYS[1]), 0xFC))
    table.select("000000")
    assert free(table) == before


def test_a_full_card_is_out_of_memory_and_keeps_what_it_has() -> None:
    """The file that does not fit is not there afterwards."""
    table = free_application()
    table.ok("CD 01 00 EEEE 001000")
    assert table.send("CD 02 00 EEEE 001000") == "0E"
    assert table.ok("6F") == "01"


@pytest.mark.parametrize("way", MASTERS, ids=lambda way: way.name)
def test_formatting_takes_the_applications_and_leaves_the_key(way: Way) -> None:
    """It needs the card's master key, in an authenticated session that goes on."""
    table = Table()
    table.ok(f"CA {AID} 0F 05")
    assert table.send("FC") == "AE"
    session = table.open(way)
    table.run(transact(session, 0xFC))
    assert table.run(transact(session, 0x6A)) == b""


def test_formatting_can_be_switched_off_for_ever() -> None:
    """Option 0, bit 0: a later 0 does not bring it back."""
    table = Table()
    configure(table, 0, "01")
    configure(table, 0, "00")
    with pytest.raises(DesfireRefusedError) as error:
        table.run(transact(table.open(WAYS[1]), 0xFC))
    assert error.value.status == 0x9D


@each_way
def test_a_random_uid_hides_the_true_one_from_strangers(way: Way) -> None:
    """08 and three bytes that change with the power; GetVersion tells zeros; GetCardUID tells the true one."""
    table = Table(way.profile)
    configure(table, 0, "02")
    table.card.reset()
    reader = Reader(table.card)
    first = reader.answer(bytes.fromhex("FFCA000000"))
    assert (len(first), first[0], first[-2:]) == (6, 0x08, b"\x90\x00")
    reader.reset()
    assert reader.answer(bytes.fromhex("FFCA000000")) != first
    table.send("60")
    table.send("AF")
    assert table.ok("AF").startswith("00" * 7)
    table.ok(f"CA {AID} 0F {way.kind | 1:02X}")
    table.ok(f"5A {AID}")
    assert table.run(transact(table.open(way), 0x51, mode=ENCIPHERED, length=7)) == UID


def test_the_answer_to_select_can_be_set() -> None:
    """Option 2: the reader makes the ATR of its historical bytes."""
    table = Table()
    assert Reader(table.card).atr().hex().upper() == "3B8180018080"
    configure(table, 2, "0875778102805A5B", WAYS[0])
    assert Reader(table.card).atr().hex().upper().startswith("3B83800180")
    with pytest.raises(DesfireRefusedError):
        configure(table, 2, "0975778102805A5B", WAYS[0])
    with pytest.raises(DesfireRefusedError):
        configure(table, 9, "00")
    table.open(WAYS[0])
    assert table.send("5C 02" + "00" * 16) == "1E"


def test_an_answer_to_select_from_an_ev1_session_ends_with_a_mark() -> None:
    """Nothing but the padding tells its length: 80 after data and checksum."""
    cipher = BlockCipher(bytes(16), aes=True)
    ats = bytes.fromhex("0875778102805A5B")
    plain = mark_pad(ats + crc32(b"\x5c\x02" + ats), 16)
    opened = Ev1Messaging(0, cipher).open(0x5C, b"\x02", cipher.encrypt(plain), Mode.ENCIPHERED, None)
    assert opened == ats


def test_what_the_card_keeps_goes_through_json_and_back() -> None:
    """Another card with the same memory says the same; half a transaction is not kept."""
    table = free_application()
    table.ok("CD 01 01 EEEE 050000")
    table.ok("CB 02 03 EEEE 050000")
    table.ok("CC 03 00 EEEE F6FFFFFF 64000000 05000000 03")
    table.ok("C1 04 00 EEEE 020000 030000")
    table.ok("C0 05 00 EEEE 020000 030000")
    table.ok("3D 01 000000 050000 48454C4C4F")
    table.ok("3D 02 000000 050000 48454C4C4F")
    table.ok("DC 03 01000000")
    table.ok("3B 04 000000 020000 0102")
    table.ok("3B 05 000000 020000 0304")
    table.ok("C7")
    table.ok("3D 02 000000 050000 5858585858")
    kept = json.loads(json.dumps(table.card.dump()))
    other = DesfireCard(UID, table.card.profile, counting())
    other.load(kept)
    assert other.dump() == kept
    table.card = other
    table.ok(f"5A {AID}")
    assert table.send("C7") == "0C"
    assert table.ok("BD 01 000000 000000") == "48454C4C4F"
    assert table.ok("BD 02 000000 000000") == "48454C4C4F"
    assert table.ok("F5 03") == "0200EEEE" + "F6FFFFFF" + "64000000" + "01000000" + "03"
    assert table.ok("6C 03") == "04000000"
    assert table.ok("BB 04 000000 000000") == "0102"
    assert table.ok("F5 05") == "0400EEEE" + "020000" + "030000" + "010000"
