"""autocalls over a worker and a LiveKit: a trunk stands there when the call answers, or nowhere."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
from sqlalchemy import text, update

from api.app import create_app
from sipcheck.target import HostPort
from tests.observed import insist, until
from tests.peers.livekit.faults import Fault
from tests.peers.livekit.server import LiveKitServer
from tests.trunks.forms import PASSWORD
from tests.trunks.livekit_forms import with_livekit
from tests.worker.service import Service
from trunks.catalog.new_trunk import NewNumber
from trunks.installation.settings import Settings
from trunks.models.trunk import Trunk

URL = "/api/user/phone-numbers/sip-trunks"
BOLNA, TALKOVER = "/sip-trunks/trunks", "/api/v1/sip-trunks"
NUMBER: dict[str, Any] = {
    "sip_trunk_type": "number",
    "phone_number": "+14155551234",
    "sip_username": "trunk_user",
    "sip_password": PASSWORD,
    "sip_address": "sip.provider.example",
    "sip_calling_format": "e164",
    "inbound_authorization_type": "ip",
    "allowed_inbound_ips": ["203.0.113.10", "198.51.100.20"],
    "country_code": "US",
}
FAILED = {"error": "Failed to create SIP trunk. Please try again or contact support."}


@pytest.fixture
def livekit() -> Iterator[LiveKitServer]:
    with LiveKitServer() as server:
        yield server


@pytest.fixture
def service(
    start_service: Callable[[Settings], Service], form_settings: Settings, livekit: LiveKitServer
) -> Service:
    return start_service(with_livekit(form_settings, livekit))


@pytest.fixture
def untended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let workers never look by themselves for what nobody rang for."""
    monkeypatch.setattr("worker.runtime.TEND_INTERVAL_SECONDS", 3600.0)
    monkeypatch.setattr("worker.provisioning.provision_work.TEND_INTERVAL_SECONDS", 3600.0)


