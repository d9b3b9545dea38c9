"""A process ends while it creates, by kill -9 or TERM, held at a known point: the retry ends with one, and whole.

tests/api/test_killed_creations.py has every transaction of every creating call.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.peers.livekit.faults import Fault
from tests.peers.livekit.server import API_KEY, API_SECRET, LiveKitServer
from tests.trunkd.conftest import Start
from tests.trunkd.daemon import Trunkd
from tests.trunkd.prepared import make_token
from trunks.installation.settings import DATABASE_FILE_NAME

AUTOCALLS = "/api/user/phone-numbers/sip-trunks"
KEY = {"Idempotency-Key": "create-once"}
LINE: dict[str, Any] = {
    "sip_trunk_type": "number",
    "phone_number": "+14155551234",
    "sip_username": "trunk_user",
    "sip_password": "a password",
    "sip_address": "127.0.0.1",
    "sip_calling_format": "e164",
    "inbound_authorization_type": "auth",
    "country_code": "US",
}
# Before the first side, between the two, and behind the second.
HELD = [
    (Fault.HELD, "CreateSIPInboundTrunk"),
    (Fault.DONE_AND_HELD, "CreateSIPInboundTrunk"),
    (Fault.DONE_AND_HELD, "CreateSIPOutboundTrunk"),
]
# Beyond the lease of the request, and that of the worker.
RETRY_WITHIN_SECONDS = 120.0


@pytest.fixture
def livekit() -> Iterator[LiveKitServer]:
    with LiveKitServer() as server:
        yield server


def kill(daemon: Trunkd) -> None:
    daemon.kill()


def term(daemon: Trunkd) -> None:
    assert daemon.stop() == 0


@pytest.mark.long
@pytest.mark.parametrize("end", [kill, term])
@pytest.mark.parametrize(("fault", "method"), HELD)
def test_the_retry_ends_with_both_sides_once(
    start: Start,
    port: int,
    http: httpx.Client,
    is_ready: Callable[[], bool],
    livekit: LiveKitServer,
    form_environment: dict[str, str],
    tmp_path: Path,
    fault: Fault,
    method: str,
    end: Callable[[Trunkd], None],
) -> None:
    environment = {
        **form_environment,
        "TRUNKS_PORT": str(port),
        "TRUNKS_ALLOW_NETWORKS": "127.0.0.0/8",
        "TRUNKS_PROVISIONER": "livekit",
        "LIVEKIT_URL": livekit.url,
        "LIVEKIT_API_KEY": API_KEY,
        "LIVEKIT_API_SECRET": API_SECRET,
    }
    http.headers["Authorization"] = f"Bearer {make_token(tmp_path, environment)}"
    daemon = start("up", **environment)
    daemon.wait_until(is_ready)
    livekit.fail(fault, method=method)
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(http.post, AUTOCALLS, json=LINE, headers=KEY)
        daemon.wait_until(lambda: any(call.method == method for call in livekit.calls))
        end(daemon)
        with suppress(httpx.TransportError):
            assert first.result(30).status_code == 503
    livekit.heal()
    again = start("up", **environment)
    again.wait_until(is_ready)
    ended = http.post(AUTOCALLS, json=LINE, headers=KEY, timeout=RETRY_WITHIN_SECONDS)
    assert ended.status_code == 201, ended.text
    assert list(livekit.inbound) == [ended.json()["data"]["inbound_trunk_id"]]
    assert list(livekit.outbound) == [ended.json()["data"]["outbound_trunk_id"]]
    assert http.post(AUTOCALLS, json=LINE, headers=KEY).headers["Idempotent-Replayed"] == "true"
    assert len(http.get(AUTOCALLS).json()["data"]) == 1
    assert again.stop() == 0


TALKOVER, BOLNA = "/api/v1/sip-trunks", "/sip-trunks/trunks"
TRUNK = {
    "name": "Primary",
    "provider_name": "carrier-x",
    "domain": "127.0.0.1",
    "username": "user_42",
    "password": "a password",
}
MUMBAI = {
    "name": "Mumbai carrier",
    "provider": "carrier-x",
    "auth_type": "userpass",
    "auth_username": "user_42",
    "auth_password": "a password",
    "gateways": [{"gateway_address": "127.0.0.1"}],
    "phone_numbers": [{"phone_number": "+14155551234"}],
}


@pytest.mark.long
@pytest.mark.parametrize(("url", "body"), [(TALKOVER, TRUNK), (AUTOCALLS, LINE), (BOLNA, MUMBAI)])
def test_term_while_the_store_is_held_leaves_one_trunk(
    start: Start,
    port: int,
    http: httpx.Client,
    is_ready: Callable[[], bool],
    tmp_path: Path,
    url: str,
    body: dict[str, Any],
) -> None:
    """The request waits for SQLite's writer until it is broken off; then the writer is let go."""
    environment = {"TRUNKS_PORT": str(port), "TRUNKS_ALLOW_NETWORKS": "127.0.0.0/8"}
    http.headers["Authorization"] = f"Bearer {make_token(tmp_path, environment)}"
    daemon = start("up", **environment)
    daemon.wait_until(is_ready)
    with (
        closing(sqlite3.connect(tmp_path / "var" / DATABASE_FILE_NAME, isolation_level=None)) as writer,
        ThreadPoolExecutor(1) as threads,
    ):
        writer.execute("BEGIN IMMEDIATE")
        first = threads.submit(http.post, url, json=body, headers=KEY, timeout=30)
        time.sleep(1)  # it may be anywhere by then
        assert daemon.stop() == 0
        with suppress(httpx.TransportError):
            assert first.result(30).status_code in (500, 503)
        writer.execute("ROLLBACK")
    again = start("up", **environment)
    again.wait_until(is_ready)
    ended = http.post(url, json=body, headers=KEY, timeout=RETRY_WITHIN_SECONDS)
    assert ended.status_code == 201, ended.text
    assert len(http.get(TALKOVER).json()["data"]) == 1
    assert again.stop() == 0
