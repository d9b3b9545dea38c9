"""A process ends at each transaction of each POST that does more than create: it is done once all the same."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import httpx
import pytest
from sqlalchemy import func, select

from tests.api.client import ApiUnderTest
from tests.api.creations import MOST_STEPS, Again
from tests.api.endings import Ending, ending
from tests.api.test_evidence import URL, run_with
from tests.api.test_placed_calls import TO, play_worker, trunk_that_may_call
from tests.trunks.forms import make_report
from trunks.installation.settings import Settings
from trunks.models.placed_call import PlacedCall
from trunks.models.shared_page import SharedPage
from trunks.models.webhook import WebhookMessage
from trunks.tenancy.idempotent_requests import LEASE_SECONDS

ENDPOINTS = "/api/v1/webhook-endpoints"
DAY_SECONDS = 86400.0


@pytest.fixture
def store_settings_of_api(store_settings: Settings) -> Settings:
    return store_settings.model_copy(update={"public_url": "https://sip.platform.example"})


async def endpoint(api: ApiUnderTest) -> str:
    made = await api.client.post(ENDPOINTS, json={"url": "https://example.com/hooks"})
    return f"{ENDPOINTS}/{made.json()['data']['id']}"


async def call_place(api: ApiUnderTest) -> str:
    return f"{URL}/{await trunk_that_may_call(api)}/test-call"


async def share_place(api: ApiUnderTest) -> str:
    trunk_id, run_id = await run_with(api, make_report())
    return f"{URL}/{trunk_id}/verifications/{run_id}/share"


async def test_place(api: ApiUnderTest) -> str:
    return f"{await endpoint(api)}/test"


test_place.__test__ = False  # type: ignore[attr-defined]


def rows_of(table: type[PlacedCall | SharedPage | WebhookMessage]) -> Callable[[ApiUnderTest], int]:
    def count(api: ApiUnderTest) -> int:
        with api.store.installation.database.read() as session:
            return session.scalar(select(func.count()).select_from(table)) or 0

    return count


@dataclass(frozen=True)
class Deed:
    """A POST; `done` counts how often it was done, and `body` may be none."""

    place: Callable[[ApiUnderTest], Awaitable[str]]
    done: Callable[[ApiUnderTest], int]
    status: int
    body: Mapping[str, object] | None = None


DEEDS = {
    "test-call": Deed(call_place, rows_of(PlacedCall), 202, {"to": TO}),
    "share": Deed(share_place, rows_of(SharedPage), 201),
    "test-message": Deed(test_place, rows_of(WebhookMessage), 202),
}
ENDINGS = [
    pytest.param(name, how, marks=() if how is Ending.KILLED else pytest.mark.long)
    for name in (*DEEDS, "rotate")
    for how in (Ending.KILLED, Ending.STORE_AWAY, Ending.BROKEN_OFF, Ending.BROKEN_OFF_AND_LOST)
]


async def sent(
    to: ApiUnderTest, url: str, n: int, body: Mapping[str, object] | None = None
) -> httpx.Response:
    return await to.client.post(url, json=body, headers={"Idempotency-Key": f"key-{n}"})


@pytest.mark.parametrize(("name", "how"), [each for each in ENDINGS if each.values[0] != "rotate"])
async def test_what_is_asked_again_under_its_key_is_done_once(
    api: ApiUnderTest, make_another_api: Again, monkeypatch: pytest.MonkeyPatch, name: str, how: Ending
) -> None:
    """A telephone would else ring twice, and a link that nobody was told of stand open."""
    deed, other = DEEDS[name], await make_another_api()
    url = await deed.place(api)
    assert (await sent(api, url, MOST_STEPS, deed.body)).status_code == deed.status
    for n in range(MOST_STEPS):
        play_worker(api)
        api.store.clock.advance(DAY_SECONDS)  # so that no limit of calls is met
        before = deed.done(api)
        with ending(how, api, monkeypatch, transactions=n) as ended:
            await ended.answer_of(asyncio.create_task(sent(api, url, n, deed.body)))
        api.store.clock.advance(LEASE_SECONDS + 1)
        second = await sent(other, url, n, deed.body)
        assert second.status_code == deed.status, (n, second.text)
        assert deed.done(api) == before + 1, n
        third = await sent(api, url, n, deed.body)
        assert (third.content, third.headers["Idempotent-Replayed"]) == (second.content, "true")
        if not ended.came:
            assert n >= 2
            return
    raise AssertionError(f"more than {MOST_STEPS} transactions")


@pytest.mark.parametrize("how", [each.values[1] for each in ENDINGS if each.values[0] == "rotate"])
async def test_a_rotation_that_is_asked_again_keeps_the_secret_in_use(
    api: ApiUnderTest, make_another_api: Again, monkeypatch: pytest.MonkeyPatch, how: Ending
) -> None:
    """The receiver still has the former one: it signs beside the new for 24 hours, whoever lost an answer."""
    other, deliveries = await make_another_api(), api.store.installation.people.deliveries
    place = await endpoint(api)
    in_use = (await sent(api, f"{place}/rotate", MOST_STEPS)).json()["data"]["secret"]
    for n in range(MOST_STEPS):
        with ending(how, api, monkeypatch, transactions=n) as ended:
            await ended.answer_of(asyncio.create_task(sent(api, f"{place}/rotate", n)))
        api.store.clock.advance(LEASE_SECONDS + 1)
        second = await sent(other, f"{place}/rotate", n)
        assert second.status_code == 200, second.text
        new = second.json()["data"]["secret"]
        assert new != in_use
        await api.client.post(f"{place}/test")
        (claim,) = deliveries.claim(limit=1)
        assert set(claim.secrets) == {new, in_use}, n
        api.store.clock.advance(2 * DAY_SECONDS)  # the former one's time is over, and the claim's
        in_use = new
        if not ended.came:
            assert n >= 2
            return
    raise AssertionError(f"more than {MOST_STEPS} transactions")
