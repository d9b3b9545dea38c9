"""kill -9 while the sides of a trunk are being made, held at a known call: the retry ends with both, once.

tests/api/test_killed_creations.py has every transaction of every creating call.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.peers.livekit.faults import Fault
from tests.peers.livekit.server import API_KEY, API_SECRET, LiveKitServer
from tests.trunkd.conftest import Start
from tests.trunkd.prepared import make_token

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


@pytest.mark.long
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
        daemon.kill()
        with suppress(httpx.TransportError):
            first.result(30)
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
