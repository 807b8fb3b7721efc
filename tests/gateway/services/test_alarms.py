"""An alarm counts its repeats until somebody looks."""

import pytest

from gateway.domain.errors import ConflictError, NotFoundError
from gateway.services import alarms, events
from tests.gateway.services.small_compound import CLERK, Compound


def test_a_repeat_counts_up_and_is_not_recorded_again(compound: Compound) -> None:
    for _time in range(3):
        with compound.desk() as uow:
            alarm = alarms.raise_alarm(uow, "tamper", "reader:main-in", {"times": _time})
        compound.clock.step(10)
    assert (alarm.count, alarm.detail) == (3, {"times": 2})
    assert alarm.last_at - alarm.raised_at == 20
    with compound.store.read() as conn:
        assert alarms.open_alarms(conn) == [alarm]
        assert len(events.events(conn, kinds=["alarm.raised"])) == 1


def test_other_kinds_and_places_are_other_alarms(compound: Compound) -> None:
    with compound.desk() as uow:
        for kind, source in (("tamper", "a"), ("tamper", "b"), ("power", "a")):
            alarms.raise_alarm(uow, kind, source)
        assert len(alarms.open_alarms(uow.conn)) == 3


def test_one_look_ends_it_and_the_second_is_told_who_looked(compound: Compound) -> None:
    with compound.desk() as uow:
        alarm = alarms.raise_alarm(uow, "tamper", "reader:main-in")
        seen = alarms.acknowledge(uow, alarm.id)
        assert (seen.acknowledged_by, alarms.open_alarms(uow.conn)) == (CLERK.name, [])
        with pytest.raises(ConflictError, match="周敏 has already acknowledged"):
            alarms.acknowledge(uow, alarm.id)
        again = alarms.raise_alarm(uow, "tamper", "reader:main-in")
        assert (again.id != alarm.id, again.count) == (True, 1)
        assert alarms.list_alarms(uow.conn, after=alarm.id) == [again]
        with pytest.raises(NotFoundError):
            alarms.acknowledge(uow, 99)
