"""The published page in a real browser: quiet, offline, inside its window, readable."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from journey_pipeline.release import publish
from journey_pipeline.report import build_report
from tests.release.small_warehouse import facts_of, green_gates

_CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
_FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(not _CHROMIUM.exists(), reason="no Chromium on this machine (set CHROMIUM)")

# Contrast of every visible text with what lies behind it (WCAG 2.2, 1.4.3), computed in the page.
_CONTRAST = """
() => {
  const parse = c => c.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = e => {
    for (; e; e = e.parentElement) {
      const c = parse(getComputedStyle(e).backgroundColor);
      if (c.length < 4 || c[3] > 0) return c;
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const e of document.querySelectorAll('body *')) {
    if (!e.getClientRects().length) continue;
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())) continue;
    const style = getComputedStyle(e);
    const a = light(parse(e.tagName === 'text' ? style.fill : style.color)), b = light(behind(e));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) found.push([e.tagName, e.textContent.trim().slice(0, 40), ratio.toFixed(2)]);
  }
  return found;
}
"""


@pytest.fixture(scope="module")
def page_url(warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A published report, opened through the pointer as readers do."""
    home = tmp_path_factory.mktemp("browser")
    facts = facts_of()
    publish(
        warehouse,
        home,
        manifest=facts,
        gates=green_gates(),
        report=lambda connection, folder: build_report(connection, folder, facts),
        published_at=datetime(2026, 11, 16, 6, tzinfo=UTC),
    )
    return (home / "published" / "report" / "index.html").as_uri()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=str(_CHROMIUM), args=_FLAGS)
        yield chromium
        chromium.close()


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1280, "light"), (1280, "dark"), (360, "dark")])
def test_quiet_offline_inside_its_window_and_readable(browser: Any, page_url: str, width: int, scheme: str) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    messages, requests, dialogs = [], [], []
    page.on("console", lambda message: messages.append(message.text))
    page.on("pageerror", lambda error: messages.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.goto(page_url)
    assert page.evaluate(_CONTRAST) == []
    for box in page.locator(".fold input:visible").all():
        box.check()
    assert [url for url in requests if not url.startswith("data:")] == [page_url]
    assert messages == [] and dialogs == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.locator("script, img, iframe").count() == 0
    assert page.get_by_text("<img src=x onerror=alert(2)>").first.is_visible()
    assert page.locator("h1").count() == 1 and page.locator("h2").count() == 12
    assert page.locator("table").count() >= 15
    visible = page.locator("figure svg:visible")
    assert visible.count() == page.locator("figure").count() == 8
    for box in visible.evaluate_all("all => all.map(e => e.getBoundingClientRect().toJSON())"):
        assert box["left"] >= 0 and box["right"] <= width and box["height"] > 60
    clipped = visible.evaluate_all(
        "all => all.flatMap(s => { const o = s.getBoundingClientRect(); return [...s.querySelectorAll('text')]"
        ".filter(t => { const b = t.getBoundingClientRect(); return b.width && (b.left < o.left - 4 || "
        "b.right > o.right + 4); }).map(t => t.textContent); })"
    )
    assert clipped == [], "text of a picture leaves its picture"
    assert page.evaluate(_CONTRAST) == []
    if width == 360:
        assert min(visible.locator("text").evaluate_all("all => all.map(t => t.getBoundingClientRect().height)")) > 8
    context.close()


_ROWS = """
() => [...document.querySelectorAll('.table')].filter(t => !t.closest('details')).map(t => {
  const rows = [...t.querySelectorAll('tbody tr')];
  return [rows.length, rows.filter(r => r.checkVisibility()).length];
})
"""


def test_long_tables_are_folded_on_a_phone_only_and_open_by_keyboard(browser: Any, page_url: str) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(page_url)
    folded = page.evaluate(_ROWS)
    assert any(rows > 5 for rows, _ in folded)
    assert [shown for _, shown in folded] == [min(rows, 5) for rows, _ in folded]
    labels = page.locator(".table + .fold:visible").all_inner_texts()
    assert [int(re.findall(r"Show all (\d+) rows", label)[0]) for label in labels] == [r for r, _ in folded if r > 5]
    height = page.evaluate("document.documentElement.scrollHeight")
    page.locator(".fold input:visible").first.focus()
    page.keyboard.press("Space")
    assert page.evaluate("document.documentElement.scrollHeight") > height
    for box in page.locator(".fold input:visible").all():
        box.check()
    assert [shown for _, shown in page.evaluate(_ROWS)] == [rows for rows, _ in folded]
    page.close()
    wide = browser.new_page(viewport={"width": 1280, "height": 900})
    wide.goto(page_url)
    assert wide.locator(".fold:visible").count() == 0
    assert wide.evaluate(_ROWS) == [[rows, rows] for rows, _ in folded]
    wide.close()


@pytest.mark.parametrize("width", [390, 1280])
def test_paper_holds_every_row_whatever_is_folded(browser: Any, page_url: str, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto(page_url)
    page.emulate_media(media="print")
    rows = page.locator("tbody tr")
    assert rows.evaluate_all("all => all.filter(r => r.checkVisibility({contentVisibilityAuto: true})).length") == (
        rows.count()
    )
    assert page.locator("figure .wide").evaluate_all("all => all.every(e => e.checkVisibility())")
    assert page.locator(".fold:visible").count() == 0
    page.close()


def test_it_works_by_keyboard_and_on_paper(browser: Any, page_url: str) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(page_url)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the report"
    summary = page.locator("summary").first
    summary.focus()
    page.keyboard.press("Enter")
    assert page.locator("details").first.evaluate("e => e.open")
    assert page.locator("details").first.locator("pre, table").first.is_visible()
    page.emulate_media(media="print")
    assert not page.locator("nav").is_visible()
    assert page.locator("figure .wide").first.is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.close()


def test_a_script_could_not_run_even_if_one_slipped_through(browser: Any, page_url: str, tmp_path: Path) -> None:
    text = Path(page_url.removeprefix("file://")).read_text(encoding="utf-8")
    broken = tmp_path / "index.html"
    broken.write_text(text.replace("</main>", "<script>document.title = 'owned'</script></main>"), encoding="utf-8")
    page = browser.new_page()
    page.goto(broken.as_uri())
    assert page.title() == "Customer journey, week of 9 November 2026"
    page.close()
