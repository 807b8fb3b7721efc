"""A real demo before a real browser: the tabs a person has open after ``make run``."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response, StorageState, expect

from tests.system.demo import Demo

PATIENCE_MS: Final = 20_000  # a time-out is no measurement: the machine may be busy
DESKTOP: Final = (1280, 800)
PHONE: Final = (390, 844)
_LEFT: Final = "net::ERR_ABORTED"  # what was asked for by a page that was left meanwhile


class Town:
    """The demo and one person's windows; whatever the browser complains about stands in ``complaints``."""

    def __init__(self, demo: Demo, browser: Browser) -> None:
        self.demo = demo
        self.complaints: list[str] = []
        self.expected: tuple[int, ...] = ()  # statuses of refusals that a test asks for
        self._browser = browser
        self._session: BrowserContext | None = None

    @property
    def bench_url(self) -> str:
        return str(self.demo.told["bench_url"])

    def url(self, path: str) -> str:
        return f"{self.demo.told['url']}{path}"

    @property
    def printed_link(self) -> str:
        """The one-time link as the terminal shows it."""
        found = re.search(r"http\S+/sign-in/\S+", self.demo.output.read_text())
        assert found is not None
        return found[0]

    def sign_in(self, language: str = "en") -> Page:
        """Uses the link; the first window."""
        page = self._watched(self._context())
        page.goto(self.printed_link)
        page.locator("main button.primary").click()
        page.wait_for_url("**/desk")
        self._session = page.context
        speak(page, language)
        return page

    def tab(self, url: str) -> Page:
        """Another window of whoever signed in; not a tab, since Chromium draws hidden tabs once a second."""
        assert self._session is not None
        page = self._watched(self._context(session=self._session.storage_state()))
        page.goto(url)
        return page

    @contextmanager
    def window(
        self, url: str, *, size: tuple[int, int] = DESKTOP, dark: bool = False, locale: str = "en"
    ) -> Iterator[Page]:
        """A window of nobody in particular: the bench asks for no name."""
        context = self._context(size=size, dark=dark, locale=locale)
        page = self._watched(context)
        page.goto(url)
        yield page
        context.close()

    def _context(
        self,
        *,
        size: tuple[int, int] = DESKTOP,
        dark: bool = False,
        locale: str = "en",
        session: StorageState | None = None,
    ) -> BrowserContext:
        context = self._browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if dark else "light",
            locale=locale,
            storage_state=session,
        )
        context.set_default_timeout(PATIENCE_MS)
        return context

    def _watched(self, context: BrowserContext) -> Page:
        page = context.new_page()
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("requestfailed", self._failed)
        page.on("response", self._answered)
        return page

    def _console(self, message: ConsoleMessage) -> None:
        told_below = message.text.startswith("Failed to load resource")
        if message.type in {"error", "warning"} and not told_below:
            self.complaints.append(message.text)

    def _failed(self, request: Request) -> None:
        if request.failure != _LEFT:
            self.complaints.append(f"{request.method} {request.url}: {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400 and response.status not in self.expected:
            self.complaints.append(f"{response.request.method} {response.url}: {response.status}")


class Bench:
    """The hands at the hardware bench, through its page."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, key: str) -> None:
        self.page.locator(f"button[data-key='{key}']").click()

    def take(self, number: str) -> None:
        """A card into the hand."""
        self.page.get_by_role("radio", name=number).click()

    def lay(self, number: str) -> None:
        """That card on the encoder, in place of what lies there."""
        self.take(number)
        self.press("lay")
        self.page.locator("button[data-key=lift]").wait_for()

    def new(self, kind: str) -> str:
        """A blank card of this kind into the hand; its UID."""
        return self._take_new(f"blank-{kind}", kind)

    def copy(self) -> str:
        """A card with the UID of the one in the hand, in its place."""
        return self._take_new("copy", "copy")

    def _take_new(self, key: str, kind: str) -> str:
        cards = self.page.locator("[role=radio]")
        there = cards.count()
        self.press(key)
        expect(cards).to_have_count(there + 1)
        card = self.page.locator("[role=radio][aria-checked=true]")
        expect(card).to_have_attribute("data-kind", kind)
        return card.locator("small").first.inner_text()

    def lift(self) -> None:
        """Clears the encoder, if anything lies there."""
        if self.page.locator("button[data-key=lift]").count():
            self.press("lift")
        self.page.locator("button[data-key=lay]").wait_for()

    def hold(self, portal: str) -> None:
        """The card in the hand to a reader."""
        self.press(f"hold-{portal}")

    def scan(self, text: str) -> None:
        """A slip before the scanner of the post."""
        self.page.get_by_label("Text of a slip's QR").fill(text)
        self.page.get_by_role("button", name="Scan it").click()


def speak(page: Page, language: str) -> None:
    """Chooses a language for whoever signed in."""
    page.locator(f"button[name=language][value={language}]").click()
    page.locator(f"html[lang={language}]").wait_for(state="attached")


def sideways(page: Page) -> int:
    """How many pixels a page is wider than its window."""
    width: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return width


@contextmanager
def living_town(directory: Path, browser: Browser) -> Iterator[Town]:
    """A first start; ends with the context, and no process of it ever says "Traceback"."""
    demo = Demo(directory / "data")
    demo.start_first()
    town = Town(demo, browser)
    try:
        yield town
    finally:
        demo.close()
    assert [name for name, text in demo.logs().items() if "Traceback" in text] == []
    assert not town.complaints, town.complaints
