"""The post by scanner: a burst of keys or a scan at the gateway fills the screen with one verdict."""

from playwright.sync_api import Page, Route, expect

from gateway.domain.slip import Item
from tests.browser.conftest import Open
from tests.browser.server import Site
from tests.browser.wedge import scan


def code(page: Page, expected: str) -> None:
    expect(page.locator(f"[data-code={expected}]")).to_be_visible()


def test_a_wedge_works_wherever_the_cursor_is(site: Site, open_as: Open) -> None:
    """Scan, tick, release; the word changes; Esc is ready again; the second scan tells of the first."""
    page = open_as("guard")
    token = site.slip().token or ""
    page.locator("h1").click()
    scan(page, token)
    code(page, "OK")
    page.locator("#f-plate").fill("粤b12345")
    expect(page.get_by_role("button", name="Release")).to_be_disabled()
    page.get_by_role("button", name="All lines as listed").click()
    page.get_by_role("button", name="Release").click()
    code(page, "RELEASED")
    page.keyboard.press("Escape")
    expect(page.locator("#f-text")).to_be_focused()
    scan(page, token)
    code(page, "ALREADY_RELEASED")
    expect(page.locator(".evidence")).to_contain_text("粤B12345")
    expect(page.locator(".evidence")).to_contain_text("北门岗")


def test_a_scan_over_a_verdict_is_the_next_slip(site: Site, open_as: Open) -> None:
    """Also from inside the plate's field, which keeps nothing of the burst."""
    page = open_as("guard")
    first, second = site.slip(), site.slip((Item(1, "自行车", 1, "辆"),))
    scan(page, first.token or "")
    code(page, "OK")
    page.locator("#f-plate").click()
    scan(page, second.token or "")
    expect(page.locator(".goods-line")).to_have_count(1)
    expect(page.locator(".goods-line")).to_contain_text("自行车")


def test_a_scanner_that_sends_enter_twice_releases_nothing(site: Site, open_as: Open) -> None:
    """Not even the slip before, which was ticked and waits with the cursor on its button."""
    page = open_as("guard")
    scan(page, site.slip(plate=None).token or "")
    code(page, "OK")
    page.get_by_role("button", name="All lines as listed").click()
    expect(page.get_by_role("button", name="Release")).to_be_focused()
    scan(page, site.slip((Item(1, "自行车", 1, "辆"),), plate=None).token or "")
    page.keyboard.press("Enter")
    expect(page.get_by_role("checkbox", name="自行车")).to_be_visible()
    code(page, "OK")


def test_enter_ticks_line_by_line_and_then_releases(site: Site, open_as: Open) -> None:
    """Also from the plate's field; the button waits for every line of a slip for one trip."""
    page = open_as("guard")
    page.locator("#f-text").fill(site.slip(plate=None, several_trips=False).token or "")
    page.keyboard.press("Enter")
    code(page, "OK")
    release = page.get_by_role("button", name="Release")
    ticks = page.get_by_role("checkbox")
    page.locator("#f-plate").press("Enter")
    expect(ticks.nth(0)).to_be_checked()
    expect(ticks.nth(0)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".tally")).to_have_text("Ticked 2/3")
    expect(release).to_be_disabled()
    page.keyboard.press("Space")  # takes the second back
    expect(page.locator(".tally")).to_have_text("Ticked 1/3")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(release).to_be_focused()
    page.keyboard.press("Enter")
    code(page, "RELEASED")


def test_what_is_not_ticked_stays_for_a_later_trip(site: Site, open_as: Open) -> None:
    """One of three lines leaves; the next scan asks for the other two alone."""
    page = open_as("guard", phone=True)
    slip = site.slip(plate=None)
    scan(page, slip.token or "")
    page.get_by_role("checkbox").nth(1).check()
    page.get_by_role("button", name="Release").click()
    code(page, "RELEASED")
    page.keyboard.press("Escape")
    scan(page, slip.token or "")
    code(page, "PARTIAL_REMAINS")
    expect(page.get_by_role("checkbox")).to_have_count(2)
    expect(page.get_by_role("checkbox", name="纸箱")).to_have_count(0)


def test_a_scanner_at_the_gateway_shows_at_its_post(site: Site, open_as: Open) -> None:
    """By the live stream, and only there."""
    page = open_as("guard")
    expect(page.locator("[data-line=live]")).to_be_visible()
    site.publish("scan", {"scanner": "s2", "post": "south", "text": "nonsense"})
    site.publish("scan", {"scanner": "s1", "post": "north", "text": site.slip().token or ""})
    code(page, "OK")


