"""The record is read forwards, backwards, by kind, by whom and about what."""

from gateway.services import events
from tests.gateway.services.small_compound import CLERK, SUPERVISOR, Compound


def test_events_follow_a_cursor(compound: Compound) -> None:
    with compound.store.read() as conn:
        first = events.events(conn, 0, 2)
        rest = events.events(conn, first[-1].seq, 500)
    assert [record.seq for record in (*first, *rest)] == list(range(1, len(rest) + 3))
    assert first[0].kind == "site.created"


def test_a_kind_or_a_whole_family(compound: Compound) -> None:
    compound.issue()
    with compound.store.read() as conn:
        assert [r.kind for r in events.events(conn, kinds=["card.issue"])] == ["card.issue"]
        assert {r.kind for r in events.events(conn, kinds=["unit.", "card.issue"])} == {
            "unit.added",
            "unit.handed_over",
            "card.issue",
        }
        assert events.events(conn, kinds=["car"]) == []


def test_the_newest_come_first_when_asked_so(compound: Compound) -> None:
    card = compound.issue()
    with compound.store.read() as conn:
        newest = events.latest(conn, 2)
        before = events.latest(conn, 1, before=newest[-1].seq)
        about = events.latest(conn, target=card.credential)
    assert [r.seq for r in newest] == [newest[0].seq, newest[0].seq - 1]
    assert before[0].seq == newest[-1].seq - 1
    assert [r.kind for r in about] == ["card.issue"]


def test_the_audit_is_what_people_did(compound: Compound) -> None:
    compound.person("王建军")
    with compound.desk() as uow:
        uow.record("access.granted", "portal:main-in", {})
    with compound.store.read() as conn:
        by_clerk = events.audit(conn, actor=CLERK.id, pii=True)
        by_supervisor = events.audit(conn, actor=SUPERVISOR.id)
    assert [(r.kind, r.pii) for r in by_clerk] == [("person.added", {"name": "王建军", "phone": ""})]
    assert by_supervisor[0].pii == {}
    assert "access.granted" not in {r.kind for r in (*by_clerk, *by_supervisor)}
