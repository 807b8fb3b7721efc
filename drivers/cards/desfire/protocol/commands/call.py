"""One command, inside a session or outside."""

from drivers.cards.desfire.protocol import channel, framing
from drivers.cards.desfire.protocol.session import Mode, Session
from drivers.cards.exchange import Procedure
from gateway.ports.cards import CardGarbledError


def call(
    session: Session | None,
    ins: int,
    header: bytes = b"",
    data: bytes = b"",
    mode: Mode = Mode.MACED,
    *,
    length: int | None = None,
) -> Procedure[bytes]:
    """The data of the answer. ``header`` is never enciphered; ``length``: of the answer, where the command says it."""
    if session is None:
        return (yield from framing.command(ins, header + data))
    return (yield from channel.transact(session, ins, header, data, mode, length=length))


def tell(
    session: Session | None, ins: int, header: bytes = b"", data: bytes = b"", mode: Mode = Mode.MACED
) -> Procedure[None]:
    """A command whose answer holds nothing."""
    expect(ins, (yield from call(session, ins, header, data, mode)), 0)


def expect(ins: int, answer: bytes, *sizes: int) -> bytes:
    """The answer, when it is as long as one of these; else raises CardGarbledError."""
    if len(answer) not in sizes:
        raise CardGarbledError(
            "The card answered command %(ins)s with %(length)s bytes: it is no DESFire card as we know them.",
            ins=f"{ins:02X}",
            length=len(answer),
        )
    return answer


def u24(number: int) -> bytes:
    """Three bytes, least significant first, as DESFire counts lengths and offsets."""
    return number.to_bytes(3, "little")
