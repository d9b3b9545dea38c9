"""A test call from the console in a real browser: asked for, followed without a key, and the next one after it."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, expect

from tests.api.client import ApiUnderTest
from tests.api.console.eyes import WIDE, Eyes
from tests.api.http_thread import HttpThread
from tests.trunks.forms import Store
from trunks.catalog.new_trunk import NewNumber
from trunks.installation.settings import Settings

pytestmark = [pytest.mark.peers, pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)]


def test_the_next_call_may_be_made_when_one_has_ended(
    browser: Browser, make_store: Callable[[Settings], Store], store_settings: Settings
) -> None:
    store = make_store(store_settings)
    tenants, calls = store.installation.tenancy.tenants, store.installation.runs.call_claims
    tenants.change_calls(store.tenant, allow_test_calls=True)
    trunk = store.make_trunk(name="Berlin office")
    store.installation.catalog.numbers.add(store.caller, trunk.id, NewNumber(number="+4930654321"))
    token = tenants.create_token(store.tenant)
    with HttpThread(ApiUnderTest(store).app) as running:
        page = browser.new_page(viewport=WIDE)
        eyes = Eyes(page, running.url)
        page.goto(f"{running.url}/console")
        page.keyboard.type(token)
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="Trunks").wait_for()
        page.goto(f"{running.url}/console/trunks/{trunk.id}/calls")
        button = page.get_by_role("button", name="Call now")
        for number in ("+4930123456", "+4930123457"):
            expect(button).to_be_enabled()
            page.get_by_label("Whom to call").fill(number)
            page.keyboard.press("Enter")
            page.get_by_text("The call is under way.").wait_for()
            expect(button).to_be_disabled()
            (claimed,) = calls.claim(limit=5)
            assert claimed.wish.called == number
            # What is written for the next call meanwhile stays.
            page.get_by_label("Who calls").fill("+4930654321")
            assert calls.finish(claimed, None)
            page.get_by_text("The call is under way.").wait_for(state="detached")
            expect(button).to_be_enabled()
            assert page.get_by_label("Who calls").input_value() == "+4930654321"
        eyes.see("calls")
        page.close()