@pytest.fixture
async def client(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(service.installation, doorbell=service.doorbell)
    token = service.installation.tenancy.tenants.create_token(service.store.tenant)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(app.router.lifespan_context(app))
        yield await stack.enter_async_context(
            httpx.AsyncClient(
                transport=httpx.ASGITransport(app, raise_app_exceptions=False),
                base_url="http://api",
                headers={"Authorization": f"Bearer {token}"},
                timeout=60,
            )
        )


def rows(service: Service, table: str) -> int:
    with service.installation.database.read() as session:
        return int(session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())  # noqa: S608


async def create(client: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    answer = await client.post(URL, json=NUMBER | changes)
    assert answer.status_code == 201, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


async def test_both_sides_stand_when_the_call_answers(
    client: httpx.AsyncClient, livekit: LiveKitServer
) -> None:
    data = await create(client)
    (inbound,) = livekit.inbound.values()
    (outbound,) = livekit.outbound.values()
    assert data["inbound_trunk_id"] == inbound.sip_trunk_id
    assert data["outbound_trunk_id"] == outbound.sip_trunk_id
    assert list(inbound.numbers) == ["+14155551234"]
    assert sorted(inbound.allowed_addresses) == ["198.51.100.20/32", "203.0.113.10/32"]
    assert (outbound.address, outbound.auth_username, outbound.auth_password) == (
        "sip.provider.example",
        "trunk_user",
        PASSWORD,
    )
    assert 'trunks_provisions{state="provisioned"} 1.0' in (await client.get("/metrics")).text


@pytest.mark.parametrize("fault", [Fault.INTERNAL, Fault.KEY_REFUSED, Fault.GARBAGE])
@pytest.mark.parametrize("method", ["CreateSIPInboundTrunk", "CreateSIPOutboundTrunk"])
async def test_a_failure_at_either_side_is_the_vendors_500_and_leaves_nothing(
    client: httpx.AsyncClient, service: Service, livekit: LiveKitServer, fault: Fault, method: str
) -> None:
    livekit.fail(fault, method=method)
    answer = await client.post(URL, json=NUMBER)
    assert (answer.status_code, answer.json()) == (500, FAILED)
    assert (await client.get(URL)).json() == {"data": []}
    assert [rows(service, table) for table in ("trunks", "gateways", "phone_numbers")] == [0, 0, 0]
    livekit.heal()
    # Nothing stands in the way of trying again.
    await create(client)
    assert (len(livekit.inbound), len(livekit.outbound)) == (1, 1)


async def test_a_number_that_is_taken_for_good_is_not_to_be_tried_again(
    client: httpx.AsyncClient, service: Service, livekit: LiveKitServer
) -> None:
    made = await create(client, phone_number="+14155550000")
    theirs = livekit.add_inbound(numbers=["+14155551234"])
    told = "This number is in use by another trunk of this platform"
    for answer in (
        await client.post(URL, json=NUMBER, headers={"Idempotency-Key": "a"}),
        await client.post(URL, json=NUMBER, headers={"Idempotency-Key": "a"}),
        await client.put(f"{URL}/{made['id']}", json={"phone_number": "+14155551234"}),
    ):
        assert (answer.status_code, answer.json()) == (409, {"error": told})
    shown = (await client.get(f"{URL}/{made['id']}")).json()["data"]
    assert shown["phone_number"] == "+14155550000"
    (trunk,) = (await client.get("/api/v1/sip-trunks")).json()["data"]
    events = (await client.get(f"/api/v1/sip-trunks/{trunk['id']}/events")).text
    # It was refused before anything was tried.
    assert "provisioning_error" not in events
    assert theirs not in events
    assert livekit.url not in events


@pytest.mark.parametrize(
    ("change", "calls"),
    [
        ({"sip_username": "other"}, {"out"}),
        ({"sip_password": "another"}, {"out"}),
        ({"phone_number": "+14155559999"}, {"in", "out"}),
        ({"sip_address": "sip.other.example"}, {"out"}),
        ({"allowed_inbound_ips": ["203.0.113.77"]}, {"in"}),
        ({"inbound_authorization_type": "auth"}, {"in"}),
        ({"sip_calling_format": "national"}, set()),
        ({"country_code": "GB"}, set()),
        ({"nickname": "Backup"}, set()),
    ],
)
async def test_an_update_touches_its_sides_in_place(
    client: httpx.AsyncClient, livekit: LiveKitServer, change: dict[str, Any], calls: set[str]
) -> None:
    made = await create(client)
    before = len(livekit.changes())
    answer = await client.put(f"{URL}/{made['id']}", json=change)
    assert answer.status_code == 200, answer.text
    data = answer.json()["data"]
    assert (data["inbound_trunk_id"], data["outbound_trunk_id"]) == (
        made["inbound_trunk_id"],
        made["outbound_trunk_id"],
    )
    touched = {"in" if "Inbound" in call else "out" for call in livekit.changes()[before:]}
    assert touched == calls


async def test_a_user_and_password_touch_both_sides_where_calls_come_in_by_them(
    client: httpx.AsyncClient, livekit: LiveKitServer
) -> None:
    made = await create(client, inbound_authorization_type="auth", allowed_inbound_ips=None)
    before = len(livekit.changes())
    await client.put(f"{URL}/{made['id']}", json={"sip_username": "other", "sip_password": "another"})
    assert {"in" if "Inbound" in call else "out" for call in livekit.changes()[before:]} == {"in", "out"}
    (inbound,), (outbound,) = livekit.inbound.values(), livekit.outbound.values()
    assert (inbound.auth_username, outbound.auth_username) == ("other", "other")


async def test_a_half_failed_update_keeps_the_old_values(
    client: httpx.AsyncClient, service: Service, livekit: LiveKitServer
) -> None:
    made = await create(client)
    livekit.fail(Fault.INTERNAL, method="UpdateSIPOutboundTrunk", times=1)
    answer = await client.put(f"{URL}/{made['id']}", json={"phone_number": "+14155559999"})
    assert (answer.status_code, answer.json()) == (
        500,
        {"error": "Failed to update SIP trunk. Please try again or contact support."},
    )
    livekit.heal()
    data = (await client.get(f"{URL}/{made['id']}")).json()["data"]
    assert data["phone_number"] == "+14155551234"
    # What it then asks for is what stands there already, or is put right.
    again = await client.put(f"{URL}/{made['id']}", json={"phone_number": "+14155550000"})
    assert again.status_code == 200, again.text
    assert [list(each.numbers) for each in livekit.inbound.values()] == [["+14155550000"]]


TOUCHING_NO_SIDE: list[tuple[str, dict[str, Any]]] = [
    (URL, {}),
    (URL, {"nickname": "Backup"}),
    (URL, {"nickname": None}),
    (URL, {"country_code": "GB"}),
    (URL, {"sip_calling_format": "national"}),
    (URL, {"sip_password": PASSWORD, "sip_username": "trunk_user", "sip_address": "sip.provider.example"}),
    (BOLNA, {}),
    (BOLNA, {"name": "Another", "description": "Ours", "qualify_frequency": 120}),
    (BOLNA, {"outbound_leading_plus_enabled": True, "allow": "alaw"}),
    (TALKOVER, {}),
    (TALKOVER, {"name": "Another", "provider_name": "carrier-y"}),
]


async def test_what_touches_no_side_is_answered_while_the_infrastructure_is_down(
    client: httpx.AsyncClient, service: Service, livekit: LiveKitServer, subtests: pytest.Subtests
) -> None:
    made = await create(client)
    trunk_id = service.installation.catalog.views.id_of(service.store.caller, made["id"])
    before = len(livekit.calls)
    livekit.stop()
    for url, change in TOUCHING_NO_SIDE:
        row_id = made["id"] if url == URL else trunk_id
        with subtests.test(url=url, change=list(change)):
            answer = await client.request(
                "PUT" if url == URL else "PATCH", f"{url}/{row_id}", json=change, timeout=30
            )
            assert answer.status_code == 200, answer.text
    livekit.start()
    assert service.installation.provisions.overview.done_among([trunk_id]) == {trunk_id}
    assert len(livekit.calls) == before


async def test_a_number_that_moves_is_on_the_other_trunk_before_anybody_looks_for_it(
    untended: None, client: httpx.AsyncClient, service: Service, livekit: LiveKitServer
) -> None:
    """The one that gets it comes first, and finds it at the one that gives it up."""
    numbers, views = service.installation.catalog.numbers, service.installation.catalog.views
    giving, getting = [
        views.id_of(service.store.caller, (await create(client, phone_number=number))["id"])
        for number in ("+14155550001", "+14155550002")
    ]
    added = insist(numbers.add, service.store.caller, giving, NewNumber(number="+14155550009"))
    service.doorbell.ring_provision(giving)
    await until(lambda: len(on_livekit(livekit)) == 3)
    # By the services, which ring for nothing: the order of the two turns is the test's.
    insist(numbers.remove, service.store.caller, giving, added.id)
    insist(numbers.add, service.store.caller, getting, NewNumber(number="+14155550009"))
    looks = len(livekit.calls)
    service.doorbell.ring_provision(getting)
    await until(lambda: len(livekit.calls) > looks)
    service.doorbell.ring_provision(giving)
    await until(lambda: on_livekit(livekit).get("+14155550009") == on_livekit(livekit)["+14155550002"])
    assert set(on_livekit(livekit)) == {"+14155550001", "+14155550002", "+14155550009"}
    view = service.installation.provisions.overview.view(getting)
    assert view is None or view.error is None


async def test_two_trunks_exchange_their_numbers(
    client: httpx.AsyncClient, service: Service, livekit: LiveKitServer
) -> None:
    numbers, views = service.installation.catalog.numbers, service.installation.catalog.views
    caller = service.store.caller
    made = [await create(client, phone_number=number) for number in ("+14155550001", "+14155550002")]
    first, second = [views.id_of(caller, each["id"]) for each in made]
    for trunk_id in (first, second):
        (number,) = numbers.page(caller, trunk_id, limit=2)
        insist(numbers.remove, caller, trunk_id, number.id)
    insist(numbers.add, caller, first, NewNumber(number="+14155550002"))
    insist(numbers.add, caller, second, NewNumber(number="+14155550001"))
    for trunk_id in (first, second):
        service.doorbell.ring_provision(trunk_id)

    def exchanged() -> bool:
        sides = [view.sides.inbound for view in (views.get(caller, first), views.get(caller, second))]
        found = on_livekit(livekit)
        return [found.get("+14155550002"), found.get("+14155550001")] == sides

    await until(exchanged)


async def test_a_number_that_is_given_and_taken_over_http_rings_by_itself(
    untended: None, client: httpx.AsyncClient, service: Service, livekit: LiveKitServer
) -> None:
    views = service.installation.catalog.views
    giving, getting = [
        views.id_of(service.store.caller, (await create(client, phone_number=number))["id"])
        for number in ("+14155550001", "+14155550002")
    ]
    moved = {"number": "+14155550009", "country_code": "US"}
    added = await client.post(f"{TALKOVER}/{giving}/dids", json=moved)
    await client.delete(f"{TALKOVER}/{giving}/dids/{added.json()['data']['id']}")
    added = await client.post(f"{BOLNA}/{getting}/numbers", json={"phone_number": "+14155550009"})
    assert added.status_code == 201, added.text
    await until(lambda: on_livekit(livekit).get("+14155550009") == on_livekit(livekit)["+14155550002"])
    assert (await client.delete(f"{BOLNA}/{getting}/numbers/{added.json()['id']}")).status_code == 200
    await until(lambda: "+14155550009" not in on_livekit(livekit))


def on_livekit(livekit: LiveKitServer) -> dict[str, str]:
    """Give the numbers that may be called, with the inbound side of each."""
    return {number: side_id for side_id, info in list(livekit.inbound.items()) for number in info.numbers}


async def test_an_update_whose_trunk_is_removed_meanwhile_finds_none(
    client: httpx.AsyncClient, service: Service, livekit: LiveKitServer
) -> None:
    made = await create(client)
    livekit.fail(Fault.HELD, method="UpdateSIPInboundTrunk")
    waiting = asyncio.create_task(client.put(f"{URL}/{made['id']}", json={"phone_number": "+14155559999"}))
    await asyncio.to_thread(livekit.wait_for_call, "UpdateSIPInboundTrunk")
    assert (await client.delete(f"/api/user/phone-numbers/{made['id']}")).status_code == 200
    livekit.heal()
    answer = await waiting
    assert (answer.status_code, answer.json()) == (404, {"error": "SIP trunk not found."})
    await until(lambda: not (livekit.inbound or livekit.outbound))


async def test_an_update_that_fails_overwrites_no_proof_that_refuted_the_trunk(
    client: httpx.AsyncClient, service: Service, livekit: LiveKitServer
) -> None:
    made = await create(client)
    trunk_id = service.installation.catalog.views.id_of(service.store.caller, made["id"])
    with service.installation.database.write() as session:
        verified = {"is_verified": True, "is_active": True, "verified_generation": 1}
        session.execute(update(Trunk).where(Trunk.id == trunk_id).values(verified))
    livekit.fail(Fault.HELD, method="UpdateSIPInboundTrunk")
    waiting = asyncio.create_task(client.put(f"{URL}/{made['id']}", json={"phone_number": "+14155559999"}))
    await asyncio.to_thread(livekit.wait_for_call, "UpdateSIPInboundTrunk")
    with service.installation.database.write() as session:
        session.execute(update(Trunk).where(Trunk.id == trunk_id).values(is_verified=False, is_active=False))
    livekit.heal()
    answer = await waiting
    assert answer.status_code == 500, answer.text
    data = (await client.get(f"{URL}/{made['id']}")).json()["data"]
    assert (data["is_verified"], data["phone_number"]) == (False, "+14155551234")


async def test_deleting_removes_both_sides(
    client: httpx.AsyncClient, service: Service, livekit: LiveKitServer
) -> None:
    made = await create(client)
    answer = await client.delete(f"/api/user/phone-numbers/{made['id']}")
    assert answer.status_code == 200
    for _ in range(400):
        if not (livekit.inbound or livekit.outbound):
            break
        service.wait_a_moment()
    assert (livekit.inbound, livekit.outbound) == ({}, {})


async def test_the_fixed_egress_carries_the_carriers_name(
    start_service: Callable[[Settings], Service], form_settings: Settings, livekit: LiveKitServer
) -> None:
    settings = with_livekit(form_settings, livekit, fixed_egress=HostPort("192.0.2.50", 5060))
    service = start_service(settings)
    app = create_app(service.installation, doorbell=service.doorbell)
    token = service.installation.tenancy.tenants.create_token(service.store.tenant)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api", timeout=60) as client,
    ):
        client.headers["Authorization"] = f"Bearer {token}"
        data = await create(client, outbound_proxy=True)
    assert data["outbound_proxy"] is True
    (outbound,) = livekit.outbound.values()
    assert (outbound.address, outbound.from_host) == ("192.0.2.50:5060", "sip.provider.example")
    assert outbound.headers["X-Trunk-Destination"] == "sip.provider.example"
