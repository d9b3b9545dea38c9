"""The state rules as a customer sees them: over HTTP, at a carrier whose behaviour is switched while all runs."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.peers.ports import free_port
from tests.peers.postgres_databases import PostgresDatabases
from tests.peers.redis_server import RedisServer
from tests.peers.sip_reply import reply_to
from tests.peers.udp_peer import Reply, Script, UdpPeer
from tests.trunkd.conftest import all_parts_answer
from tests.trunkd.daemon import Trunkd
from tests.trunkd.prepared import make_token
from tests.trunks.forms import SECRET_KEYS

HOST = "127.0.0.1"
URL = "/api/v1/sip-trunks"
LABORATORY = {
    "TRUNKS_ALLOW_NETWORKS": "127.0.0.0/8",
    "TRUNKS_ADDRESS_RATE": "0",
    "TRUNKS_ADDRESS_CONCURRENCY": "0",
    "TRUNKS_VERIFY_TIMEOUT_SECONDS": "2",
    "TRUNKS_HEALTH_INTERVAL_FLOOR_SECONDS": "0.2",
    "TRUNKS_HEALTH_INTERVAL_SECONDS": "0.3",
    "TRUNKS_PROBE_TIMEOUT_SECONDS": "0.5",
}


class Carrier:
    """Challenges a REGISTER and takes its credentials or not; silent when it is told to be."""

    def __init__(self) -> None:
        self.speaks = True
        self.accepts = True
        self.after_seconds = 0.0

    def __call__(self, request: bytes) -> list[bytes | Reply]:
        if not self.speaks:
            return []
        if request.startswith(b"OPTIONS") or (self.accepts and b"\r\nAuthorization:" in request):
            return [Reply(data=reply_to(request, 200, "OK"), after_seconds=self.after_seconds)]
        header = ("WWW-Authenticate", 'Digest realm="carrier.example", nonce="n", qop="auth"')
        return [reply_to(request, 401, "Unauthorized", headers=[header])]


@dataclass(frozen=True, slots=True)
class Running:
    """The service in one of its forms: the process that answers, and a client of a tenant."""

    process: Trunkd
    http: httpx.Client


class Customer:
    """Speaks to the API about one trunk."""

    def __init__(self, http: httpx.Client, trunk_id: str, watched: Trunkd) -> None:
        self._http = http
        self._url = f"{URL}/{trunk_id}"
        self._watched = watched

    def sees(self, **expected: Any) -> bool:
        data = self._http.get(self._url).json()["data"]
        return {name: data[name] for name in expected} == expected

    def waits_to_see(self, **expected: Any) -> None:
        self._watched.wait_until(lambda: self.sees(**expected))

    def sets(self, **change: Any) -> httpx.Response:
        return self._http.put(self._url, json=change)

    def verifies(self) -> dict[str, Any]:
        answer: dict[str, Any] = self._http.post(f"{self._url}/verify").json()
        return answer

    def asks_for_a_run(self) -> str:
        answer = self._http.post(f"{self._url}/verify?async=true").json()
        return str(answer["data"]["verification_id"])

    def run(self, verification_id: str) -> dict[str, Any]:
        run: dict[str, Any] = self._http.get(f"{self._url}/verifications/{verification_id}").json()["data"]
        return run

    def events(self) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = self._http.get(f"{self._url}/events?limit=100").json()["data"]
        return events


@pytest.fixture
def carrier() -> Carrier:
    return Carrier()


@pytest.fixture
def peer(udp_peer_factory: Callable[[Script], UdpPeer], carrier: Carrier) -> UdpPeer:
    return udp_peer_factory(carrier)


@pytest.fixture(scope="module", params=["embedded", "scaled"])
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Run either form for all tests here: each has a trunk of its own, at a carrier of its own."""
    folder = tmp_path_factory.mktemp("state")
    port = free_port()
    environment = {**LABORATORY, "TRUNKS_PORT": str(port)}
    parts: tuple[str, ...] = ("up",)
    if request.param == "scaled":
        environment |= scaled_settings(request)
        parts = ("api", "worker", "worker")
    token = make_token(folder, environment)
    with ExitStack() as stack:
        for part in reversed(parts):
            answering = stack.enter_context(Trunkd(part, folder=folder, environment=environment))
        http = stack.enter_context(
            httpx.Client(
                base_url=f"http://{HOST}:{port}", headers={"Authorization": f"Bearer {token}"}, timeout=30
            )
        )
        answering.wait_until(lambda: all_parts_answer(http))
        yield Running(answering, http)


