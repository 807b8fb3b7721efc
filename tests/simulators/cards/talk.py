"""A tester's side of a card: commands and answers in hexadecimal."""

from simulators.cards.inprocess import InProcess

_OK = b"\x90\x00"


class Talk(InProcess):
    """A card in the same process, asked in hexadecimal with or without spaces."""

    def ok(self, apdu: str) -> str:
        """The data of an answer that must be 9000."""
        reply = self.answer(bytes.fromhex(apdu))
        assert reply[-2:] == _OK, f"{apdu}: {reply.hex()}"
        return reply[:-2].hex().upper()

    def status(self, apdu: str) -> str:
        """The status word of an answer that carries nothing else."""
        reply = self.answer(bytes.fromhex(apdu))
        assert len(reply) == 2, f"{apdu}: {reply.hex()}"
        return reply.hex().upper()
