"""Opens one gate over HTTP in a process of its own, which the environment may kill on the way; prints each pulse.

Arguments: the store's URL, the bearer token, the portal.
"""

import sys
from dataclasses import dataclass, replace

from starlette.testclient import TestClient

from admin_api.app import create_app
from gateway.ports import CommandResult
from gateway.storage.store import Store
from tests.admin_api.house import FakeClock, FakeCommands, FakePortals, open_house

KEY = {"Idempotency-Key": "open-1"}
WHY = {"reason": "delivery lorry"}


@dataclass
class TellingPortals(FakePortals):
    """A barrier whose pulse is seen from outside at once."""

    async def open(self, portal: str, *, by: str, reason: str) -> None:  # noqa: ARG002 - the port's shape
        sys.stdout.write("pulse")
        sys.stdout.flush()


@dataclass
class TellingCommands(FakeCommands):
    """A controller whose pulse is seen from outside at once."""

    async def command(self, controller: str, kind: str, portal: str | None, by: str) -> CommandResult:  # noqa: ARG002 - the port's shape
        sys.stdout.write("pulse")
        sys.stdout.flush()
        return self.result


def main(url: str, token: str, portal: str) -> None:
    clock = FakeClock()
    store = Store(url, clock=clock, boot="child")
    house = replace(open_house(store, clock), portals=TellingPortals(), commands=TellingCommands())
    client = TestClient(create_app(house), base_url="https://testserver", headers={"Authorization": f"Bearer {token}"})
    client.post(f"/api/v1/portals/{portal}/open", json=WHY, headers=KEY)


if __name__ == "__main__":
    main(*sys.argv[1:])
