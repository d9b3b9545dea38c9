"""TERM while callers wait for each kind of work: everyone is answered in his dialect, and may ask again."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from tests.peers.livekit.faults import Fault
from tests.peers.livekit.server import API_KEY, API_SECRET, LiveKitServer
from tests.peers.udp_peer import Script, UdpPeer, silent
from tests.trunkd.conftest import Start
from tests.trunkd.crowd import SETTINGS, Crowd, crowd_at
from tests.trunkd.daemon import Trunkd
from trunks.models.provision import Provision, ProvisionStatus

HOST = "127.0.0.1"
TALKOVER, BOLNA = "/api/v1/sip-trunks", "/sip-trunks/trunks"
AUTOCALLS = "/api/user/phone-numbers/sip-trunks"
KEY = {"Idempotency-Key": "create-once"}
RESTARTED = (
    "this service is being restarted, and nothing was changed. Send the same request again in a few seconds."
)

Calls = dict[str, Callable[[], httpx.Response]]


def line(phone_number: str) -> dict[str, Any]:
    return {
        "sip_trunk_type": "number",
        "phone_number": phone_number,
        "sip_username": "trunk_user",
        "sip_password": "a password",
        "sip_address": HOST,
        "sip_calling_format": "e164",
        "inbound_authorization_type": "auth",
        "country_code": "US",
    }


@pytest.fixture
def livekit() -> Iterator[LiveKitServer]:
    with LiveKitServer() as server:
        yield server


@pytest.fixture
def environment(form_environment: dict[str, str], port: int, livekit: LiveKitServer) -> dict[str, str]:
    return {
        **SETTINGS,
        **form_environment,
        "TRUNKS_PORT": str(port),
        "TRUNKS_VERIFY_TIMEOUT_SECONDS": "30",
        "TRUNKS_PROBE_TIMEOUT_SECONDS": "30",
        "TRUNKS_VERIFY_WAIT_SECONDS": "60",
        "TRUNKS_PROVISIONER": "livekit",
        "LIVEKIT_URL": livekit.url,
        "LIVEKIT_API_KEY": API_KEY,
        "LIVEKIT_API_SECRET": API_SECRET,
    }


@pytest.fixture
def peers(udp_peer_factory: Callable[[Script], UdpPeer]) -> tuple[UdpPeer, UdpPeer]:
    """Give carriers that never answer: one for verifications, one that is only asked for its health."""
    return udp_peer_factory(silent), udp_peer_factory(silent)


@pytest.fixture
def crowd(
    environment: dict[str, str], peers: tuple[UdpPeer, UdpPeer], tmp_path: Path, http: httpx.Client
) -> Iterator[Crowd]:
    verified, checked = peers
    with crowd_at([verified.port, verified.port, checked.port], tmp_path, environment) as crowd:
        http.headers.update(crowd.headers)
        yield crowd


@dataclass(frozen=True, slots=True)
class Served:
    """The process that answers; in the scaled form its provisioning is done by another."""

    process: Trunkd
    provisioner: Trunkd | None = None

    def hold_provisioning(self, livekit: LiveKitServer) -> None:
        """Let what is asked for from now on not be done in any test's time."""
        for method in ("CreateSIPInboundTrunk", "UpdateSIPInboundTrunk"):
            livekit.fail(Fault.HELD, method=method)
        if self.provisioner is not None:
            # It would give a held call up before the callers are dismissed.
            assert self.provisioner.stop() == 0


@pytest.fixture
def serve(
    start: Start, environment: dict[str, str], is_ready: Callable[[], bool], crowd: Crowd
) -> Callable[[], Served]:
    """Start the service; in the scaled form a worker that verifies and checks goes on beside what is ended."""
    embedded = "TRUNKS_BROKER_URL" not in environment
    if not embedded:
        start("worker", "--queues", "verify,sweep", **environment)

    def run() -> Served:
        if embedded:
            served = Served(start("up", **environment))
        else:
            served = Served(
                start("api", **environment), start("worker", "--queues", "provision", **environment)
            )
        served.process.wait_until(is_ready)
        return served

    return run


