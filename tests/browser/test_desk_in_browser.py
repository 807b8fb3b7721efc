"""The desk by hand: by keyboard alone, by scanner, live from the encoder, and kept through errors."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.server import Site
from tests.browser.wedge import scan

BLANKS = [bytes((0x04, 0xB1, n, 0x52, 0x6E, 0x61, 0x80)) for n in range(1, 13)]


def household(page: Page, site: Site, query: str = "") -> None:
    page.goto(f"{site.url}/desk/units/{site.compound.li_na.unit_id}{query}")


def test_a_first_card_by_keyboard_alone(site: Site, open_as: Open) -> None:
    """Slash, name, Enter; lay the card; the receipt's number, Enter."""
    site.lay(None)
    page = open_as("desk")
    expect(page.locator("[data-search]")).to_be_focused()  # by itself, perhaps only now
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("王建军")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Lay a card here to issue it to 王建军.")).to_be_visible()
    site.lay(BLANKS[4])
    expect(page.get_by_role("button", name="Issue to 王建军")).to_be_visible()
    page.keyboard.press("Escape")
    page.locator("input[name=receipt]").focus()
    page.keyboard.type("R-4711", delay=80)  # faster would be a scan
    page.keyboard.press("Enter")
    expect(page.get_by_text("Card 0905 is issued.")).to_be_visible()
    expect(page.locator("progress")).to_have_attribute("max", re.compile("[1-9]"))


def test_what_lies_on_the_encoder_is_live(site: Site, open_as: Open) -> None:
    """Laid, lifted, a phone: the panel follows without a reload."""
    site.lay(None)
    page = open_as("desk")
    panel = page.locator("[data-live~=encoder]")
    expect(panel).to_contain_text("Lay a card here")
    site.lay(site.compound.li_na.uid)
    expect(panel).to_contain_text("It belongs to 李娜")
    panel.get_by_role("link", name="Show 李娜").click()
    expect(page.locator("main h1")).to_have_text("3-1-502")
    site.lay(bytes.fromhex("08010203"), random_uid=True)
    expect(panel).to_contain_text("This is a phone")
    site.lay(None)
    expect(panel).to_contain_text("Lay a card here")


def test_a_receipt_being_typed_survives_news(site: Site, open_as: Open) -> None:
    """The card is lifted and laid back while someone types."""
    site.lay(BLANKS[1])
    page = open_as("desk")
    household(page, site, f"?person={site.compound.li_na.holder_id}")
    page.locator("input[name=receipt]").fill("R-12")
    with page.expect_response("**/desk/encoder?**"):
        site.lay(BLANKS[2])
    expect(page.locator(".uid")).to_have_text(BLANKS[2].hex(" ").upper())
    expect(page.locator("input[name=receipt]")).to_have_value("R-12")
    site.lay(None)


def test_what_is_wrong_with_a_form_stays_until_the_card_is_lifted(site: Site, open_as: Open) -> None:
    """The page looks at the encoder anew as soon as it is live; the form that came back outlives that."""
    site.lay(BLANKS[6])
    page = open_as("desk")
    household(page, site, f"?person={site.compound.li_na.holder_id}")
    expect(page.locator("[data-line=live]").first).to_be_visible()
    with page.expect_response("**/desk/encoder?**"):
        page.get_by_role("button", name="Issue to 李娜").click()
    expect(page.locator("[data-line=live]").first).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text("R-CARD-10")
    expect(page.locator("#e-receipt")).to_be_visible()
    site.lay(None)
    expect(page.locator("[data-live~=encoder]")).to_contain_text("Lay a card here to issue it to 李娜.")


def test_a_scan_is_a_search_wherever_the_cursor_is(open_as: Open) -> None:
    """A burst of fast keys ending in Enter opens the household of a card."""
    page = open_as("desk")
    page.locator("body").click()
    scan(page, "1-1-101")
    expect(page.locator("main h1")).to_have_text("1-1-101")


def test_a_dialog_asks_by_naming_and_escape_leaves(site: Site, open_as: Open) -> None:
    """Report lost in a dialog, back by Esc, then truly."""
    page = open_as("desk")
    household(page, site)
    lost = page.get_by_role("link", name=f"Lost… {site.compound.li_na.number}")
    lost.click()
    dialog = page.locator("dialog[open]")
    expect(dialog).to_contain_text(f"Report card {site.compound.li_na.number} lost?")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    lost.click()
    page.locator("dialog[open] button.primary").click()
    expect(page.get_by_text("is reported lost.")).to_be_visible()
    page.wait_for_load_state("load")  # before its script runs, a link leads to the dialog's page
    page.get_by_role("link", name="Withdraw the loss").click()
    page.locator("dialog[open] input[name=holder_verified]").check()
    page.locator("dialog[open] button.primary").click()
    expect(page.get_by_text("is changed.")).to_be_visible()


def test_a_half_filled_slip_survives_a_reload(site: Site, open_as: Open) -> None:
    """What was typed is kept in this tab until the slip is written."""
    page = open_as("desk")
    household(page, site, "/slips")
    page.locator("input[name=item]").first.fill("钢琴")
    page.locator("input[name=plate]").fill("粤B54321")
    page.reload()
    expect(page.locator("input[name=item]").first).to_have_value("钢琴")
    page.locator("input[name=qty]").first.fill("1")
    page.locator("select[name=method]").select_option("0")
    page.locator("input[name=identity_checked]").check()
    page.get_by_role("button", name="Write the slip").click()
    expect(page.locator("img.qr")).to_be_visible()
    page.wait_for_load_state("load")
    household(page, site, "/slips")
    expect(page.locator("input[name=item]").first).to_have_value("")


def test_lines_of_goods_come_and_go(site: Site, open_as: Open) -> None:
    """Enter adds a line and goes there."""
    page = open_as("desk")
    household(page, site, "/slips")
    expect(page.locator(".goods .line")).to_have_count(3)
    page.locator("input[name=qty]").last.press("Enter")
    expect(page.locator(".goods .line")).to_have_count(4)
    expect(page.locator("input[name=item]").last).to_be_focused()
    page.locator("[data-drop-line]").last.click()
    expect(page.locator(".goods .line")).to_have_count(3)


def test_the_keys_are_shown(open_as: Open) -> None:
    """By `?`, closed by Esc."""
    page = open_as("desk")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_hidden()
