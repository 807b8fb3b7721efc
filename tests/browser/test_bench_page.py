"""The hardware bench as a page: three languages, both themes, two widths, by keyboard, and live."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.town import DESKTOP, PHONE, Bench, Town, sideways
from tests.system.plant import wait_for

AXE = Axe()
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
TITLES = {"en": "Hardware bench", "zh-CN": "硬件工作台", "zh-TW": "硬體工作台"}
RESIDENT, STRANGE = "1001", "04 A1 B2 C3 D4 E5 80"


@pytest.mark.parametrize(("size", "dark"), [(DESKTOP, False), (PHONE, True)])
def test_axe_finds_nothing(town: Town, size: tuple[int, int], dark: bool) -> None:  # noqa: FBT001 - a parameter
    """Light on a desktop, dark on a phone; with a card laid, a hand at it, a copy, a plug pulled, an answer given."""
    with town.window(town.bench_url, size=size, dark=dark) as page:
        bench = Bench(page)
        bench.lift()
        bench.new("desfire-ev1")
        bench.press("lay")
        page.get_by_role("button", name="Pull it off in the middle").click()
        expect(page.locator("#encoder")).to_contain_text("The hand waits: 8 commands")
        bench.copy()
        bench.take(RESIDENT)
        bench.hold("b1-door")
        bench.hold("b2-door")
        expect(page.locator("[data-portal='b2-door']")).to_contain_text("Denied")
        bench.press("cut-gate-2")
        expect(page.locator("[data-controller='gate-2']")).to_contain_text("cut off, decides alone")
        results = AXE.run(page, options=RULES)
        bench.press("cut-gate-2")
        expect(page.locator("[data-controller='gate-2']")).to_contain_text("connected")
    assert results.violations_count == 0, results.generate_report()


@pytest.mark.parametrize("locale", TITLES)
def test_it_speaks_the_browsers_language(town: Town, locale: str) -> None:
    """No word is missing, and nothing scrolls sideways on the narrowest phone."""
    with town.window(town.bench_url, size=(360, 740), locale=locale) as page:
        expect(page.get_by_role("heading", level=1)).to_have_text(TITLES[locale])
        expect(page.locator("[data-portal]")).to_have_count(6)
        assert page.locator("[data-text]:empty").count() == 0
        assert sideways(page) == 0


def test_every_language_says_everything(town: Town) -> None:
    """Each table of texts has the same keys, none empty."""
    with town.window(town.bench_url) as page:
        tables = page.evaluate(
            "import('/strings.js').then(m => Object.values(m.STRINGS).map(t => Object.entries(t).filter(e => e[1])"
            ".map(e => e[0]).sort()))"
        )
    assert len(tables) == len(TITLES)
    assert tables[0] == tables[1] == tables[2]


def test_the_language_is_kept(town: Town) -> None:
    """Chosen once, it is there after a reload."""
    with town.window(town.bench_url) as page:
        page.get_by_role("button", name="繁體").click()
        expect(page.locator("html")).to_have_attribute("lang", "zh-Hant")
        page.reload()
        expect(page.get_by_role("heading", level=1)).to_have_text("硬體工作台")


def test_a_card_is_chosen_and_held_by_keyboard(town: Town) -> None:
    """Arrows through the cards, Tab to a gate, Enter; the button keeps the focus while the page lives on."""
    with town.window(town.bench_url) as page:
        page.get_by_role("radio").first.focus()
        page.keyboard.press("ArrowUp")
        expect(page.get_by_role("radio").last).to_be_focused()
        expect(page.get_by_role("radio").last).to_have_attribute("aria-checked", "true")
        hold = page.locator("button[data-key=hold-b1-door]")
        hold.focus()
        page.keyboard.press("Enter")
        expect(page.locator("[data-portal='b1-door'] .verdict")).to_be_visible()
        expect(hold).to_be_focused()


def test_what_is_impossible_is_said(town: Town) -> None:
    """No card in the hand; a car before a closed arm; a card that is in the box already."""
    with town.window(town.bench_url) as page:
        bench, told = Bench(page), page.locator("[role=status]")
        bench.hold("b1-door")
        expect(told).to_have_text("Choose a card first.")
        town.expected = (422,)
        bench.press("pass-main-in")
        expect(told).to_contain_text("the car would hit it")
        bench.take(RESIDENT)
        expect(told).to_be_empty()
        page.get_by_label("A card with this UID").fill("56 32 21 0B")
        page.get_by_role("button", name="Put it in the box").click()
        expect(told).to_contain_text("in the box already")
    town.expected = ()


@pytest.mark.parametrize("kind", ["desfire-ev2", "desfire-ev1", "fmcos", "classic", "uid"])
def test_a_blank_card_of_every_kind_is_pulled_off(town: Town, kind: str) -> None:
    """Taken, laid, seen by the gateway; pulled at the next command it stays in the hand and can be laid again."""
    with town.window(town.bench_url) as page:
        bench = Bench(page)
        bench.lift()
        uid = bench.new(kind)
        bench.press("lay")
        on_encoder = page.locator("[aria-checked=true] .lies")
        expect(on_encoder).to_be_visible()
        wait_for("the gateway to know the card", lambda: seen(town, uid) == kind)
        page.get_by_label("Command no.").fill("1")
        page.get_by_role("button", name="Pull it off in the middle").click()
        expect(page.locator("#encoder")).to_contain_text("The hand waits: 1 commands")
        town.demo.api.post("/encoders/front-encoder/look")
        expect(page.locator("#log li").first).to_contain_text("Card pulled off in the middle")
        expect(on_encoder).to_have_count(0)
        bench.press("lay")
        expect(on_encoder).to_be_visible()
        bench.lift()


def seen(town: Town, uid: str) -> str | None:
    """The kind of the card on the encoder, as the gateway found it."""
    (encoder,) = town.demo.api.get("/encoders")["items"]
    there = encoder["uid"] == uid.replace(" ", "").lower() and encoder["found"]
    return str(encoder["found"]["kind"]) if there else None


def test_a_strange_card_opens_nothing(town: Town) -> None:
    """A card from elsewhere is put into the box and refused."""
    with town.window(town.bench_url) as page:
        page.get_by_label("A card with this UID").fill(STRANGE)
        page.get_by_role("button", name="Put it in the box").click()
        page.get_by_role("radio", name=STRANGE).click()
        Bench(page).hold("south-gate")
        expect(page.locator("[data-portal='south-gate'] .verdict")).to_contain_text("Denied")
