"""A terminal that knows the keys: what a program at the desk would send to an FMCOS card."""

from simulators.cards.catalogue import make
from simulators.cards.fmcos import crypto
from tests.simulators.cards.talk import Talk

UID = bytes.fromhex("7AB4ABDC")
FACTORY = b"\xff" * 16
K1 = bytes.fromhex("F49DC1BA1B4DEB52647186BC59106C0D")  # the keys of proxmark3, doc/fmcos_example.md
K2 = bytes.fromhex("2B8A438742C851566F02D881B09D58C0")
K3 = bytes.fromhex("8A021972BFEC9D152CA9EB82D7D12C09")
DF, NAME = "DF01", "4741544531"
SELECT_MF, SELECT_DF = "00A40000023F00", "00A4000002" + DF


class Terminal(Talk):
    """Commands that need a challenge first."""

    def challenge(self, size: int = 4) -> bytes:
        return bytes.fromhex(self.ok(f"00840000{size:02X}")).ljust(8, b"\0")

    def authenticate(self, key: bytes, number: int = 0, size: int = 4) -> str:
        return self.status(f"008200{number:02X}08" + crypto.encrypt(key, self.challenge(size)).hex())

    def protected(self, head: str, data: bytes, key: bytes, *, encrypt: bool, le: str = "") -> bytes:
        """``head``: CLA INS P1 P2. The whole answer."""
        if encrypt and data:
            data = crypto.encrypt(key, crypto.pad(bytes((len(data),)) + data))
        initial = self.challenge()
        front = bytes.fromhex(head) + bytes((len(data) + 4,)) + data
        return self.answer(front + crypto.mac(key, front, initial) + bytes.fromhex(le))

    def add_key(self, number: int, head: str, key: bytes, kind: str = "01") -> str:
        """``head``: type, usage, change and two bytes."""
        return self.status(f"80D4{kind}{number:02X}{5 + len(key):02X}{head}{key.hex()}")


def fresh() -> Terminal:
    return Terminal(make("fmcos", UID))


def with_df(
    create: str = "F0", erase: str = "F0", add: str = "F0", space: str = "0200", card: Terminal | None = None
) -> Terminal:
    """A card with a DF and an empty key file in it; the DF is selected, nothing is proven in it."""
    card = card or fresh()
    assert card.authenticate(FACTORY) == "9000"
    card.ok(f"80E0{DF}0D38{space}{create}{erase}FFFFFF{NAME}")
    card.ok(SELECT_DF)
    card.ok(f"80E00000073F0060FF{add}FFFF")
    return card
