"""The README's first five minutes, as a person walks them: the terminal's link, five tabs, one mouse."""

import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.town import PHONE, Bench, Town, sideways

HOME = "3-1-502"
HOLDER = "王建军"
UID = "04B101526E6180"


@dataclass
class Tabs:
    """What stands open side by side."""

    town: Town
    desk: Page
    bench: Bench
    console: Page

    def portal(self, portal: str) -> Locator:
        """A gate's row on the bench."""
        return self.bench.page.locator(f"[data-portal='{portal}']")


@pytest.fixture(scope="module")
def tabs(town: Town) -> Tabs:
    """Signed in by the link from the terminal."""
    desk = town.sign_in()
    bench = Bench(town.tab(town.bench_url))
    bench.page.get_by_role("button", name="English").click()
    return Tabs(town, desk, bench, town.tab(town.url("/console")))


def find_home(desk: Page) -> None:
    """From anywhere to the household, by search."""
    desk.goto(re.sub(r"(//[^/]+).*", r"\1/desk", desk.url))
    desk.locator("[data-search]").fill(HOME)
    desk.locator("#hits a", has_text=HOME).first.click()
    expect(desk.locator("main h1")).to_have_text(HOME)


def test_a_card_lives(tabs: Tabs) -> None:
    """Laid, issued and honoured; lost, refused at the wire and behind a controller, and explained; found again."""
    desk, bench, console = tabs.desk, tabs.bench, tabs.console
    find_home(desk)
    bench.lay("0901")
    panel = desk.locator("[data-live~=encoder]")
    expect(panel).to_contain_text("04 B1 01 52 6E 61 80")
    expect(panel).to_contain_text("A blank card")
    desk.get_by_role("link", name=f"Choose {HOLDER}").click()
    desk.get_by_label("Receipt number").fill("R-20417")
    desk.get_by_role("button", name=f"Issue to {HOLDER}").click()
    expect(desk.get_by_text("Card 0901 is issued.")).to_be_visible()
    in_force(desk, "Opens")

    bench.hold("main-in")
    expect(tabs.portal("main-in")).to_contain_text("Granted")
    tabs.town.demo.taps.held(UID)
    expect(tabs.portal("main-in").locator(".lane.open")).to_be_visible()
    expect(happened(console, "passed").first).to_contain_text(HOLDER)
    expect(console.get_by_role("row", name="北门入口")).to_contain_text("passed")

    report_lost(desk, "0901")
    in_force(desk, "Refused")
    for portal in ("main-in", "b3-door"):
        hold_again(tabs, portal)
        expect(tabs.portal(portal)).to_contain_text("Denied")
    assert_explained(console)

    desk.get_by_role("link", name="Withdraw the loss…").click()
    desk.get_by_label("I have seen the holder's identity card").check()
    desk.locator("dialog[open] button.primary").click()
    in_force(desk, "Opens")
    bench.hold("b3-door")
    expect(tabs.portal("b3-door")).to_contain_text("Granted")


def test_a_card_that_cannot_be_copied(tabs: Tabs) -> None:
    """Pulled off half-way and finished by laying it back; gates open to it, not to its copy, and the console tells."""
    desk, bench = tabs.desk, tabs.bench
    bench.lift()
    find_home(desk)
    uid = bench.new("desfire-ev2")
    bench.press("lay")
    panel = desk.locator("[data-live~=encoder]")
    expect(panel).to_contain_text(uid)
    expect(panel).to_contain_text("cannot be copied")
    bench.page.get_by_role("button", name="Pull it off in the middle").click()
    desk.get_by_role("link", name=f"Choose {HOLDER}").click()
    desk.get_by_label("Receipt number").fill("R-20419")
    desk.get_by_role("button", name=f"Issue to {HOLDER}").click()
    expect(panel).to_contain_text("The card was taken away before it was done.")
    bench.press("lay")
    expect(desk.get_by_text(re.compile(r"Card \d+ is issued\."))).to_be_visible()
    in_force(desk, "Opens")

    bench.hold("main-in")
    expect(tabs.portal("main-in")).to_contain_text("Granted")
    expect(tabs.portal("main-in").locator(".lane.open")).to_be_visible()
    alarms = tabs.console.locator('[data-src="/console/alarms"]')
    assert bench.copy() == uid
    for portal, name in (("main-in", "北门入口"), ("b3-door", "3 号楼大堂")):
        bench.hold(portal)
        expect(tabs.portal(portal)).to_contain_text("Denied")
        expect(alarms).to_contain_text(f"At {name} someone showed the UID of card")
    expect(alarms).to_contain_text(f"({HOME}) without the number that is on the card")


def in_force(desk: Page, word: str) -> None:
    """The bar is full: every gate concerned has confirmed."""
    expect(desk.locator("#reach-count")).to_have_text(re.compile(rf"{word} at (\d+) of \1 gates"))


def happened(console: Page, word: str) -> Locator:
    """Events of a kind, newest first."""
    return console.locator("#events li", has=console.locator(".tag", has_text=re.compile(f"^{word}$")))


def report_lost(desk: Page, number: str) -> None:
    desk.get_by_role("link", name=f"Lost… {number}").click()
    dialog = desk.locator("dialog[open]")
    expect(dialog).to_contain_text(f"Report card {number} lost?")
    dialog.locator("button.primary, button.danger").click()
    expect(desk.get_by_text(f"Card {number} is reported lost.")).to_be_visible()