def calls_that_wait(http: httpx.Client, crowd: Crowd, trial_port: int, autocalls_url: str) -> Calls:
    """One call of each kind; `autocalls_url` is that of a trunk whose sides exist."""
    first, second, third = crowd.trunks
    trial = {"name": "Trial", "provider_name": "x", "domain": HOST, "port": trial_port, "transport": "udp"}
    trial |= {"username": "alice", "password": "a password"}
    return {
        "verify": lambda: http.post(f"{TALKOVER}/{first}/verify"),
        "bolna-verify": lambda: http.post(f"{BOLNA}/{second}/verify"),
        "dry-run": lambda: http.post(f"{TALKOVER}/verify", json=trial),
        "health": lambda: http.get(f"{TALKOVER}/{third}/health"),
        "create": lambda: http.post(AUTOCALLS, json=line("+14155550002"), headers=KEY),
        "update": lambda: http.put(autocalls_url, json={"phone_number": "+14155550003"}),
    }


def waiting_callers(http: httpx.Client) -> int:
    (sample,) = [
        text for text in http.get("/metrics").text.splitlines() if text.startswith("trunks_callers_w")
    ]
    return int(float(sample.split()[1]))


def open_provisions(crowd: Crowd) -> int:
    with crowd.store.installation.database.read() as session:
        statement = select(func.count()).where(Provision.status != ProvisionStatus.DONE)
        return session.scalars(statement).one()


def test_all_are_answered_and_whoever_was_broken_off_may_ask_again(
    serve: Callable[[], Served],
    http: httpx.Client,
    crowd: Crowd,
    livekit: LiveKitServer,
    peers: tuple[UdpPeer, UdpPeer],
) -> None:
    served = serve()
    made = http.post(AUTOCALLS, json=line("+14155550001"))
    assert made.status_code == 201, made.text
    autocalls_url = f"{AUTOCALLS}/{made.json()['data']['id']}"
    calls = calls_that_wait(http, crowd, peers[0].port, autocalls_url)
    served.hold_provisioning(livekit)
    with ThreadPoolExecutor(len(calls)) as threads:
        begun: dict[str, Future[httpx.Response]] = {
            name: threads.submit(call) for name, call in calls.items()
        }
        served.process.wait_until(lambda: waiting_callers(http) == 3 and open_provisions(crowd) == 2)
        peers[1].wait_for_received(1)
        assert served.process.stop() == 0
        answers = {name: answer.result(5) for name, answer in begun.items()}
    assert {name: answer.status_code for name, answer in answers.items()} == {
        "verify": 202,
        "bolna-verify": 202,
        "dry-run": 503,
        "health": 200,
        "create": 503,
        "update": 503,
    }
    bodies = {name: answer.json() for name, answer in answers.items()}
    assert bodies["verify"]["data"]["status"] in ("queued", "running")
    assert bodies["bolna-verify"]["status"] in ("queued", "running")
    assert bodies["dry-run"]["code"] == "VERIFICATION_UNFINISHED"
    assert bodies["health"]["data"]["error"] == "No answer yet; the check goes on."
    assert bodies["create"] == {"error": f"Failed to create SIP trunk: {RESTARTED}"}
    assert bodies["update"] == {"error": f"Failed to update SIP trunk: {RESTARTED}"}
    assert all(answers[name].headers["Retry-After"] for name in ("dry-run", "create", "update"))
    assert "Traceback" not in served.process.err

    livekit.heal()
    serve()
    assert http.get(autocalls_url).json()["data"]["phone_number"] == "+14155550001"
    assert "+14155550002" not in http.get(AUTOCALLS).text
    again = calls["create"]()
    assert again.status_code == 201, again.text
    assert calls["create"]().headers["Idempotent-Replayed"] == "true"
    assert calls["update"]().json()["data"]["phone_number"] == "+14155550003"
