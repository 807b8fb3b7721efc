"""Enrolling a controller makes its account at the broker, or hands out nothing."""

from dataclasses import replace

import pytest

from admin_api import enrolment
from gateway.domain.errors import NotFoundError
from gateway.ports import DeviceOfflineError
from gateway.runtime.house import BrokerAddress, House
from gateway.services import gates
from gateway.storage.store import SYSTEM


class Accounts:
    """A broker's accounts, in memory; ``broken`` ones cannot be told anything."""

    def __init__(self, *, broken: bool = False) -> None:
        self.known: dict[str, str] = {}
        self._broken = broken

    def enrol(self, user: str, password: str) -> None:
        if self._broken:
            raise DeviceOfflineError("The broker could not be told of %(user)s.", user=user)
        self.known[user] = password


@pytest.fixture(autouse=True)
def gate(house: House) -> None:
    """A controller that is set up and not enrolled yet."""
    with house.store.write(SYSTEM) as uow:
        gates.add_controller(uow, id="gate-1", name="东门", portals=[])


def _with(house: House, accounts: Accounts) -> House:
    return replace(house, broker_accounts=accounts, broker_address=BrokerAddress("broker.lan", 8883))


def test_the_account_is_the_one_in_the_file(house: House) -> None:
    """Enrolling again gives new credentials, at the broker too."""
    accounts = Accounts()
    told = []
    for _ in range(2):
        with house.store.write(SYSTEM) as uow:
            parts = enrolment.enrol(_with(house, accounts), uow, "gate-1")
        broker = parts["broker"]
        assert isinstance(broker, dict)
        assert accounts.known == {"gate-1": broker["password"]}
        told.append(broker["password"])
    assert told[0] != told[1]


def test_a_broker_that_cannot_be_told_keeps_the_controller_out(house: House) -> None:
    """Nothing is enrolled, so nobody holds a file that does not work."""
    with pytest.raises(DeviceOfflineError), house.store.write(SYSTEM) as uow:
        enrolment.enrol(_with(house, Accounts(broken=True)), uow, "gate-1")
    with house.store.read() as conn:
        assert gates.get_controller(conn, "gate-1").enrolled_at is None


def test_without_a_broker_there_is_nothing_to_hand_out(house: House) -> None:
    """A clear sentence; an unknown controller is said to be unknown."""
    with pytest.raises(DeviceOfflineError, match="no broker"), house.store.write(SYSTEM) as uow:
        enrolment.enrol(replace(house, broker_address=None), uow, "gate-1")
    with pytest.raises(NotFoundError), house.store.write(SYSTEM) as uow:
        enrolment.enrol(_with(house, Accounts()), uow, "gate-9")
