"""Whatever is asked of a trunk at the same moment: nobody is answered 500, and no rule of a trunk is broken."""

import asyncio
import random
from functools import partial

import pytest

from tests.api.client import ApiUnderTest
from tests.api.everything import BOLNA, REQUESTS, do_run, make_target
from trunks.errors import TrunkNotFound
from trunks.installation.settings import Settings

pytestmark = pytest.mark.long

ROUNDS = 60
AT_ONCE = 6


@pytest.fixture
def store_settings_of_api(store_settings: Settings) -> Settings:
    return store_settings.model_copy(update={"verify_wait_seconds": 0.05})


@pytest.mark.parametrize("seed", range(5))
async def test_many_things_at_once(api: ApiUnderTest, seed: int) -> None:
    choice = random.Random(seed)
    api.on_ring = partial(do_run, api.store)
    for _ in range(ROUNDS):
        target = make_target(api.store)
        chosen = choice.sample(sorted(REQUESTS), AT_ONCE)
        answers = await asyncio.gather(*(REQUESTS[name](api.client, target) for name in chosen))
        statuses = {name: answer.status_code for name, answer in zip(chosen, answers, strict=True)}
        assert set(statuses.values()) <= {200, 201, 202, 404, 409}, statuses
        try:
            view = api.store.installation.catalog.views.get(api.store.caller, target.id)
        except TrunkNotFound:
            continue
        trunk = view.trunk
        assert trunk.is_active == (trunk.wanted and trunk.is_verified and not trunk.health_down)
        assert len({number.number for number in view.numbers}) == view.number_count
        assert (await api.client.delete(f"{BOLNA}/{target.id}")).status_code == 200
