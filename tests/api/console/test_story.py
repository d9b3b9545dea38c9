"""The console in a real browser, from signing in to a link that others open: a real worker asks real carriers."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from api.app import create_app
from sipcheck.carrier.faults import Fault
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
# Two wrong ones: the same one at the same host is not sent again for a while.
PASSWORD, WRONG, WRONG_TOO = "demo-password", "none of it", "nor this"
_LOOKS = 240


@dataclass
class Stage:
    """A PBX that answers each question after a second, until it is `stop`ped; and one like Twilio: TLS, no REGISTER, a
    password for calls alone.
    """

    pbx: PracticePeer
    twilio: PracticePeer
    stop: Callable[[], None]
    address: str = ""
    token: str = ""
    operators_token: str = ""

    @property
    def pbx_port(self) -> int:
        assert self.pbx.running.udp_port is not None
        return self.pbx.running.udp_port

    @property
    def twilio_port(self) -> int:
        assert self.twilio.running.tls_port is not None
        return self.twilio.running.tls_port


@pytest.fixture
def carriers() -> Iterator[Stage]:
    with ExitStack() as pbx_alone, PracticePeer([Fault.REGISTER_REFUSED]) as twilio:
        pbx = pbx_alone.enter_context(PracticePeer([Fault.SLOW]))
        yield Stage(pbx, twilio, pbx_alone.close)


@pytest.fixture
def stage(
    start_service: Callable[[Settings], Service], form_settings: Settings, carriers: Stage
) -> Iterator[Stage]:
    given = {
        "public_url": PUBLIC_URL,
        "verify_timeout_seconds": 30.0,
        "ca_file": carriers.twilio.running.ca_file,
        "health_interval_seconds": 2.0,
        "health_interval_floor_seconds": 1.0,
    }
    service = start_service(form_settings.model_copy(update=given))
    app = create_app(service.installation, doorbell=service.doorbell)
    tenants = service.installation.tenancy.tenants
    carriers.token = tenants.create_token(service.store.tenant)
    carriers.operators_token = tenants.create_operator_token()
    with HttpThread(app) as running:
        carriers.address = running.url
        yield carriers


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    found = browser.new_context(viewport=WIDE)
    yield found
    found.close()


def test_the_story(browser: Browser, context: BrowserContext, stage: Stage) -> None:
    page = context.new_page()
    eyes = Eyes(page, stage.address)
    _sign_in_by_keyboard(eyes, stage)
    _make_twilios_trunk(eyes, stage)
    trunk = _make_the_pbx(eyes, stage)
    page.get_by_role("button", name="Switch on").click()
    page.get_by_text("In use").wait_for()
    _verify_and_watch(eyes)
    eyes.see("trunk")
    _take_the_evidence(page)
    _open_the_link(browser, eyes, stage.address)
    _watch_without_a_script(browser, stage, trunk)
    stage.stop()
    incident = _wait_for_the_incident(eyes, stage.address)
    _change_and_call(eyes, trunk)
    _in_portuguese(eyes, stage.address, trunk, incident)
    _as_operator(browser, stage, incident)
    page.goto(f"{stage.address}/console/trunks")
    page.get_by_role("button", name="Sair").click()
    page.get_by_label("Token da API").or_(page.get_by_label("API token")).wait_for()
    page.goto(f"{stage.address}/console/trunks")
    assert page.url.startswith(f"{stage.address}/console/sign-in")


def _sign_in_by_keyboard(eyes: Eyes, stage: Stage) -> None:
    page = eyes.page
    page.goto(f"{stage.address}/console")
    eyes.see("sign-in")
    page.keyboard.type(stage.token)
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


def _choose(eyes: Eyes, carrier: str) -> Page:
    page = eyes.page
    page.goto(page.url.partition("/console")[0] + "/console/trunks/new")
    page.get_by_role("link", name=carrier).click()
    page.get_by_role("heading", name="What to do at the carrier").wait_for()
    return page


def _make_twilios_trunk(eyes: Eyes, stage: Stage) -> None:
    """By a call that rings nowhere: it takes no REGISTER, and asks for the password at an INVITE."""
    page = _choose(eyes, "Twilio")
    assert page.get_by_label("Transport").input_value() == "tls"
    assert page.locator("#proof").input_value() == "invite"
    eyes.see("preset-twilio")
    _fill(page, "Twilio, main", stage.twilio_port, WRONG)
    _fail_and_pass(page)
    page.get_by_role("button", name="Save this trunk").click()
    page.get_by_role("heading", name="The trunk works").wait_for()


def _make_the_pbx(eyes: Eyes, stage: Stage) -> str:
    page = _choose(eyes, "Your own PBX")
    _fill(page, "Berlin office", stage.pbx_port, WRONG_TOO)
    page.get_by_role("button", name="Test").click()
    page.get_by_text("The trunk does not work").wait_for()
    field = page.get_by_label("Password", exact=True)
    assert field.get_attribute("aria-invalid") == "true"
    assert field.input_value() == WRONG_TOO
    eyes.see("test-failed")
    field.fill(PASSWORD)
    page.get_by_role("button", name="Test again").click()
    page.get_by_role("button", name="Save this trunk").wait_for()
    # Its mark goes with the words beside it, a moment after the result has come.
    page.locator("input#password:not([aria-invalid])").wait_for()
    eyes.see("test-passed")
    page.get_by_role("button", name="Save this trunk").click()
    page.get_by_role("heading", name="The trunk works").wait_for()
    return page.url


def _fill(page: Page, name: str, port: int, password: str) -> None:
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Host", exact=True).fill("127.0.0.1")
    page.locator("#port").fill(str(port))
    page.get_by_label("Username", exact=True).fill("demo")
    page.get_by_label("Password", exact=True).fill(password)


def _fail_and_pass(page: Page) -> None:
    page.get_by_role("button", name="Test").click()
    page.get_by_text("The trunk does not work").wait_for()
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Test again").click()
    page.get_by_role("button", name="Save this trunk").wait_for()


def _verify_and_watch(eyes: Eyes) -> None:
    """Each message comes while the run goes on, and the page comes anew by itself."""
    page = eyes.page
    page.get_by_role("button", name="Verify now").click()
    page.locator(".growing li.sent").first.wait_for()
    seen = page.locator(".growing li").count()
    page.wait_for_function("seen => document.querySelectorAll('.growing li').length > seen", arg=seen)
    eyes.keep("growing")
    page.get_by_role("button", name="Verify now").wait_for()
    assert page.locator(".growing").count() == 0


def _watch_without_a_script(browser: Browser, stage: Stage, trunk: str) -> None:
    plain = browser.new_context(java_script_enabled=False)
    page = plain.new_page()
    page.goto(f"{stage.address}/console")
    page.get_by_label("API token").fill(stage.token)
    page.get_by_role("button", name="Sign in").click()
    page.goto(trunk)
    page.get_by_role("button", name="Verify now").click()
    _look_until(page, ".growing li", lambda: page.get_by_role("link", name="Look again").click())
    _look_until(page, "button:has-text('Verify now')", page.reload)
    plain.close()


def _wait_for_the_incident(eyes: Eyes, address: str) -> str:
    page = eyes.page
    page.goto(f"{address}/console/incidents")
    _look_until(page, "table .name", page.reload)
    eyes.see("incidents")
    page.locator("table .name").first.click()
    page.get_by_role("heading", name="A letter to the carrier").wait_for()
    eyes.see("incident")
    return page.url


def _change_and_call(eyes: Eyes, trunk: str) -> None:
    page = eyes.page
    page.goto(trunk)
    page.get_by_role("heading", name="The carrier does not answer any more").wait_for()
    eyes.see("trunk-down")
    page.get_by_role("link", name="Change").click()
    eyes.see("edit")
    page.get_by_label("Name", exact=True).fill("Berlin, Mitte")
    page.get_by_role("button", name="Save").press("Enter")
    page.get_by_role("heading", name="Berlin, Mitte").wait_for()
    page.get_by_role("link", name="Test calls").click()
    page.get_by_text("Your environment may make no test calls").wait_for()
    eyes.see("calls")
    page.goto(f"{trunk}/delete")
    eyes.see("delete")
    page.get_by_role("link", name="Keep it").click()
    page.get_by_role("heading", name="Berlin, Mitte").wait_for()


def _in_portuguese(eyes: Eyes, address: str, trunk: str, incident: str) -> None:
    page = eyes.page
    page.get_by_role("button", name="Português").click()
    page.get_by_text("A operadora não responde mais").wait_for()
    eyes.see("pt-trunk")
    for name, path in (
        ("trunks", f"{address}/console/trunks"),
        ("presets", f"{address}/console/trunks/new"),
        ("new", f"{address}/console/trunks/new/twilio"),
        ("incidents", f"{address}/console/incidents"),
        ("incident", incident),
        ("carriers", f"{address}/console/carriers"),
        ("edit", f"{trunk}/edit"),
        ("delete", f"{trunk}/delete"),
        ("calls", f"{trunk}/calls"),
    ):
        page.goto(path)
        assert page.locator("html").get_attribute("lang") == "pt-BR"
        eyes.see(f"pt-{name}")


def _as_operator(browser: Browser, stage: Stage, incident: str) -> None:
    fresh = browser.new_context(viewport=WIDE, locale="en-GB")
    eyes = Eyes(fresh.new_page(), stage.address)
    page = eyes.page
    page.goto(f"{stage.address}/console")
    page.get_by_label("API token").fill(stage.operators_token)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="The service").wait_for()
    eyes.see("operator")
    page.get_by_role("link", name="1 open").press("Enter")
    page.locator("table .name").first.press("Enter")
    page.get_by_role("heading", name="Whose trunks").wait_for()
    assert page.url.endswith(incident.rpartition("/")[2])
    eyes.see("operator-incident")
    fresh.close()


def _look_until(page: Page, wanted: str, again: Callable[[], object]) -> None:
    for _ in range(_LOOKS):
        if page.locator(wanted).count():
            return
        page.wait_for_timeout(250)
        again()
    raise AssertionError(f"{wanted} never came")


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
