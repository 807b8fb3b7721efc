"""Cards that answer anything: right and wrong lengths, right and wrong status words."""

from collections.abc import Callable
from contextlib import suppress

from hypothesis import strategies as st

from drivers.cards.exchange import Procedure, drive
from gateway.ports.cards import CardError

MOST_COMMANDS = 60

_STATUSES = [b"\x90\x00", b"\x63\x00", b"\x63\xc0", b"\x63\xc2", b"\x63\xc5", b"\x69\x82", b"\x69\x83", b"\x6a\x82"]
_STATUS = st.sampled_from(_STATUSES) | st.binary(min_size=2, max_size=2)
_DATA = st.sampled_from([4, 7, 8, 16, 32]).flatmap(lambda size: st.binary(min_size=size, max_size=size))
_PLAUSIBLE = st.builds(lambda data, status: data + status, st.just(b"") | _DATA | st.binary(max_size=40), _STATUS)
ANSWERS = st.binary(max_size=60) | _PLAUSIBLE


def survives(work: Procedure[object], answer: Callable[[bytes], bytes]) -> list[bytes]:
    """The commands sent until the work ended, well or by a CardError; anything else fails, as does work without end."""
    sent: list[bytes] = []

    def noisy(apdu: bytes) -> bytes:
        sent.append(apdu)
        assert len(sent) < MOST_COMMANDS
        return answer(apdu)

    with suppress(CardError):
        drive(work, noisy)
    return sent
