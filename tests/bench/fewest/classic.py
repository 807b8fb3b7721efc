"""MIFARE Classic: 6 commands to the reader, 16 with what the desk must check."""

from drivers.cards.classic import layout
from gateway.ports.cards import KeyPurpose
from tests.bench.fewest.script import Script

_KEY_A, _KEY_B = 0x60, 0x61
_FACTORY_KEY = b"\xff" * 6
_TRAILER = 3


def issue(script: Script) -> None:
    """Blank to whole."""
    plan, key = script.job.plan, script.job.secrets
    blocks = layout.data_blocks(plan.data, plan.uid, key, plan.templates.classic.sector)
    _open(script, _KEY_A, _FACTORY_KEY)  # two: nothing is written without a key, and it must lie in the reader
    script.same_card()
    for number, content in enumerate(blocks):
        _write(script, number, content)  # three blocks: the number, the counter and its copy; a write takes one
    script.same_card()
    _write(script, _TRAILER, layout.trailer(key).encode())  # both keys and their rights, last of all
    if script.checked:
        _check(script, blocks)


def _check(script: Script, blocks: tuple[bytes, ...]) -> None:
    """Both keys open the sector, and it says what was written; only key B may read the rights."""
    key = script.job.secrets
    _open(script, _KEY_A, key[KeyPurpose.READ])
    _open(script, _KEY_B, key[KeyPurpose.WRITE])
    for number, content in enumerate(blocks):
        assert _read(script, number) == content
    assert _read(script, _TRAILER)[6:10] == layout.trailer(key).encode()[6:10]


def read(script: Script) -> bytes:
    """The block with the number, as a gate asks for it."""
    _open(script, _KEY_A, script.job.secrets[KeyPurpose.READ])
    return _read(script, 0)


def _open(script: Script, which: int, key: bytes) -> None:
    script.say(bytes.fromhex("FF82000006") + key, "the reader has the key")
    script.say(bytes.fromhex("FF860000050100") + bytes([_block(script, 0), which, 0]), "the sector is open")


def _write(script: Script, number: int, content: bytes) -> None:
    script.say(bytes([0xFF, 0xD6, 0, _block(script, number), 16]) + content, "it stands there")


def _read(script: Script, number: int) -> bytes:
    return script.say(bytes([0xFF, 0xB0, 0, _block(script, number), 16]), "what stands there")


def _block(script: Script, number: int) -> int:
    return script.job.plan.templates.classic.sector * 4 + number
