"""Records are numbered within one run of the gateway."""

from gateway.runtime.records import RecordMaker


def test_numbers_rise_and_times_are_milliseconds() -> None:
    """Boot and number name a record for ever."""
    make = RecordMaker("run-1", lambda: 1.25)
    first, second = make("a", "t", {}), make("b", "t", {"x": 1}, actor="user:3")
    assert [first.id, second.id] == [("run-1", 1), ("run-1", 2)]
    assert (second.at_ms, second.actor, first.actor) == (1250, "user:3", "system")