def test_part_of_the_goods_leaves_by_the_steppers(site: Site, open_as: Open) -> None:
    """Twelve cartons, two of them later."""
    page = open_as("guard", phone=True)
    slip = site.slip((Item(1, "纸箱", 12, "箱"),), plate=None)
    scan(page, slip.token or "")
    for _ in range(2):
        page.get_by_role("button", name="Fewer: 纸箱").click()
    expect(page.get_by_role("spinbutton")).to_have_value("10")
    page.get_by_role("checkbox", name="纸箱").check()
    page.get_by_role("button", name="Release").click()
    code(page, "RELEASED")
    page.keyboard.press("Escape")
    scan(page, slip.token or "")
    code(page, "PARTIAL_REMAINS")
    expect(page.get_by_role("spinbutton")).to_have_value("2")


def test_a_refusal_by_gloved_hands(site: Site, open_as: Open) -> None:
    """Every button is at least 64 px high."""
    page = open_as("guard", phone=True)
    scan(page, site.slip().token or "")
    page.get_by_role("button", name="Refuse").click()
    expect(page.get_by_text("Why is it refused?")).to_be_visible()
    for button in page.locator("button.big, a.big, [data-tick]").all():
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= 64
    page.get_by_role("button", name="The goods differ from the list").click()
    code(page, "REFUSED")


def test_a_lost_connection_is_said_and_ends(site: Site, open_as: Open) -> None:
    """Nothing turns green without an answer, and the slip before does not stay on the screen."""
    page = open_as("guard")
    scan(page, site.slip().token or "")
    code(page, "OK")
    page.route("**/verify", lambda route: route.abort())
    scan(page, site.slip().token or "")
    expect(page.locator("[data-lost]")).to_contain_text("Line lost")
    expect(page.locator("[data-colour]")).to_have_count(0)
    page.unroute("**/verify")
    expect(page.get_by_role("button", name="Try again")).to_be_focused()
    page.get_by_role("button", name="Try again").click()
    code(page, "OK")


def test_a_gateway_that_fails_shows_no_verdict(site: Site, open_as: Open) -> None:
    """Its error is not put on the screen; trying again sends the same release, which releases once."""
    page = open_as("guard", phone=True)
    scan(page, site.slip(plate=None).token or "")
    page.get_by_role("button", name="All lines as listed").click()
    page.route("**/release", lambda route: route.fulfill(status=500, content_type="text/plain", body="Traceback"))
    page.get_by_role("button", name="Release").click()
    expect(page.locator("[data-lost]")).to_contain_text("nothing leaves twice")
    assert "Traceback" not in page.content()
    page.unroute("**/release")
    page.get_by_role("button", name="Try again").click()
    code(page, "RELEASED")


def test_a_scan_before_the_live_stream_is_open_is_not_lost(site: Site, open_as: Open) -> None:
    """The bar says that it connects; the slip shows once it has."""
    page = open_as("guard")
    held: list[Route] = []
    page.route("**/live?*", lambda route: held.append(route))  # noqa: PLW0108 - playwright looks into the handler
    with page.expect_request("**/live?*"):
        page.reload()
    expect(page.locator("[data-line=connecting]")).to_be_visible()
    expect(page.locator("[data-line=live]")).to_be_hidden()
    site.publish("scan", {"scanner": "s1", "post": "north", "text": site.slip().token or ""})
    page.wait_for_function("performance.getEntriesByType('navigation')[0].loadEventEnd > 0")
    held[0].continue_()
    code(page, "OK")
    expect(page.locator("[data-line=live]")).to_be_visible()


def test_sound_waits_for_a_gesture_and_says_so(site: Site, open_as: Open) -> None:
    """Opened without a click nothing is complained of; a scanner's keys are a gesture, and the hint goes."""
    page = open_as("guard")
    page.goto("about:blank")
    page.goto(f"{site.url}/post/north")
    hint = page.get_by_role("button", name="Tap once for sound")
    expect(hint).to_be_visible()
    site.publish("scan", {"scanner": "s1", "post": "north", "text": "nonsense"})
    expect(page.locator("[data-colour=grey]")).to_be_visible()
    expect(hint).to_be_visible()
    scan(page, site.slip().token or "")
    code(page, "OK")
    expect(hint).to_be_hidden()
