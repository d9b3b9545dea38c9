"""kill -9 in the midst of a test call: whoever starts next ends it, once the lease is over."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from sipcheck.carrier.behaviours import CallBehaviour
from tests.peers.practice import PracticePeer
from tests.trunkd.conftest import Start
from tests.trunkd.daemon import run_trunkd
from tests.trunkd.prepared import make_token

TRUNKS = "/api/v1/sip-trunks"
# Until it is caught in the midst: a generous limit, for what never comes.
WITHIN_SECONDS = 120.0


@pytest.mark.long
@pytest.mark.parametrize(
    ("calls", "sign", "end"),
    [(CallBehaviour.RING, ("INVITE", 2), "CANCEL"), (CallBehaviour.ECHO, ("ACK", 2), "BYE")],
)
def test_it_is_ended_by_the_next(
    calls: CallBehaviour,
    sign: tuple[str, int],
    end: str,
    start: Start,
    http: httpx.Client,
    port: int,
    is_ready: Callable[[], bool],
    tmp_path: Path,
) -> None:
    settings = {"TRUNKS_PORT": str(port), "TRUNKS_ALLOW_NETWORKS": "127.0.0.0/8", "TRUNKS_KNOCKS": "0"}
    token = make_token(tmp_path, settings)
    allowed = run_trunkd(
        *("environment", "update", "acme", "--allow-test-calls", "--call-countries", "DE"),
        folder=tmp_path,
        **settings,
    )
    assert allowed.returncode == 0, allowed.stderr
    http.headers["Authorization"] = f"Bearer {token}"
    with PracticePeer(calls=calls) as peer:
        seen = peer.running.seen

        def count(method: str) -> int:
            return [each.method for each in seen].count(method)

        first = start("up", **settings)
        first.wait_until(is_ready)
        body = {"name": "a", "provider_name": "b", "domain": "127.0.0.1", "transport": "udp"}
        body |= {"username": "demo", "password": "demo-password"}
        made = http.post(TRUNKS, json=body | {"port": peer.running.udp_port}).json()["data"]
        asked = {"to": "+4930123456", "ring_seconds": 30, "talk_seconds": 30}
        call = http.post(f"{TRUNKS}/{made['id']}/test-call", json=asked)
        assert call.status_code == 202, call.text
        first.wait_until(lambda: count(sign[0]) >= sign[1], within_seconds=WITHIN_SECONDS)
        first.kill()
        assert count(end) == 0
        second = start("up", **settings)
        second.wait_until(lambda: count(end) > 0, within_seconds=WITHIN_SECONDS)
        url = f"{TRUNKS}/{made['id']}/test-calls/{call.json()['data']['call_id']}"
        second.wait_until(lambda: http.get(url).json()["data"]["status"] == "done")
        assert http.get(url).json()["data"]["outcome"] == "inconclusive"
        assert count("INVITE") == 2
