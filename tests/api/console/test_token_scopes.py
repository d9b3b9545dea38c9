"""The console under each scope of tokens: what is added there is judged here unasked."""

import re
from collections.abc import Iterator

import pytest

from tests.api.client import ApiUnderTest
from tests.api.console.visitor import Visitor

pytestmark = pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)

SIGN = ("/console/sign-in", "/console/sign-out", "/console/language")


def forms_of(api: ApiUnderTest) -> Iterator[str]:
    """The paths that take POST: pages stand in no document, and the framework keeps included routes together."""
    for route in api.app.routes:
        contexts = getattr(route, "effective_route_contexts", None)
        for each in [route] if contexts is None else contexts():
            if "POST" in (getattr(each, "methods", None) or ()):
                yield str(getattr(each, "path", ""))


async def test_a_read_only_token_looks_and_changes_nothing(api: ApiUnderTest) -> None:
    trunk = api.store.make_trunk()
    token = api.store.installation.tenancy.tenants.create_token(api.store.tenant, read_only=True)
    changing = [path for path in forms_of(api) if path.startswith("/console/") and path not in SIGN]
    assert len(changing) >= 3
    async with Visitor(api) as visitor:
        await visitor.sign_in(token)
        for template in changing:
            assert (await visitor.open("/console/trunks")).status_code == 200
            path = template.replace("{trunk_id}", str(trunk.id))
            await visitor.send(re.sub(r"\{\w+\}", "00000000-0000-7000-8000-000000000000", path))
            assert visitor.page.status_code == 403, path
            assert "This token is read-only" in visitor.text
        assert api.rung == []
        await visitor.open("/console/trunks")
        assert (await visitor.send("/console/sign-out")).status_code == 303
        assert (await visitor.open("/console/trunks")).status_code == 303


async def test_an_operators_token_opens_no_tenants_pages(api: ApiUnderTest) -> None:
    token = api.store.installation.tenancy.tenants.create_operator_token()
    async with Visitor(api) as visitor:
        await visitor.sign_in(token)
        assert (await visitor.open("/console/trunks")).status_code == 303
