"""Log lines tell no secrets and hold up nobody."""

import json
import logging
from collections.abc import Callable, Iterator

import pytest
import structlog

from gateway.daemon import logs


@pytest.fixture
def stderr(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[], str]]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield lambda: capsys.readouterr().err
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("token gh_AbCdEfGhIjKlMnOp used", "token gh_AbCd… used"),
        ("GET /sign-in/s3cr3t?next=/", "GET /sign-in/…"),
        ("password=hunter2&x=1", "password=…&x=1"),
        ("nothing here", "nothing here"),
    ],
)
def test_redacts(text: str, shown: str) -> None:
    """Tokens, one-time links, passwords in text."""
    assert logs.redact(text) == shown


def test_json_lines(stderr: Callable[[], str]) -> None:
    """One object a line; values named as secrets and secrets in texts are cut, newlines cannot forge a line."""
    listener = logs.set_up("json", "info")
    structlog.get_logger("t").info("signed_in", password="hunter2", link="/sign-in/s3cr3t", plate="粤B\n{}")
    logging.getLogger("other").warning("token %s", "gh_AbCdEfGhIjKlMnOp")
    listener.stop()
    first, second = [json.loads(line) for line in stderr().splitlines()]
    assert (first["event"], first["password"], first["link"], first["plate"]) == (
        "signed_in",
        "…",
        "/sign-in/…",
        "粤B\n{}",
    )
    assert (second["event"], second["level"]) == ("token gh_AbCd…", "warning")


def test_an_exception_is_told_in_the_line(stderr: Callable[[], str]) -> None:
    """With its traceback as a value."""
    listener = logs.set_up("json", "info")
    try:
        int("boom")
    except ValueError:
        structlog.get_logger("t").exception("failed")
    listener.stop()
    assert "ValueError: invalid literal" in json.loads(stderr())["exception"]


def test_nobody_reads_and_nobody_waits(monkeypatch: pytest.MonkeyPatch, stderr: Callable[[], str]) -> None:
    """A blocked standard error loses lines, not time."""
    monkeypatch.setattr(logs, "WAITING", 5)
    monkeypatch.setattr(logging.handlers.QueueListener, "start", lambda _self: None)
    logs.set_up("json", "info")
    for number in range(50):
        structlog.get_logger("t").info("line", number=number)
    assert stderr() == ""
