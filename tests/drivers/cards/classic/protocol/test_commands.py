"""A reader counts value blocks up and down in both dialects, and says when it could not."""

import pytest

from drivers.cards.answers import accept
from drivers.cards.classic.protocol import commands
from drivers.cards.classic.protocol.commands import Key
from drivers.cards.classic.protocol.sector import FACTORY_KEY
from drivers.cards.classic.protocol.value import ValueBlock
from gateway.ports.cards import CardError, CardGarbledError, CardRefusedError
from tests.drivers.cards.desk import Tap

BLOCK, COPY = 16, 17


@pytest.fixture
def opened() -> Tap:
    tap = Tap.of("classic", bytes.fromhex("11223344"))
    for apdu in (
        commands.load_key(0, FACTORY_KEY),
        commands.authenticate(BLOCK, Key.A, 0),
        commands.update_block(BLOCK, ValueBlock(100, 5).encode()),
    ):
        assert accept(tap.answer(apdu)) == b""
    return tap


def _stands(tap: Tap, block: int = BLOCK) -> ValueBlock:
    return ValueBlock.decode(accept(tap.answer(commands.read_block(block)), 16))


def test_counting_by_data_objects(opened: Tap) -> None:
    commands.require_counted(accept(opened.answer(commands.increment(BLOCK, 30))))
    commands.require_counted(accept(opened.answer(commands.decrement(BLOCK, 1))))
    assert _stands(opened) == ValueBlock(129, 5)


def test_counting_as_acs_readers_do(opened: Tap) -> None:
    for apdu in (
        commands.acs_store(BLOCK, -2),
        commands.acs_increment(BLOCK, 10),
        commands.acs_decrement(BLOCK, 1),
        commands.acs_copy(BLOCK, COPY),
    ):
        accept(opened.answer(apdu), 0)
    assert _stands(opened, COPY).value == 7
    assert accept(opened.answer(commands.acs_read_value(COPY)), 4) == (7).to_bytes(4)


def test_the_older_authentication_opens_too(opened: Tap) -> None:
    accept(opened.answer(commands.authenticate_obsolete(COPY, Key.A, 0)), 0)
    assert _stands(opened).value == 100


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ("C003006300", CardRefusedError),
        ("C00300", CardGarbledError),
        ("", CardGarbledError),
        ("00" * 5, CardGarbledError),
    ],
)
def test_a_count_that_failed_is_told(answer: str, error: type[CardError]) -> None:
    with pytest.raises(error):
        commands.require_counted(bytes.fromhex(answer))
