"""Enrolling a controller: one transaction, an account at the broker, a provisioning file handed out once."""

import secrets
from collections.abc import Mapping

from gateway.ports import DeviceOfflineError
from gateway.runtime.house import House
from gateway.services import gates
from gateway.storage.store import UnitOfWork


def enrol(house: House, uow: UnitOfWork, controller: str) -> Mapping[str, object]:
    """The provisioning file as JSON values; enrolling again makes new credentials. Raises DeviceOfflineError."""
    if house.broker_address is None:
        raise DeviceOfflineError("This gateway has no broker, so there is nothing a controller could connect to.")
    password = secrets.token_urlsafe(24)
    # The broker's user name is the controller's id, as its access list wants.
    parts = gates.enrol_controller(uow, house.keyring, controller, house.broker_address, lambda name: (name, password))
    if house.broker_accounts is not None:
        # Before the commit: an account nobody was told of is harmless, a file without an account is not.
        house.broker_accounts.enrol(controller, password)
    return parts
