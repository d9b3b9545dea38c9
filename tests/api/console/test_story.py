"""The console in a real browser, from signing in to a link that others open: a real worker asks a real carrier."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from api.app import create_app
from tests.api.console.eyes import WIDE, Eyes
from tests.api.http_thread import HttpThread
from tests.peers.practice import PracticePeer
from tests.sipcheck.pcapng_reader import read_pcapng
from tests.worker.service import Service
from trunks.installation.settings import Settings

pytestmark = [
    pytest.mark.peers,
    pytest.mark.long,
    pytest.mark.parametrize("form_settings", ["embedded"], indirect=True),
]

PUBLIC_URL = "https://sip.platform.example"
PASSWORD, WRONG = "demo-password", "none of it"


@pytest.fixture
def carrier() -> Iterator[int]:
    with PracticePeer() as peer:
        port = peer.running.udp_port
        assert port is not None
        yield port


@pytest.fixture
def served(
    start_service: Callable[[Settings], Service], form_settings: Settings, carrier: int
) -> Iterator[tuple[str, str]]:
    """The console's address over a real worker, and a token."""
    service = start_service(form_settings.model_copy(update={"public_url": PUBLIC_URL}))
    app = create_app(service.installation, doorbell=service.doorbell)
    token = service.installation.tenancy.tenants.create_token(service.store.tenant)
    with HttpThread(app) as running:
        yield running.url, token


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    found = browser.new_context(viewport=WIDE)
    yield found
    found.close()


def test_the_story(browser: Browser, context: BrowserContext, served: tuple[str, str], carrier: int) -> None:
    address, token = served
    page = context.new_page()
    eyes = Eyes(page, address)
    _sign_in_by_keyboard(eyes, address, token)
    _choose(eyes, "Twilio")
    _choose(eyes, "Your own PBX")
    page.get_by_label("Name", exact=True).fill("Berlin office")
    page.get_by_label("Host", exact=True).fill("127.0.0.1")
    page.locator("#port").fill(str(carrier))
    page.get_by_label("Username", exact=True).fill("demo")
    page.get_by_label("Password", exact=True).fill(WRONG)
    page.get_by_role("button", name="Test").click()
    page.get_by_text("The trunk does not work").wait_for()
    field = page.get_by_label("Password", exact=True)
    assert field.get_attribute("aria-invalid") == "true"
    assert field.input_value() == WRONG
    eyes.see("test-failed")
    field.fill(PASSWORD)
    page.get_by_role("button", name="Test again").click()
    page.get_by_role("button", name="Save this trunk").wait_for()
    assert field.get_attribute("aria-invalid") is None
    eyes.see("test-passed")
    page.get_by_role("button", name="Save this trunk").click()
    page.get_by_role("heading", name="The trunk works").wait_for()
    page.get_by_role("button", name="Switch on").click()
    page.get_by_text("In use").wait_for()
    page.get_by_role("button", name="Verify now").click()
    # It is followed, and the page comes anew by itself.
    page.get_by_role("button", name="Verify now").wait_for(state="detached")
    page.get_by_role("button", name="Verify now").wait_for()
    eyes.see("trunk")
    _take_the_evidence(page)
    _open_the_link(browser, eyes, address)
    for name in ("Trunks", "Incidents", "Carriers"):
        page.get_by_role("navigation", name="Pages").get_by_role("link", name=name).click()
        page.get_by_role("heading", name=name).wait_for()
        eyes.see(name.lower())
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("API token").wait_for()
    page.goto(f"{address}/console/trunks")
    assert page.url.startswith(f"{address}/console/sign-in")


def _sign_in_by_keyboard(eyes: Eyes, address: str, token: str) -> None:
    page = eyes.page
    page.goto(f"{address}/console")
    eyes.see("sign-in")
    page.keyboard.type(token)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="No trunk yet").wait_for()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "New trunk":
            break
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="New trunk: whose is it?").wait_for()
    eyes.see("presets")


def _choose(eyes: Eyes, carrier: str) -> None:
    page = eyes.page
    page.goto(page.url.partition("/console")[0] + "/console/trunks/new")
    page.get_by_role("link", name=carrier).click()
    page.get_by_role("heading", name="What to do at the carrier").wait_for()
    if carrier == "Twilio":
        assert page.get_by_label("Transport").input_value() == "tls"
        eyes.see("preset-twilio")


def _take_the_evidence(page: Page) -> None:
    with page.expect_download() as awaited:
        page.get_by_role("link", name="All messages as a pcapng file").first.click()
    assert len(read_pcapng(awaited.value.path().read_bytes())) >= 4


def _open_the_link(browser: Browser, eyes: Eyes, address: str) -> None:
    """As the carrier's engineer does, who is signed in nowhere."""
    page = eyes.page
    page.get_by_role("button", name="Make a link").click()
    link = page.locator("button[data-copy^='https://sip.platform.example/r/']").get_attribute("data-copy")
    assert link is not None
    fresh = browser.new_context()
    opened = fresh.new_page()
    opened.goto(link.replace(PUBLIC_URL, address))
    assert opened.get_by_role("heading", level=1).inner_text() == "The trunk works"
    assert not fresh.cookies()
    fresh.close()
    assert page.locator("#run").get_by_role("button", name="Take the link back").count() == 1
