"""The site is set up once, and a change of its rules reaches everybody."""

from datetime import date

import pytest

from gateway.domain.entitlement import BasisKind
from gateway.domain.errors import ConflictError, MalformedError, NotFoundError
from gateway.domain.identity import IdentityForm
from gateway.services import site
from gateway.storage import lists
from gateway.storage.store import SYSTEM, Store
from tests.gateway.services.small_compound import KEYRING, UID, Compound

ALL_DAY = ((0, 1440),)


def test_one_site_a_store(compound: Compound) -> None:
    with compound.desk() as uow, pytest.raises(ConflictError):
        site.create_site(uow, slug="two", number=8, name="x", timezone="Asia/Shanghai", keyring=KEYRING)
    with compound.store.read() as conn:
        assert site.describe(conn).name == "湖景苑"


def test_a_site_is_checked_field_by_field(sqlite_store: Store) -> None:
    with sqlite_store.write(SYSTEM) as uow:
        with pytest.raises(MalformedError) as refused:
            site.create_site(uow, slug="lake", number=0, name=" ", timezone="Nowhere", keyring=KEYRING)
        with pytest.raises(NotFoundError):
            site.describe(uow.conn)
    assert set(refused.value.fields) == {"number", "name", "timezone"}


def test_settings_are_changed_by_name_and_recorded(compound: Compound) -> None:
    with compound.desk() as uow:
        assert site.set_settings(uow, cards_per_unit=3).cards_per_unit == 3
        with pytest.raises(MalformedError):
            site.set_settings(uow, cards_per_unit=0)
        with pytest.raises(MalformedError):
            site.set_settings(uow, colour=1)
    with compound.store.read() as conn:
        assert site.describe(conn).settings.cards_per_unit == 3


def test_an_area_is_a_list_with_the_forms_its_readers_show(compound: Compound) -> None:
    with compound.desk() as uow:
        site.add_area(uow, id="pool", name="泳池", forms=[IdentityForm.W34])
        for bad in ("Pool", "pool"):
            with pytest.raises((ConflictError, MalformedError)):
                site.add_area(uow, id=bad, name="x")
        with pytest.raises(MalformedError):
            site.add_area(uow, id="gym", name="x", forms=[])
        assert site.get_area(uow.conn, "pool").forms == (IdentityForm.W34,)
        with pytest.raises(NotFoundError):
            site.get_area(uow.conn, "gym")
    compound.issue()
    with compound.store.read() as conn:
        counts = {view.area.id: (view.version, view.count) for view in site.list_lists(conn)}
    assert counts == {"b1": (0, 0), "b3": (1, 1), "compound": (1, 1), "garage": (1, 2), "pool": (0, 0)}


def test_a_new_rule_reaches_everybody_in_one_version(compound: Compound) -> None:
    compound.issue()
    with compound.desk() as uow:
        site.set_access_rule(uow, compound.keys, basis=BasisKind.RESIDENCE, common_areas=("b1",), unit_areas=False)
        assert site.list_access_rules(uow.conn)[BasisKind.RESIDENCE].common_areas == ("b1",)
    assert compound.opens(UID) == {"b1"}
    assert {name: w.version for name, w in compound.lists().items()} == {"b1": 1, "b3": 2, "compound": 2, "garage": 2}


def test_a_rule_names_areas_and_schedules_that_exist(compound: Compound) -> None:
    with compound.desk() as uow:
        with pytest.raises(NotFoundError):
            site.set_access_rule(uow, compound.keys, basis=BasisKind.TENANCY, common_areas=("pool",))
        with pytest.raises(NotFoundError):
            site.set_access_rule(uow, compound.keys, basis=BasisKind.TENANCY, schedule=9)


def test_the_calendar_has_a_version_of_its_own(compound: Compound) -> None:
    with compound.store.read() as conn:
        before = site.describe(conn)
    with compound.desk() as uow:
        first = site.add_schedule(uow, name="days", weekdays=[ALL_DAY] * 7)
        second = site.add_schedule(uow, name="work", weekdays=[((480, 1080),)] * 5 + [()] * 2, number=7)
        for day in (date(2026, 1, 1), date(2026, 1, 1), date(2026, 2, 17)):
            site.add_holiday(uow, day)
        site.remove_holiday(uow, date(2026, 2, 17))
        site.remove_holiday(uow, date(2026, 2, 18))
    with compound.store.read() as conn:
        after = site.describe(conn)
        assert site.list_schedules(conn) == [first, second]
        assert site.list_holidays(conn) == [date(2026, 1, 1)]
        assert lists.calendar(conn).schedules == {1: first.schedule, 7: second.schedule}
    assert after.calendar_version == before.calendar_version + 5
    assert after.config_version > before.config_version


def test_a_schedule_is_checked(compound: Compound) -> None:
    with compound.desk() as uow:
        with pytest.raises(MalformedError):
            site.add_schedule(uow, name="x", weekdays=[ALL_DAY] * 6)
        with pytest.raises(MalformedError):
            site.add_schedule(uow, name="x", weekdays=[((600, 500),)] * 7)
        with pytest.raises(ConflictError):
            site.add_schedule(uow, name="x", weekdays=[ALL_DAY] * 7, number=256)
