"""The page of a run in a real browser: readable in both schemes and on a telephone, within its own policy."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Literal
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Page

from tests.api.chromium import browser
from tests.api.client import ApiUnderTest
from tests.api.http_thread import HttpThread
from tests.api.test_evidence import real_reports
from tests.sipcheck.pcapng_reader import read_pcapng
from tests.trunks.forms import Store
from trunks.installation.settings import Settings

__all__ = ["browser"]

pytestmark = [pytest.mark.peers, pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)]

LEAST_CONTRAST = 4.5  # of text, by WCAG 2.2, 1.4.3 (AA)
# The lowest contrast of any text on the page with what is behind it, by WCAG's formula, and whose it is.
CONTRAST = """() => {
  const parts = text => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, at) => sum + v * [0.2126, 0.7152, 0.0722][at], 0);
  const behind = node => {
    for (; node; node = node.parentElement) {
      const colour = parts(getComputedStyle(node).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  let lowest = [99, ''];
  for (const node of document.querySelectorAll('main *')) {
    if (![...node.childNodes].some(each => each.nodeType === 3 && each.textContent.trim())) continue;
    const both = [light(parts(getComputedStyle(node).color)), light(behind(node))].sort((a, b) => b - a);
    const ratio = (both[0] + 0.05) / (both[1] + 0.05);
    if (ratio < lowest[0]) lowest = [ratio, node.className || node.tagName];
  }
  return lowest;
}"""


@pytest.fixture
def link(make_store: Callable[[Settings], Store], store_settings: Settings) -> Iterator[str]:
    """A link to a run by TLS, served on loopback."""
    with ThreadPoolExecutor() as thread:  # this one has the browser's loop
        _, report = thread.submit(asyncio.run, real_reports()).result()
    store = make_store(store_settings)
    with HttpThread(ApiUnderTest(store).app) as running:
        trunk = store.make_trunk()
        run = store.installation.runs.requests.request(store.caller, trunk.id)
        claim = store.claim(run)
        assert claim is not None
        assert store.finish(claim, report)
        yield running.url + _path_of_link(store, trunk.id, run)


def _path_of_link(store: Store, trunk_id: UUID, run_id: UUID) -> str:
    sharing = store.installation.runs.sharing
    made = type(sharing)(sharing.database, "https://elsewhere.example", sharing.clock)
    return made.share(store.caller, trunk_id, run_id, days=7).url.removeprefix("https://elsewhere.example")


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
def test_the_page_is_readable(
    browser: Browser, link: str, scheme: Literal["light", "dark"], width: int
) -> None:
    page = browser.new_page(color_scheme=scheme, viewport={"width": width, "height": 800})
    told: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    page.on("requestfailed", lambda request: told.append(request.url))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(link)
    assert page.get_by_role("heading", level=1).inner_text() == "The trunk works"
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    ratio, whose = page.evaluate(CONTRAST)
    assert ratio >= LEAST_CONTRAST, whose
    assert {url.split("/")[2] for url in asked} == {link.split("/")[2]}
    assert not page.context.cookies()
    # What the page's own policy forbids is told there, too.
    assert not told
    _reach_the_file_by_keyboard(page)
    page.close()


def _reach_the_file_by_keyboard(page: Page) -> None:
    page.keyboard.press("Tab")
    assert "pcapng" in page.evaluate("document.activeElement.textContent")
    with page.expect_download() as awaited:
        page.keyboard.press("Enter")
    assert awaited.value.suggested_filename.endswith(".pcapng")
    assert len(read_pcapng(awaited.value.path().read_bytes())) == 6
