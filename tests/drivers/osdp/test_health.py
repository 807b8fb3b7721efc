"""A reader is online, silent or holds another key."""

from drivers.osdp.health import Health, Verdict


def test_silence_is_told_from_a_wrong_key() -> None:
    """Both readers are not secure; one of them answers."""
    health = Health([1, 2])
    health.restart(100.0)
    assert health.judge(0, {1: 101.9}, 101.9) == []
    assert health.judge(0, {1: 102.0}, 102.1) == [(0, Verdict.WRONG_KEY), (1, Verdict.SILENT)]
    assert health.judge(0, {1: 102.2}, 102.3) == []


def test_a_silent_reader_is_noticed_before_libosdp_does() -> None:
    """Three quiet seconds are enough, though the session still counts as secure."""
    health = Health([1])
    health.restart(100.0)
    assert health.judge(1, {1: 100.1}, 100.1) == [(0, Verdict.ONLINE)]
    assert health.judge(1, {1: 100.1}, 103.0) == []
    assert health.judge(1, {1: 100.1}, 103.2) == [(0, Verdict.SILENT)]


def test_a_session_from_before_the_cut_is_not_believed() -> None:
    """After the line came back, only a reader that was heard since is online."""
    health = Health([1])
    health.restart(100.0)
    assert health.judge(1, {}, 100.5) == []
    assert health.judge(1, {1: 100.6}, 100.6) == [(0, Verdict.ONLINE)]


def test_an_absent_reader_is_tried_every_second_and_a_half() -> None:
    """Neither at once nor at every turn."""
    health = Health([1])
    health.restart(100.0)
    assert health.to_knock(101.0) == []
    assert health.to_knock(101.5) == [0]
    assert health.to_knock(102.0) == []
    assert health.to_knock(103.0) == [0]
