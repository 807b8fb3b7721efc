"""A desfire-ev1 card torn off the desk at every command is finished or wiped by its next tap, and lost never."""

from collections.abc import Callable

from tests.cards.bench import Bench, InProcessEncoder
from tests.cards.torn import Torn, every_place


async def test_every_place(
    bench: Bench, hand: InProcessEncoder, record_property: Callable[[str, object], None]
) -> None:
    """Issued, written anew and wiped, cut before and after each single command."""
    torn = Torn(bench, hand, "desfire-ev1", bench.compound.unit, bench.compound.li_na)
    await every_place(torn, record_property)
