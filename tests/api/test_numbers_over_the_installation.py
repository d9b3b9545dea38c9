"""A number that another tenant has, or a trunk that is not made here: 409 in every dialect, and nothing changes."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from tests.api.client import BODY, ApiUnderTest
from tests.api.test_one_rule import AUTOCALLS, BOLNA, EXTENSION, TALKOVER, USERPASS
from tests.peers.livekit.faults import Fault
from tests.peers.livekit.server import LiveKitServer
from tests.trunks.forms import Store
from tests.trunks.livekit_forms import with_livekit
from tests.trunks.provisions.installed import NUMBER, Installed
from trunks.installation import voice_reader
from trunks.installation.settings import Settings
from trunks.models.trunk import Trunk
from trunks.voice.provisioner import FailureCause, ProvisioningFailed

STRANGERS = "+493012345678"
OWN = "+442071234567"
SENTENCE = "This number is in use by another trunk of this platform"


@pytest.fixture
def livekit_server() -> Iterator[LiveKitServer]:
    with LiveKitServer() as server:
        server.add_inbound(numbers=["49 30 12345678"])
        yield server


@pytest.fixture
def store_settings_of_api(store_settings: Settings, livekit_server: LiveKitServer) -> Settings:
    return with_livekit(store_settings, livekit_server)


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """No machine is so slow that the number would be taken unseen."""
    monkeypatch.setattr(voice_reader, "ASKED_AT_MOST_SECONDS", 20.0)


class Asked:
    """The ways to enter a number, in every dialect."""

    def __init__(self, client: httpx.AsyncClient, trunk: Trunk, serial: int) -> None:
        self._client = client
        self._talkover = f"{TALKOVER}/{trunk.id}"
        self._bolna = f"{BOLNA}/{trunk.id}"
        self._autocalls = f"{AUTOCALLS}/{serial}"

    async def all_of(self, number: str) -> dict[str, httpx.Response]:
        as_number = EXTENSION | {"sip_trunk_type": "number", "phone_number": number}
        bolna_number = {"phone_number": number}
        calls: dict[str, tuple[str, str, dict[str, Any]]] = {
            "talkover adds": ("POST", f"{self._talkover}/dids", {"country_code": "US", "number": number}),
            "autocalls creates": ("POST", AUTOCALLS, as_number),
            "autocalls changes": (
                "PUT",
                self._autocalls,
                {"sip_trunk_type": "number", "phone_number": number},
            ),
            "bolna creates": ("POST", BOLNA, USERPASS | {"name": "B", "phone_numbers": [bolna_number]}),
            "bolna changes": ("PATCH", self._bolna, {"phone_numbers": [bolna_number]}),
            "bolna adds": ("POST", f"{self._bolna}/numbers", bolna_number),
        }
        return {
            name: await self._client.request(method, url, json=body)
            for name, (method, url, body) in calls.items()
        }


def sentence(answer: httpx.Response) -> str:
    body = answer.json()
    return str(body["message"] if "message" in body else body["error"])


async def test_a_number_of_another_is_refused_everywhere(
    api: ApiUnderTest, livekit_server: LiveKitServer
) -> None:
    others = Installed(Store(api.store.installation, api.store.clock, tenant="globex"), livekit_server)
    held = others.make_trunk(NUMBER)
    await others.work(held)
    trunk = api.store.make_trunk(domain="sip.provider.example")
    await api.client.post(f"{TALKOVER}/{trunk.id}/dids", json={"country_code": "GB", "number": OWN})
    serial = api.store.installation.catalog.views.get(api.store.caller, trunk.id).serial
    before = livekit_server.changes()
    asked = Asked(api.client, trunk, serial)
    with capture_logs() as logs:
        for number in (NUMBER, STRANGERS):
            for name, answer in (await asked.all_of(number)).items():
                assert (answer.status_code, sentence(answer)) == (409, SENTENCE), (name, answer.text)
                for foreign in (str(held.id), "globex", "ST_", livekit_server.url):
                    assert foreign not in answer.text
    assert livekit_server.changes() == before
    shown = (await api.client.get(f"{TALKOVER}/{trunk.id}/dids")).json()["data"]
    assert [each["number"] for each in shown] == [OWN]
    assert len((await api.client.get(TALKOVER)).json()["data"]) == 1
    assert (await others.judge()).to_fix == frozenset()
    # The operator is told of both; of a stranger's trunk nobody here has anything to say.
    contests = [each for each in logs if each["event"] == "number-contested"]
    assert {each["number"] for each in contests} == {NUMBER}
    assert {each["holder_trunk_id"] for each in contests} == {str(held.id)}
    assert all(each["newcomer_environment_id"] == str(api.store.caller.environment_id) for each in contests)
    talkover = await api.client.post(
        f"{TALKOVER}/{trunk.id}/dids", json={"country_code": "US", "number": NUMBER}
    )
    assert talkover.json()["code"] == "NUMBER_IN_USE"


@pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)
async def test_an_infrastructure_that_is_away_keeps_nobody_from_entering_a_number(
    api: ApiUnderTest, livekit_server: LiveKitServer
) -> None:
    trunk = api.store.make_trunk()
    livekit_server.stop()
    answer = await api.client.post(
        f"{TALKOVER}/{trunk.id}/dids", json={"country_code": "US", "number": NUMBER}
    )
    assert answer.status_code == 201


@pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)
async def test_an_infrastructure_that_hangs_holds_nobody_up_and_lets_no_double_through(
    api: ApiUnderTest, livekit_server: LiveKitServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voice_reader, "ASKED_AT_MOST_SECONDS", 0.2)
    installed = Installed(api.store, livekit_server)
    trunk = installed.make_trunk(NUMBER)
    livekit_server.fail(Fault.HELD, method="ListSIPInboundTrunk")
    with capture_logs() as logs:
        body = {"country_code": "DE", "number": STRANGERS}
        answer = await api.client.post(f"{TALKOVER}/{trunk.id}/dids", json=body)
    assert answer.status_code == 201
    assert [each["cause"] for each in logs if each["event"] == "numbers-not-looked-up"] == ["slow"]
    livekit_server.heal()
    with pytest.raises(ProvisioningFailed) as failed:
        await installed.work(trunk)
    assert failed.value.cause is FailureCause.CONFLICT
    assert len(livekit_server.inbound) == 1


@pytest.mark.parametrize("store_settings", ["sqlite"], indirect=True)
async def test_an_environment_that_has_as_many_as_it_may_is_told(api: ApiUnderTest) -> None:
    trunk = api.store.make_trunk()
    api.store.installation.tenancy.tenants.create_environment("full", max_numbers=0)
    token = api.store.installation.tenancy.tenants.create_token("full")
    bearer = {"Authorization": f"Bearer {token}"}
    made = await api.client.post(TALKOVER, json=BODY, headers=bearer)
    url = f"{TALKOVER}/{made.json()['data']['id']}/dids"
    answer = await api.client.post(url, json={"country_code": "US", "number": NUMBER}, headers=bearer)
    assert (answer.status_code, answer.json()["code"]) == (409, "NUMBER_LIMIT")
    assert trunk is not None