def scaled_settings(request: pytest.FixtureRequest) -> dict[str, str]:
    redis: RedisServer = request.getfixturevalue("_redis_session")
    databases: PostgresDatabases = request.getfixturevalue("_postgres_databases")
    if not redis.running:
        redis.start()
    redis.flush()
    return {
        "TRUNKS_DATABASE_URL": databases.take(),
        "TRUNKS_BROKER_URL": redis.url,
        "TRUNKS_SECRET_KEYS": SECRET_KEYS,
    }


@pytest.fixture
def customer(running: Running, peer: UdpPeer) -> Iterator[Customer]:
    """Enter a trunk at the carrier; when the test is over nobody asks the carrier any more."""
    made = running.http.post(
        URL,
        json={
            "name": "Main",
            "provider_name": "carrier",
            "domain": HOST,
            "port": peer.port,
            "transport": "udp",
            # Another test's rejected credentials are frozen.
            "username": f"user{peer.port}",
            "password": "secret",
        },
    )
    assert made.status_code == 201, made.text
    trunk_id = made.json()["data"]["id"]
    yield Customer(running.http, trunk_id, running.process)
    assert running.http.delete(f"{URL}/{trunk_id}").status_code == 200


def proofs(peer: UdpPeer) -> int:
    return len(
        {each.data.split(b"branch=")[1][:40] for each in peer.received if b"\r\nAuthorization:" in each.data}
    )


def test_down_after_three_and_back_after_two(customer: Customer, carrier: Carrier) -> None:
    assert customer.sets(is_active=True).json()["code"] == "TRUNK_NOT_VERIFIED"
    assert customer.verifies()["success"] is True
    assert customer.sets(is_active=True).json()["data"]["is_active"] is True
    carrier.speaks = False
    customer.waits_to_see(is_active=False, is_verified=True, health_status="unhealthy")
    carrier.speaks = True
    customer.waits_to_see(is_active=True, is_verified=True, health_status="healthy")
    causes = [event["cause"] for event in customer.events()]
    # Behind a silence an account is proven again, which may come before the second living check.
    assert causes[0] in ("health", "proof")
    assert causes[1:] == ["health", "customer", "verification"]
    # Switched off by the customer: health takes it down and up again, and never on.
    assert customer.sets(is_active=False).status_code == 200
    carrier.speaks = False
    customer.waits_to_see(health_status="unhealthy")
    carrier.speaks = True
    customer.waits_to_see(health_status="healthy")
    assert customer.sees(is_active=False, is_verified=True)


def test_switched_on_while_down_it_is_active_at_the_recovery(customer: Customer, carrier: Carrier) -> None:
    assert customer.verifies()["success"] is True
    carrier.speaks = False
    customer.waits_to_see(health_status="unhealthy")
    assert customer.sets(is_active=True).json()["data"]["is_active"] is False
    carrier.speaks = True
    customer.waits_to_see(is_active=True)


def test_a_rejection_freezes_and_an_edit_thaws(customer: Customer, carrier: Carrier, peer: UdpPeer) -> None:
    assert customer.verifies()["success"] is True
    customer.sets(is_active=True)
    carrier.accepts = False
    sent = proofs(peer)
    assert customer.verifies()["data"]["error"] == "Authentication failed (401)"
    assert customer.sees(is_active=False, is_verified=False, credentials="rejected")
    for _ in range(3):
        again = customer.verifies()["data"]
        assert again["reason"] == "credentials-frozen"
        assert again["retry_at"]
    assert proofs(peer) == sent + 1
    # Health goes on answering, and brings nothing back.
    seen = len(peer.received)
    peer.wait_for_received(seen + 3)
    assert customer.sees(is_active=False, is_verified=False)
    carrier.accepts = True
    customer.sets(password="another")
    assert customer.sees(health_status="unknown", credentials="not-tested")
    assert customer.verifies()["success"] is True
    # The switch outlived it all.
    assert customer.sees(is_active=True)


def test_a_result_for_what_the_trunk_was_changes_nothing(customer: Customer, carrier: Carrier) -> None:
    carrier.after_seconds = 0.6
    verification_id = customer.asks_for_a_run()
    customer._watched.wait_until(lambda: customer.run(verification_id)["status"] == "running")
    customer.sets(auth_realm="elsewhere.example")
    customer._watched.wait_until(lambda: customer.run(verification_id)["status"] == "done")
    assert customer.run(verification_id)["report"]["outcome"] == "verified"
    assert customer.sees(is_verified=False, health_status="unknown", last_verification=None)
