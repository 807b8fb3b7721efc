"""Logging that never blocks the gates and never shows a secret."""

import logging
import queue
import re
import sys
from collections.abc import MutableMapping
from logging.handlers import QueueHandler, QueueListener
from typing import Any, Final

import structlog

WAITING: Final = 10_000

_SECRET: Final = re.compile(
    r"(?i)(gh_[A-Za-z0-9_-]{4})[A-Za-z0-9_-]+|(token=|password=|scbk=)[^\s&\"']+|(/sign-in/)\S+"
)
_SECRET_NAMES: Final = frozenset({"password", "secret", "token", "key", "scbk", "list_key", "cookie", "authorization"})


def redact(text: str) -> str:
    """The text with tokens, passwords and sign-in links cut off after their first letters."""
    return _SECRET.sub(lambda match: f"{match[1] or match[2] or match[3]}…", text)


def redact_event(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: the same for each value, and nothing of a value whose name says that it is secret."""
    for name, value in event.items():
        if name in _SECRET_NAMES:
            event[name] = "…"
        elif isinstance(value, str):
            event[name] = redact(value)
    return event


class _DroppingHandler(QueueHandler):
    """A full queue, because nobody reads standard error, loses lines instead of time."""

    def enqueue(self, record: logging.LogRecord) -> None:
        """Puts the record, or forgets it."""
        try:
            self.queue.put_nowait(record)
        except queue.Full:
            return


class _RenderedHandler(_DroppingHandler):
    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        """Renders in the caller's thread, so that what is logged cannot change on its way."""
        record.msg, record.args = self.format(record), None
        record.exc_info = record.exc_text = record.stack_info = None
        return record


def set_up(form: str, level: str) -> QueueListener:
    """Lines on standard error, written by a thread of their own. ``form``: ``json`` or ``console``."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact_event,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    waiting: queue.Queue[logging.LogRecord] = queue.Queue(WAITING)
    handler = _RenderedHandler(waiting)
    handler.setFormatter(_formatter(form, shared))
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    for noisy in ("uvicorn", "alembic", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)  # the barrier says itself why it is offline
    listener = QueueListener(waiting, logging.StreamHandler(sys.stderr))
    listener.start()
    return listener


def _formatter(form: str, shared: list[Any]) -> structlog.stdlib.ProcessorFormatter:
    render: Any = structlog.processors.JSONRenderer(ensure_ascii=False)
    if form == "console":
        render = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render]
    )
