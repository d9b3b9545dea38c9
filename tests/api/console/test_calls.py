"""Test calls from the console: where the environment may make them, refused beside the form, followed to their end."""

import pytest

from tests.api.client import ApiUnderTest
from tests.api.console.visitor import Visitor
from trunks.catalog.new_trunk import NewNumber
from trunks.models.trunk import Trunk

pytestmark = pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)

BERLIN = "+4930123456"


@pytest.fixture
def trunk(api: ApiUnderTest) -> Trunk:
    trunk = api.store.make_trunk()
    api.store.installation.catalog.numbers.add(api.store.caller, trunk.id, NewNumber(number="+4930654321"))
    return trunk


def allow(api: ApiUnderTest) -> None:
    api.store.installation.tenancy.tenants.change_calls(api.store.tenant, allow_test_calls=True)


async def test_one_is_made_and_shown(api: ApiUnderTest, visitor: Visitor, trunk: Trunk) -> None:
    allow(api)
    path = f"/console/trunks/{trunk.id}/calls"
    await visitor.open(path)
    assert "No call was made yet." in visitor.text
    assert (await visitor.send(path, to=BERLIN)).headers["location"] == path
    await visitor.open(path)
    assert BERLIN in visitor.text
    assert "The call is under way." in visitor.text
    assert 'hx-trigger="load delay:2s"' in visitor.page.text
    # Twice is once: the first has not ended.
    await visitor.send(path, to=BERLIN)
    assert "A test call over this trunk is under way" in visitor.text
    assert len(api.store.installation.runs.calls.page(api.store.caller, trunk.id, limit=5)) == 1


NOT_ALLOWED = (
    ("", "", "to"),
    ("no number", "", "to"),
    ("+14155550123", "", "to"),  # a country that it has no number of
    (BERLIN, "+4930999999", "from"),
    ('"><script>alert(1)</script>', "", "to"),
)


async def test_what_may_not_be_called_is_said_beside_its_field(
    api: ApiUnderTest, visitor: Visitor, trunk: Trunk
) -> None:
    allow(api)
    path = f"/console/trunks/{trunk.id}/calls"
    for to, from_, field in NOT_ALLOWED:
        await visitor.open(path)
        answer = await visitor.send(path, **{"to": to, "from": from_})
        assert answer.status_code == 200
        assert f'id="said-{field}" role="alert"' in answer.text, to
        assert "<script>alert" not in answer.text
    assert not api.store.installation.runs.calls.page(api.store.caller, trunk.id, limit=5)


async def test_where_none_may_be_made_there_is_no_form(
    api: ApiUnderTest, visitor: Visitor, trunk: Trunk
) -> None:
    path = f"/console/trunks/{trunk.id}/calls"
    await visitor.open(path)
    assert "Your environment may make no test calls" in visitor.text
    assert "Call now" not in visitor.text
    await visitor.open("/console/trunks")
    await visitor.send(path, to=BERLIN)
    assert "Your environment may make no test calls" in visitor.text
    allow(api)
    async with Visitor(api) as reader:
        await reader.sign_in(
            api.store.installation.tenancy.tenants.create_token(api.store.tenant, read_only=True)
        )
        await reader.open(path)
        assert "Call now" not in reader.text
