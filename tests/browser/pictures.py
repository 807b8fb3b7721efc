"""The pictures of README.md, taken from a running demo: ``python -m tests.browser.pictures`` writes docs/*.png."""

import base64
import tempfile
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.town import PHONE, Bench, Town, living_town, speak

DOCS: Final = Path(__file__).parents[2] / "docs"
CHROMIUM: Final = "/usr/bin/chromium"
HOLDER: Final = "王建军"
WRITTEN: Final = "DESFire EV2"


def _shoot(page: Page, name: str) -> None:
    page.wait_for_load_state("load")
    page.evaluate("document.activeElement?.blur(); scrollTo(0, 0)")
    page.evaluate("document.getAnimations().forEach(a => a.finish())")
    page.screenshot(path=DOCS / f"{name}.png", animations="disabled")


def _desk(desk: Page, bench: Bench) -> None:
    """A card that cannot be copied has just been issued and is in force."""
    desk.locator("[data-search]").fill("3-1-502")
    desk.locator("#hits a").first.click()
    desk.locator("a.button", has_text=HOLDER).first.click()
    bench.new("desfire-ev2")
    bench.press("lay")
    desk.locator("input[name=receipt]").fill("R-20417")
    desk.locator("[data-live~=encoder] button.primary").click()
    expect(desk.locator("progress[aria-labelledby=reach-count]")).to_have_js_property("position", 1)
    desk.locator("[data-search]").fill("3-1-502")
    expect(desk.locator("#hits a").first).to_be_visible()
    _shoot(desk, "desk")


def _slip(desk: Page, town: Town) -> str:
    desk.goto(town.url("/desk"))
    desk.locator("[data-search]").fill("3-1-502")
    desk.locator("#hits a").first.click()
    desk.locator("a[href$='/slips']").click()
    for line, (name, quantity, unit) in enumerate((("冰箱", "1", "台"), ("纸箱", "12", "箱"), ("自行车", "1", "辆"))):
        for field, text in (("item", name), ("qty", quantity), ("unit", unit)):
            desk.locator(f"input[name={field}]").nth(line).fill(text)
    desk.locator("select[name=method]").select_option("0")
    desk.locator("input[name=identity_checked]").check()
    desk.locator("input[name=plate]").fill("粤B12345")
    desk.locator("main form button.primary").click()
    return desk.locator(".code-text code").inner_text()


def _post(town: Town, bench: Bench, text: str) -> None:
    """The same slip twice: green, then red, side by side on a guard's phone."""
    post = town.tab(town.url("/post"))
    with post.expect_response("**/live?**"):
        post.locator("a[href='/post/north']").click()
    post.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    bench.scan(text)
    expect(post.locator("[data-code=OK]")).to_be_visible()
    for tick in post.locator(".goods-line input[type=checkbox]").all():
        tick.check()
    post.locator("#f-plate").fill("粤B12345")
    post.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    shots = [post.screenshot(animations="disabled")]
    post.locator(".deed .primary").click()
    expect(post.locator("[data-code=RELEASED]")).to_be_visible()
    bench.scan(text)
    expect(post.locator("[data-code=ALREADY_RELEASED]")).to_be_visible()
    shots.append(post.screenshot(animations="disabled"))
    _side_by_side(town, shots)
    post.close()


def _side_by_side(town: Town, shots: list[bytes]) -> None:
    with town.window("about:blank", size=(2 * PHONE[0] + 96, PHONE[1] + 64)) as paper:
        images = "".join(f'<img src="data:image/png;base64,{base64.b64encode(shot).decode()}">' for shot in shots)
        style = (
            "body{margin:0;height:100vh;display:flex;gap:2rem;place-content:center;align-items:center;background:#ddd}"
        )
        paper.set_content(f"<style>{style}img{{border-radius:16px;display:block}}</style>{images}")
        paper.screenshot(path=DOCS / "post.png")


def _busy(town: Town, bench: Bench) -> None:
    """A little of an ordinary evening, a copied card, and one pulled plug."""
    for number, portal in (("1003", "b1-door"), ("1001", "south-gate"), ("1002", "b2-door"), (WRITTEN, "garage")):
        bench.take(number)
        bench.hold(portal)
    bench.copy()
    bench.hold("b3-door")
    bench.take(WRITTEN)
    bench.press("drive-main-in")
    bench.hold("main-in")
    expect(bench.page.locator(".lane.open")).to_be_visible()
    bench.press("plug-north-scanner")
    console = town.tab(town.url("/console"))
    speak(console, "en")
    for alarm in ("A device is offline.", "A copy of a card was presented."):
        expect(console.locator('[data-src="/console/alarms"]')).to_contain_text(alarm)
    expect(console.locator("#events")).to_contain_text(HOLDER)
    _shoot(console, "console")


def main(browser: Browser, directory: Path) -> None:
    """Takes all four."""
    DOCS.mkdir(exist_ok=True)
    with living_town(directory, browser) as town:
        desk = town.sign_in("zh-Hans")
        bench = Bench(town.tab(town.bench_url))
        bench.page.get_by_role("button", name="English").click()
        _desk(desk, bench)
        _post(town, bench, _slip(desk, town))
        _busy(town, bench)
        bench.page.set_viewport_size({"width": 1280, "height": 960})
        _shoot(bench.page, "bench")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="gatehouse-") as home, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        main(chromium, Path(home))
        chromium.close()
