"""FMCOS: 10 commands, 21 with what the desk must check."""

from drivers.cards import record
from drivers.cards.fmcos import layout
from drivers.cards.fmcos.protocol.ciphers import cryptogram, ecb
from gateway.ports.cards import KeyPurpose
from tests.bench.fewest.script import Script

_MAIN, _MF = 0, bytes.fromhex("00A40000023F0000")


def issue(script: Script) -> None:
    """Blank to whole. When the card is laid down, the MF is selected."""
    plan, key = script.job.plan, script.job.secrets
    template = plan.templates.fmcos
    sealed = record.seal(plan.data, plan.uid, key[KeyPurpose.ISSUER])

    _open(script, _MAIN, layout.FACTORY_KEY)  # two: the factory's key guards what is made in the MF
    script.same_card()
    script.say(layout.create_application(template), "our directory")
    _change_main_key(script)  # from now on only we may fill it
    _select(script)  # files are made in the directory that is selected
    script.same_card()
    for apdu in layout.write_files(sealed):
        script.say(apdu, "the key file, the file of the number, and the number")
    script.same_card()
    for apdu in layout.write_keys(key):
        script.say(apdu, "the key that opens it, and the one that proves that it is no copy")
    if script.checked:
        _select(script)  # a key that opened the directory before would let us read whatever the new one is
        assert read(script, select=False) == sealed
        script.say(_MF, "the main key belongs to the MF")
        _open(script, _MAIN, key[KeyPurpose.PICC])


def read(script: Script, *, select: bool = True) -> bytes:
    """The 32 bytes, as a gate asks for them: the reader proves itself, and the card that it is no copy."""
    key = script.job.secrets
    if select:
        _select(script)
    _open(script, key.version, key[KeyPurpose.READ])
    ours = script.job.random(8)
    proof = script.say(bytes([0, 0x88, 0, key.version, 8]) + ours + b"\x00", "the card is no copy")
    assert proof == ecb(key[KeyPurpose.PROOF], ours)
    return script.say(bytes.fromhex("00B0810020"), "the number")


def _select(script: Script) -> None:
    name = script.job.plan.templates.fmcos.name
    script.say(bytes([0, 0xA4, 4, 0, len(name)]) + name + b"\x00", "our directory is selected")


def _open(script: Script, key_id: int, key: bytes) -> None:
    size = script.job.plan.templates.fmcos.challenge_size
    challenge = script.say(bytes([0, 0x84, 0, 0, size]), "nobody can play back an old proof")
    script.say(bytes([0, 0x82, 0, key_id, 8]) + cryptogram(key, challenge), "we know the key")


def _change_main_key(script: Script) -> None:
    ours = layout.main_key(script.job.secrets, is_short=False).encode()
    script.say(bytes([0x80, 0xD4, 0x39, _MAIN, len(ours)]) + ours, "the card is ours")
