"""A keyboard-wedge scanner: real key events a millisecond apart by their own clock, however busy the machine is."""

import time
from typing import Any

from playwright.sync_api import Page

_KEY_S = 0.001
_ENTER: dict[str, Any] = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"}


def scan(page: Page, text: str) -> None:
    """Types the text and Enter, as a scanner does."""
    session = page.context.new_cdp_session(page)
    at = time.time()
    keys: list[dict[str, Any]] = [{"key": letter, "text": letter} for letter in text]
    for key in [*keys, _ENTER]:
        at += _KEY_S
        session.send("Input.dispatchKeyEvent", {"type": "keyDown", "timestamp": at, **key})
        session.send("Input.dispatchKeyEvent", {"type": "keyUp", "timestamp": at, "key": key["key"]})
    session.detach()
