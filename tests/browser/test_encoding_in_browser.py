"""Cards are truly written under the eyes of the desk: step by step, by keyboard alone, and pulled away half-way."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from gateway.domain.person import Proof
from gateway.services import encode_jobs
from gateway.services.encode_jobs import BatchRow
from tests.browser.real_desk import RealSite, blank, writing_site
from tests.browser.town import PATIENCE_MS

HEAR = """
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (at) {
  document.documentElement.dataset.heard = `${document.documentElement.dataset.heard ?? ""} ${this.type}`;
  return start.call(this, at);
};
"""
"""Notes each tone: sines say that a card is done, squares that something went wrong."""


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealSite]:
    """A compound whose encoder writes."""
    with writing_site(tmp_path_factory.mktemp("writing")) as running:
        yield running


@pytest.fixture
def page(real: RealSite, chromium: Browser) -> Iterator[Page]:
    """A window of the desk, in English; the browser must not complain about anything in it."""
    context = chromium.new_context(locale="en")
    context.set_default_timeout(PATIENCE_MS)
    context.add_init_script(HEAR)
    window, complaints = context.new_page(), list[str]()
    window.on("pageerror", lambda error: complaints.append(str(error)))
    window.goto(real.site.link("desk"))
    window.locator("main button.primary").click()
    window.wait_for_url("**/desk")
    window.locator("button[name=language][value=en]").click()
    window.locator("html[lang=en]").wait_for(state="attached")
    window.wait_for_load_state("load")
    yield window
    real.hand.lift()
    context.close()
    assert not complaints


def test_a_card_is_written_and_opens_by_keyboard_alone(real: RealSite, page: Page) -> None:
    """Name, card, receipt, Enter; then whose it is, and where it opens, without a reload."""
    expect(page.locator("[data-search]")).to_be_focused()
    page.keyboard.type("王建军")
    page.keyboard.press("Enter")
    real.hand.lay(*blank())
    expect(page.locator("[data-live~=encoder]")).to_contain_text("cannot be copied")
    page.locator("input[name=receipt]").focus()
    page.keyboard.type("R-4711", delay=80)  # faster would be a scan
    page.keyboard.press("Enter")
    expect(page.get_by_text("is issued.")).to_be_visible()
    expect(page.locator("[data-live~=encoder]")).to_contain_text("It belongs to 王建军, 3-1-502.")
    expect(page.get_by_text("Opens at")).to_be_visible()


def test_a_card_that_is_pulled_away_is_finished_when_it_is_laid_back(real: RealSite, page: Page) -> None:
    """What happened, what to do; and the second tap does it."""
    li_na = real.site.compound.li_na
    page.goto(f"{real.site.url}/desk/units/{li_na.unit_id}?person={li_na.holder_id}")
    card, uid = blank()
    real.hand.lay(card, uid)
    expect(page.get_by_role("button", name="Issue to 李娜")).to_be_visible()
    card.doom(die_after=card.commands + 12)
    page.locator("input[name=receipt]").fill("R-4712")
    page.locator("input[name=receipt]").press("Enter")
    expect(page.get_by_text("The card was lifted or does not answer.")).to_be_visible()
    real.hand.lift()
    expect(page.get_by_text("it is finished by itself")).to_be_visible()
    real.hand.lay(card, uid)
    expect(page.get_by_text("is issued.")).to_be_visible()


def test_a_handover_day_by_keyboard_alone(real: RealSite, page: Page) -> None:
    """Start, lay, lift, lay; a key skips who is not there; a pulled card is finished; each is told by a sound."""
    path, names = _planned(real)
    page.goto(f"{real.site.url}{path}")
    page.get_by_role("button", name="Start at desk").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".big")).to_have_text(names[0])
    real.hand.lay(*blank())
    expect(page.get_by_text("Done. Lift the card.")).to_be_visible()
    expect(page.locator(".big")).to_have_text(names[1])
    real.hand.lift()
    page.keyboard.press("n")  # also the touch that lets a browser make sounds
    expect(page.locator(".big")).to_have_text(names[2])
    card, uid = blank("desfire-ev1")
    card.doom(die_after=20)
    real.hand.lay(card, uid)
    expect(page.get_by_text("The card was lifted or does not answer.").first).to_be_visible()
    expect(page.locator("html")).to_have_attribute("data-heard", re.compile("square"))
    real.hand.lift()
    real.hand.lay(card, uid)
    expect(page.get_by_text("2 of 3 cards written")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("data-heard", re.compile("sine"))
    expect(page.locator(".big")).to_have_text(names[1])
    real.hand.lift()
    real.hand.lay(*blank("classic"))
    expect(page.get_by_text("3 of 3 cards written")).to_be_visible()
    expect(page.get_by_text("Every row has its card.")).to_be_visible()


def _planned(real: RealSite) -> tuple[str, list[str]]:
    """A list for three households: its address, and whom it names."""
    chosen = {card.unit: card for card in real.site.compound.cards if card.holder not in {"李娜", "王建军"}}
    three = [card for _unit, card in sorted(chosen.items())][:3]
    rows = [BatchRow(card.unit or "", card.holder_id or 0, Proof.OWNER_FILE, receipt="R-1") for card in three]
    with real.site.house.store.write(real.site.clerk) as uow:
        batch = encode_jobs.plan_batch(uow, "3 号楼", rows)
    return f"/desk/batches/{batch.id}", [card.holder or "" for card in three]


def test_enter_gives_nothing_up(real: RealSite, page: Page) -> None:
    """A dialog that asks for something final stands on the way back."""
    path, _names = _planned(real)
    page.goto(f"{real.site.url}{path}")
    page.get_by_role("link", name="Close the day").click()
    expect(page.locator("dialog[open] a[data-back]")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("dialog[open]")).to_have_count(0)
    expect(page.locator("#batch-count")).to_have_text("0 of 3 cards written")
