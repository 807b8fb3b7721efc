"""Every page: axe finds nothing, nothing scrolls sideways on a phone, and the browser has no complaint."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from gateway.storage.store import SYSTEM
from tests.browser.conftest import Open
from tests.browser.screenshots import PAGES
from tests.browser.server import LAKE_BLANK, Site

AXE = Axe()
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


def _rules(key: str) -> dict[str, object]:
    """The post is read from afar: contrast AAA there."""
    enhanced = {"color-contrast-enhanced": {"enabled": key.startswith("post-")}}
    return {**RULES, "rules": enhanced}


def _overflow(page: Page) -> int:
    """How far a phone of 360 px would scroll sideways."""
    page.set_viewport_size({"width": 360, "height": 740})
    wide: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wide


@pytest.mark.parametrize("key", PAGES)
def test_axe_finds_nothing(site: Site, open_as: Open, key: str) -> None:
    """Light on a desktop, dark on a phone, where nothing scrolls sideways either."""
    for phone in (False, True):
        page = open_as(PAGES[key][0], phone=phone, dark=phone)
        site.lay(LAKE_BLANK)
        PAGES[key][1](page, site)
        page.wait_for_load_state("load")
        page.evaluate("document.getAnimations().forEach(a => a.finish())")
        results = AXE.run(page, options=_rules(key))
        assert results.violations_count == 0, results.generate_report()
        assert not phone or _overflow(page) == 0


@pytest.mark.parametrize("key", PAGES)
def test_nothing_scrolls_sideways_in_chinese(site: Site, open_as: Open, key: str) -> None:
    """Other words, other widths: down to 360 px."""
    page = open_as(PAGES[key][0], phone=True, language="zh-Hant")
    site.lay(LAKE_BLANK)
    PAGES[key][1](page, site)
    page.wait_for_load_state("load")
    assert _overflow(page) == 0


def test_the_frame_in_both_themes(site: Site, open_as: Open) -> None:
    """The background follows the system's choice."""
    grounds = set()
    for dark in (False, True):
        page = open_as("", dark=dark)
        page.goto(f"{site.url}/sign-in")
        grounds.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert len(grounds) == 2


def test_the_stream_scrolls_inside_itself(site: Site, open_as: Open) -> None:
    """However much happened, the console is no longer than what stands on it."""
    for _ in range(40):
        site.slip()
    page = open_as("admin")
    page.goto(f"{site.url}/console")
    rest = "document.documentElement.scrollHeight - document.querySelector('.console').getBoundingClientRect().bottom"
    assert page.evaluate(rest) < 900
    assert page.evaluate("document.querySelector('.events').scrollHeight") > 900


def test_older_events_are_put_below_and_the_stream_waits(site: Site, open_as: Open) -> None:
    """By keyboard; the filter is kept, and going on shows the newest again."""
    for _ in range(70):
        site.slip()
    page = open_as("admin")
    page.goto(f"{site.url}/console")
    page.locator("[data-filter]").fill("signed")
    page.locator("[data-older]").focus()
    with page.expect_response(lambda answer: "before=" in answer.url and "q=signed" in answer.url):
        page.keyboard.press("Enter")
    expect(page.locator("[data-pause]")).to_have_attribute("aria-pressed", "true")
    for row in page.locator(".events li:visible").all():
        expect(row).to_contain_text("signed")
    page.locator("[data-pause]").click()
    expect(page.locator("[data-pause]")).to_have_attribute("aria-pressed", "false")


def test_news_leave_the_focus_on_its_link(site: Site, open_as: Open) -> None:
    """Somebody passes while a keyboard is on its way to the gate's button."""
    page = open_as("admin")
    page.goto(f"{site.url}/console")
    row = page.locator(".gates tbody tr", has_text="北门入口")
    row.get_by_role("link", name="Hold open…").focus()
    with site.house.store.write(SYSTEM) as uow:
        uow.record(
            "access.denied", "portal:main-in", {"reason": "expired", "key": "01", "list": "compound", "version": 3}
        )
    site.publish("barrier", {})
    expect(row).to_contain_text("refused")
    expect(row.get_by_role("link", name="Hold open…")).to_be_focused()


def test_a_gate_is_held_and_given_back_by_keyboard(site: Site, open_as: Open) -> None:
    """Both dialogs name the gate and ask why; the row says what holds meanwhile."""
    page = open_as("admin")
    page.goto(f"{site.url}/console")
    row = page.locator(".gates tbody tr", has_text="北门入口")
    for button, why in (("Hold open…", "movers"), ("End the hold…", "movers left")):
        row.get_by_role("link", name=button).focus()
        page.keyboard.press("Enter")
        expect(page.locator("dialog[open] h1")).to_contain_text("北门入口")
        page.keyboard.type(why, delay=80)  # faster would be a scan
        page.keyboard.press("Enter")
        expect(page.locator("dialog[open]")).to_have_count(0)
        held = button == "Hold open…"
        expect(row.get_by_text("stays open until ended")).to_have_count(1 if held else 0)
        page.wait_for_load_state("load")  # before its script runs, a link leads to the dialog's page
