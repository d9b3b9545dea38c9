"""The pages in a real browser, by keyboard alone and on a telephone: readable, and within their own policy."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from uuid import UUID

import pytest
from playwright.sync_api import Browser

from sipcheck.reasons import Outcome, Reason
from tests.api.client import ApiUnderTest
from tests.api.console.eyes import NARROW, Eyes
from tests.api.http_thread import HttpThread
from tests.trunks.forms import Store, make_report
from tests.trunks.health_watch import HealthWatch
from trunks.installation.settings import Settings

pytestmark = [pytest.mark.peers, pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)]


@pytest.fixture
def served(
    make_store: Callable[[Settings], Store], store_settings: Settings
) -> Iterator[tuple[str, str, str]]:
    """The console's address with trunks of all kinds, a token, and one of the operator."""
    store = make_store(store_settings)
    token = store.installation.tenancy.tenants.create_token(store.tenant)
    api = ApiUnderTest(store)
    _fell(store, store.make_trunk(name="Berlin office", domain="sip.one.example", wanted=True).id)
    refused = make_report(
        Outcome.FAILED,
        Reason.CREDENTIALS_REJECTED,
        summary="The carrier rejects the username or the password (401 Unauthorized).",
    )
    _run(api, "Sales, New York", replace(refused, advice="Enter the SIP username and password again."))
    _run(api, "Support line", make_report(some_dead=True))
    with HttpThread(api.app) as running:
        yield running.url, token, store.installation.tenancy.tenants.create_operator_token()


def _run(api: ApiUnderTest, name: str, report: object) -> None:
    trunk = api.store.make_trunk(name=name, domain=f"{name[:3].lower()}.carrier.example")
    run = api.store.installation.runs.requests.request(api.store.caller, trunk.id)
    api.work(report)(run)  # type: ignore[arg-type]


def _fell(store: Store, trunk_id: UUID) -> None:
    """Verify a trunk, let it answer for a while, and then be silent until it is down."""
    run = store.installation.runs.requests.request(store.caller, trunk_id)
    claim = store.claim(run)
    assert claim is not None
    assert store.finish(claim, make_report())
    watch = HealthWatch(store)
    while not store.trunk(trunk_id).health_down:
        watch.cycle(alive=False)
    store.installation.people.flip_follower.turn()


def test_the_pages_are_readable_and_a_keyboard_is_enough(
    browser: Browser, served: tuple[str, str, str]
) -> None:
    address, token, operators_token = served
    page = browser.new_page(viewport=NARROW)
    eyes = Eyes(page, address)
    page.goto(f"{address}/console")
    eyes.see("sign-in", narrow_alone=True)
    page.keyboard.type(token)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Trunks").wait_for()
    eyes.see("all-trunks")
    page.get_by_label("Search").press_sequentially("office")
    page.get_by_role("link", name="Sales, New York").wait_for(state="detached")
    page.get_by_role("link", name="Berlin office").press("Enter")
    page.get_by_role("heading", name="The carrier does not answer any more").wait_for()
    eyes.see("down")
    page.get_by_role("region", name="Incidents").get_by_role("link").press("Enter")
    page.get_by_role("heading", name="A letter to the carrier").wait_for()
    eyes.see("incident")
    page.goto(f"{address}/console/trunks/new/pbx")
    page.get_by_role("button", name="Test").press("Enter")
    page.get_by_text("it is said beside the field").wait_for()
    assert page.locator("#said-domain").inner_text() == "It is required."
    assert page.locator("#domain").get_attribute("aria-invalid") == "true"
    eyes.see("missing", narrow_alone=True)
    page.get_by_role("button", name="Português").press("Enter")
    page.locator("html[lang='pt-BR']").wait_for()
    page.goto(f"{address}/console/trunks")
    page.get_by_role("link", name="Sales, New York").press("Enter")
    page.get_by_role("heading", name="O que informar na operadora").wait_for()
    eyes.see("pt-refused", narrow_alone=True)
    page.get_by_role("button", name="Sair").press("Enter")
    page.get_by_role("heading", name="Sign in").wait_for()
    page.keyboard.type(operators_token)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="The service").wait_for()
    eyes.see("operator")
    page.close()
