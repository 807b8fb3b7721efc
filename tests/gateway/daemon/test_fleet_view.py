"""What pages are told of the controllers."""

from types import SimpleNamespace
from typing import Any

from gateway.daemon.wiring import FleetView
from gateway.ports import ControllerStatus, HeldList
from sync.mass_removals import Held


def _report() -> ControllerStatus:
    lists = {name: HeldList(1, 7, bytes(32), 90, 1) for name in ("main", "garage")}
    return ControllerStatus("gate-1", True, "b", 1, 1, "s", lists, 1, 1, 1000, 1)


def _view(held: dict[str, Held]) -> FleetView:
    fleet = SimpleNamespace(statuses=lambda: {"gate-1": _report()})
    sync: Any = SimpleNamespace(fleet=fleet, publisher=SimpleNamespace(held=held))
    return FleetView(sync)


def test_reports_are_passed_on() -> None:
    """As they came."""
    assert _view({}).statuses() == [_report()]


def test_nobody_has_a_mass_removal_that_waits() -> None:
    """A gate with a newer version still has the cards: the desk must not read that they are refused there."""
    (report,) = _view({"main": Held("main", 5, 20, 100)}).statuses()
    assert {name: held.version for name, held in report.lists.items()} == {"main": 4, "garage": 7}
