"""The time to issue a card at the desk, through a real pcscd, beside the bare round trips of the same commands.

Both go through the same pcscd in turns. What counts is what the desk adds: the card is looked at, written, read back
and activated, and every step is on the disk before the next command. The card's own time is taken off.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from typing import Any, Final

from tests.bench.desk_in_namespace import BATCH, KINDS
from tests.bench.measure import Row

_IN_NAMESPACE: Final = 'ip link set lo up && mount -t tmpfs tmpfs /run && mkdir /run/pcscd && exec "$0" -m "$1" "$2"'
_ALONE: Final = ("--map-root-user", "--mount", "--net", "--pid", "--fork", "--kill-child")
_LONGEST_S: Final = 600

BATCH_ADDED_S: Final = 3.0
"""A handover day of 200 cards: what may come to the card's own time and the hand's."""

ADDED_S: Final = 1.0
"""A third of that: a card takes about ten commits, and some disks need 50 ms for each."""

CARDS_A_MINUTE: Final = 20


def _measured() -> dict[str, Any]:
    """Pcscd is alone in a namespace, where whoever runs this is root: the machine's own hears nothing of it."""
    with tempfile.TemporaryDirectory(dir="var") as folder:
        inside = ["sh", "-c", _IN_NAMESPACE, sys.executable, "tests.bench.desk_in_namespace", folder]
        command = ["unshare", *_ALONE, *inside]
        done = subprocess.run(command, stdout=subprocess.PIPE, timeout=_LONGEST_S, check=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _added(name: str, ours: Sequence[float], bare: Sequence[float], limit_s: float) -> Row:
    o, b = statistics.median(ours), statistics.median(bare)
    return Row(name, o, b, "s a card", o / b, limit_s, o - b <= limit_s, "ours - reference at most")


def rows() -> Iterator[Row]:
    """Each kind of card, and a batch as on a handover day, where the hand that changes the cards is the reference."""
    found = _measured()
    for kind in KINDS:
        cards = [card for card in found["cards"] if card["kind"] == kind]
        ours = [card["took_s"] - card["its_own_s"] for card in cards]
        bare = [card["bare_s"] for card in cards]
        told = f"{cards[0]['commands']} bare round trips"
        yield _added(f"{kind}: issued through pcscd, beside {told}", ours, bare, ADDED_S)
    each_s = (found["batch_s"] - found["batch_its_own_s"]) / BATCH
    yield _added(f"batch of {BATCH}: beside the hand that changes cards", [each_s], found["hands_s"], BATCH_ADDED_S)
    hand_s = statistics.median(found["hands_s"])
    a_minute = 60 / each_s
    ratio = a_minute * hand_s / 60
    name = f"batch of {BATCH}: cards a minute"
    holds = a_minute >= CARDS_A_MINUTE
    yield Row(name, a_minute, 60 / hand_s, "cards", ratio, CARDS_A_MINUTE, holds, "ours at least")
