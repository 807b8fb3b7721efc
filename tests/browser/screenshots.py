"""A picture of every page, in two widths, two themes and three languages: ``make screenshots``.

``python -m tests.browser.screenshots [part of a name …]`` writes var/screenshots/<page>-<width>-<theme>-<language>.png.
"""

import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Literal

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from gateway.services.release import Taken, release
from tests.browser.encoder_states import STATES
from tests.browser.server import LAKE_BLANK, Site, served

OUT: Final = Path(__file__).parents[2] / "var" / "screenshots"
CHROMIUM: Final = "/usr/bin/chromium"
WIDTHS: Final = {"desktop": (1440, 900), "phone": (390, 844)}
THEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")
LANGUAGES: Final = ("zh-Hans", "zh-Hant", "en")
Shot = Callable[[Page, Site], None]


def _at(path: str) -> Shot:
    return lambda page, site: _open(page, site.url + path)


def _open(page: Page, url: str) -> None:
    page.goto(url, wait_until="load")


def _household(query: str = "") -> Shot:
    return lambda page, site: _open(page, f"{site.url}/desk/units/{site.compound.li_na.unit_id}{query}")


def _issue(page: Page, site: Site) -> None:
    _open(page, f"{site.url}/desk?q=王建军")
    page.locator("#hits a").first.click()
    page.locator("input[name=receipt]").wait_for()


def _show(page: Page, site: Site) -> None:
    li_na = site.compound.li_na
    _open(page, f"{site.url}/desk/units/{li_na.unit_id}?person={li_na.holder_id}&card={li_na.id}&done=issued")


def _verdict(text: Callable[[Site], str]) -> Shot:
    def shoot(page: Page, site: Site) -> None:
        _open(page, f"{site.url}/post/north")
        page.locator("#f-text").fill(text(site))
        page.keyboard.press("Enter")
        page.locator("[data-colour]").wait_for()

    return shoot


def _used(site: Site) -> str:
    slip = site.slip()
    with site.house.store.write(site.clerk) as uow:
        lines = [Taken(line.line, line.qty) for line in slip.lines]
        release(
            uow, site.house.keys.slips, release_id=f"{slip.slip_no:032x}", post="north", lines=lines,
            text=slip.token, plate_seen="粤B12345", guard="王强",
        )  # fmt: skip
    return slip.token or ""


def _released(page: Page, site: Site) -> None:
    _verdict(lambda s: s.slip(plate=None).token or "")(page, site)
    page.locator("#f-plate").fill("粤B12345")
    page.locator("[data-tick-all]").click()
    page.locator(".deed .primary").click()
    page.locator("[data-code=RELEASED]").wait_for()


def _ticked(page: Page, site: Site) -> None:
    _verdict(lambda s: s.slip().token or "")(page, site)
    page.get_by_role("checkbox").first.check()


def _slip_page(suffix: str = "") -> Shot:
    return lambda page, site: _open(page, f"{site.url}/desk/slips/{site.slip().id}{suffix}")


PAGES: Final[dict[str, tuple[str, Shot]]] = {
    "sign-in": ("", _at("/sign-in")),
    "sign-in-link": ("", _at("/sign-in/some-secret")),
    "desk": ("admin", _at("/desk?q=李")),
    "desk-household": ("admin", _household()),
    "desk-issue": ("admin", _issue),
    "desk-issued": ("admin", _show),
    "desk-card": ("admin", lambda page, site: _open(page, f"{site.url}/desk/cards/{site.compound.li_na.id}")),
    "desk-card-lost": ("admin", lambda page, site: _open(page, f"{site.url}/desk/cards/{site.compound.li_na.id}/lost")),
    "desk-handover": ("admin", _household("/handover")),
    "desk-person": ("admin", _household("/people")),
    "desk-card-renew": (
        "admin",
        lambda page, site: _open(page, f"{site.url}/desk/cards/{site.compound.li_na.id}/renew"),
    ),
    "desk-sale": ("admin", _household("/sale")),
    "desk-slip-new": ("admin", _household("/slips")),
    "desk-slip": ("admin", _slip_page()),
    "desk-slip-print": ("admin", _slip_page("/print")),
    "post-choose": ("admin", _at("/post")),
    "post-ready": ("guard", _at("/post/north")),
    "post-green": ("guard", _verdict(lambda site: site.slip(several_trips=False).token or "")),
    "post-trips": ("guard", _ticked),
    "post-released": ("guard", _released),
    "post-red": ("guard", _verdict(_used)),
    "post-amber": ("guard", _verdict(lambda site: site.slip(post="south").token or "")),
    "post-grey": ("guard", _verdict(lambda _site: "hello")),
    "console": ("admin", _at("/console")),
    "console-open": ("admin", _at("/console/portals/main-in/open")),
    "console-hold": ("admin", _at("/console/portals/main-in/hold")),
    "settings": ("admin", _at("/settings")),
    "not-found": ("admin", _at("/nothing")),
    **STATES,
}


def contexts(browser: Browser) -> Iterator[tuple[str, BrowserContext]]:
    """One browser context for each width, theme and language."""
    for width, (x, y) in WIDTHS.items():
        for theme in THEMES:
            for language in LANGUAGES:
                context = browser.new_context(viewport={"width": x, "height": y}, color_scheme=theme, locale=language)
                yield f"{width}-{theme}-{language}", context
                context.close()


def sign_in(page: Page, site: Site, login: str, language: str) -> None:
    """By a one-time link; the language is chosen as people choose it."""
    page.goto(site.link(login))
    page.locator("main button.primary").click()
    page.wait_for_load_state("load")
    page.locator(f"button[name=language][value={language}]").click()
    page.wait_for_load_state("load")


def main(wanted: list[str]) -> None:
    """Takes the pictures."""
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as directory, served(Path(directory)) as site, sync_playwright() as playwright:
        site.lay(LAKE_BLANK)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for name, context in contexts(browser):
            if any(word in LANGUAGES or word in (*WIDTHS, *THEMES) for word in wanted) and not all(
                word in name for word in wanted if word in (*LANGUAGES, *WIDTHS, *THEMES)
            ):
                continue
            names = [word for word in wanted if word not in (*LANGUAGES, *WIDTHS, *THEMES)]
            _shoot(context, site, name, names)
        browser.close()


def _shoot(context: BrowserContext, site: Site, name: str, names: list[str]) -> None:
    current = None
    page = context.new_page()
    size = page.viewport_size
    assert size is not None
    language = name.split("-", 2)[2]
    for key, (login, shot) in PAGES.items():
        if names and not any(word == key or (word.endswith("*") and key.startswith(word[:-1])) for word in names):
            continue
        if login != current:
            context.clear_cookies()
            current = login
            if login:
                sign_in(page, site, login, language)
        shot(page, site)
        _grow(page)
        page.screenshot(path=OUT / f"{key}-{name}.png", animations="disabled")
        page.set_viewport_size(size)


def _grow(page: Page) -> None:
    """Makes the window as high as the page, so that what sticks to its edge stands where it belongs."""
    height = page.evaluate("document.documentElement.scrollHeight")
    size = page.viewport_size
    assert size is not None
    page.set_viewport_size({"width": size["width"], "height": max(size["height"], min(height, 4000))})


if __name__ == "__main__":
    main(sys.argv[1:])
