"""One Chromium and one served compound for all browser tests; a fresh window for each.

They end with this package: Playwright keeps an event loop running, under which no asynchronous test could run.
"""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from tests.browser.server import Site, served
from tests.browser.town import PATIENCE_MS, Town, living_town

CHROMIUM = "/usr/bin/chromium"
Open = Callable[..., Page]

expect.set_options(timeout=PATIENCE_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks these tests."""
    for item in items:
        if "tests/browser" in str(item.path):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The seeded compound, served."""
    with served(tmp_path_factory.mktemp("browser")) as running:
        yield running


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """The browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def town(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> Iterator[Town]:
    """A whole demo: gateway, broker, simulated hardware and the bench."""
    with living_town(tmp_path_factory.mktemp("town"), chromium) as running:
        yield running


@pytest.fixture
def open_as(site: Site, chromium: Browser) -> Iterator[Open]:
    """A window of someone signed in by a link; the browser must not complain about anything in it."""
    contexts = []
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        expected = "Failed to load resource" in message.text  # refusals are pages here, and tests cut lines
        if message.type in {"error", "warning"} and not expected:
            complaints.append(message.text)

    def open_window(login: str, *, phone: bool = False, language: str = "en", dark: bool = False) -> Page:
        context = chromium.new_context(
            viewport={"width": 390, "height": 844} if phone else {"width": 1440, "height": 900},
            color_scheme="dark" if dark else "light",
            locale=language,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", note)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        if login:
            page.goto(site.link(login))
            page.locator("main button.primary").click()
            page.wait_for_url(lambda url: "/sign-in" not in url)
            if page.locator("html").get_attribute("lang") != language:
                page.locator(f"button[name=language][value={language}]").click()
                page.locator(f"html[lang={language}]").wait_for(state="attached")
        page.wait_for_load_state("load")
        return page

    yield open_window
    for context in contexts:
        context.close()
    site.calm()
    assert not complaints