def hold_again(tabs: Tabs, portal: str) -> None:
    """A new tap: a reader takes two within two seconds for one."""
    tabs.town.demo.taps.rest(UID)
    tabs.bench.hold(portal)


def assert_explained(console: Page) -> None:
    """One click from the refusal to its reason."""
    refusal = happened(console, "refused").first
    expect(refusal).to_be_visible()
    refusal.get_by_role("link", name="Why?").click()
    dialog = console.locator("dialog[open]")
    expect(dialog).to_contain_text("0901")
    expect(dialog).to_contain_text("lost")
    console.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_goods_leave_once(tabs: Tabs) -> None:
    """A slip is written, scanned at the post, released, and the second scan is told of the first."""
    desk, bench = tabs.desk, tabs.bench
    text = write_slip(desk)
    post = tabs.town.tab(tabs.town.url("/post"))
    with post.expect_response("**/live?**"):  # from here on it hears the scanner
        post.get_by_role("link", name="Work here 北门岗").click()
    expect(post.get_by_role("heading", name="Ready")).to_be_visible()

    scan_until(bench, text, post, "OK")
    assert fills_the_screen(post, "green")
    expect(post.locator(".goods-line")).to_have_count(2)
    for tick in post.locator(".goods-line").get_by_role("checkbox").all():
        tick.check()
    post.get_by_label("Plate of the car in front of you").fill("粤B12345")
    post.get_by_role("button", name="Release").click()
    expect(post.locator("[data-code=RELEASED]")).to_be_visible()

    scan_until(bench, text, post, "ALREADY_RELEASED")
    assert fills_the_screen(post, "red")
    for evidence in ("北门岗", "管理员", "粤B12345"):
        expect(post.locator(".evidence")).to_contain_text(evidence)
    expect(happened(tabs.console, "goods released").first).to_be_visible()
    post.close()


def write_slip(desk: Page) -> str:
    """What leaves, and who agreed; the text of its QR."""
    find_home(desk)
    desk.get_by_role("link", name="Release slip").click()
    for line, (name, quantity) in enumerate((("冰箱", "1"), ("纸箱", "3")), 1):
        desk.get_by_label(f"Goods, line {line}").fill(name)
        desk.get_by_label(f"Quantity, line {line}").fill(quantity)
    desk.get_by_label("How the owner agreed").select_option(label="signed at the desk")
    desk.get_by_label("I compared the identity document").check()
    desk.get_by_role("button", name="Write the slip").click()
    expect(desk.get_by_role("img", name="QR code of the slip")).to_be_visible()
    return desk.locator(".code-text code").inner_text()


def scan_until(bench: Bench, text: str, post: Page, code: str) -> None:
    """Scans; the verdict appears at the post without a touch there."""
    bench.scan(text)
    expect(post.locator(f"[data-code={code}]")).to_be_visible()


def fills_the_screen(post: Page, colour: str) -> bool:
    """Whether the verdict covers the window from edge to edge below the bar."""
    box = post.locator(f"[data-colour={colour}]").bounding_box()
    bar = post.locator(".post-bar").bounding_box()
    size = post.viewport_size
    assert box
    assert bar
    assert size
    return box["width"] >= size["width"] - 1 and box["height"] >= size["height"] - bar["height"] - 1


def test_a_pulled_plug_is_explained(tabs: Tabs) -> None:
    """The reader is unplugged: the console names it, says why, and what to do; plugged in, it is well again."""
    console = tabs.console
    reader = console.locator("li", has_text="main-line").filter(has=console.locator(".tag"))
    devices = console.locator("[data-live=device]")
    expect(devices).not_to_contain_text("offline")
    tabs.bench.press("plug-main-line")
    expect(reader.first).to_be_visible()
    expect(devices).to_contain_text("offline")
    expect(console.locator('[data-src="/console/alarms"]')).to_contain_text(
        "A device is offline. Check its cable and power."
    )
    tabs.bench.press("plug-main-line")
    expect(devices).not_to_contain_text("offline", timeout=30_000)
    alarms = console.locator("[data-src='/console/alarms'] li", has_text="main-line")
    expect(alarms).to_contain_text("back since")
    alarms.get_by_role("button").click()  # one plug, one alarm, though the reader on the line was gone with it
    expect(alarms).to_have_count(0)


def test_a_card_by_keyboard_alone(tabs: Tabs) -> None:
    """Slash, name, Enter, receipt, Enter: at the desk no mouse is needed."""
    desk, bench = tabs.desk, tabs.bench
    bench.lift()
    bench.lay("0902")
    desk.goto(tabs.town.url("/desk"))
    desk.keyboard.press("Escape")
    desk.keyboard.press("/")
    desk.keyboard.type(HOLDER, delay=80)  # faster would be a scan
    desk.keyboard.press("Enter")
    expect(desk.get_by_role("button", name=f"Issue to {HOLDER}")).to_be_visible()
    expect(desk.get_by_label("Receipt number")).to_be_focused()
    desk.keyboard.type("R-20418", delay=80)
    desk.keyboard.press("Enter")
    expect(desk.get_by_text("Card 0902 is issued.")).to_be_visible()
    in_force(desk, "Opens")


@pytest.mark.parametrize("path", ["/desk", "/post/north", "/console", "/settings"])
def test_a_phone_shows_it_whole(tabs: Tabs, path: str) -> None:
    """Nothing scrolls sideways, with the demo's own names and numbers."""
    page = tabs.town.tab(tabs.town.url(path))
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    expect(page.locator("main")).to_be_visible()
    assert sideways(page) == 0
    page.close()
