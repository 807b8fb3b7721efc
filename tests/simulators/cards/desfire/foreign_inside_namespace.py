"""python-desfire as its readers use it: pyscard and a real pcscd, native frames, the card a process of its own.

Prints as JSON what it found.
"""

import json
import sys

from desfire import DESFire
from desfire.devices.pcsc import PCSCDevice

from tests.simulators.cards.desfire.foreign import story
from tests.simulators.cards.inside_namespace import card, connect, pcscd


def visit(kind: str) -> dict[str, object]:
    with card(kind, "--uid", "04112233445566"):
        connection = connect()
        told = story(DESFire(PCSCDevice(connection.component)))
        connection.disconnect()
    return told


if __name__ == "__main__":
    with pcscd():
        json.dump({kind: visit(kind) for kind in sys.argv[1:]}, sys.stdout)
