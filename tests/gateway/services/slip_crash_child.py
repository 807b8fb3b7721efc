"""Releases one slip in a process of its own, which the environment may kill on the way.

Arguments: the store's URL, the release id, the slip's text.
"""

import sys

from gateway.storage.store import Store
from tests.gateway.services.slip_stage import Load
from tests.stores import NOW


def main(url: str, release_id: str, text: str) -> None:
    store = Store(url, clock=lambda: NOW, boot="child")
    verdict = Load(text, id=release_id).go(store)
    store.close()
    sys.stdout.write(verdict.code)


if __name__ == "__main__":
    main(*sys.argv[1:])
