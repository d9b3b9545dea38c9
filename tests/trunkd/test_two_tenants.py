"""Two tenants at one carrier, whose health is asked as the account of one of them: neither sees the other's account,
in any answer of any dialect, though the carrier repeats it wherever it can.
"""

import random
import re
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.peers.ports import free_port
from tests.peers.sip_reply import reply_to
from tests.peers.udp_peer import UdpPeer
from tests.trunkd.conftest import Start, all_parts_answer
from tests.trunkd.daemon import Trunkd
from tests.trunkd.prepared import make_token
from tests.trunkd.test_state_over_http import LABORATORY

HOST = "127.0.0.1"
PORT = 5060  # autocalls names no other
ALICE, BOB = "alicesaccount", "bobsaccount"
TALKOVER = "/api/v1/sip-trunks"
AUTOCALLS = "/api/user/phone-numbers/sip-trunks"
BOLNA = "/sip-trunks/trunks"


class TalkativeCarrier:
    """Knows one account, and says in every answer who asked; `status` is its answer to OPTIONS."""

    def __init__(self) -> None:
        self.status = 200
        self.askers: list[str] = []
        self._lock = threading.Lock()

    def __call__(self, request: bytes) -> list[bytes]:
        found = re.search(rb"From:[^\r\n]*?sip:([^@>;\r\n]*)@", request)
        user = "" if found is None else found[1].decode()
        headers = [
            ("Server", "PBX/1.0"),
            ("Contact", f"<sip:{user}@{HOST}>"),
            ("Warning", f'399 {HOST} "{user} is told about"'),
            ("Error-Info", f"<sip:{user}@{HOST}>"),
            ("Allow", f"OPTIONS, {user}"),
            ("Reason", f'SIP ;cause=503 ;text="{user}"'),
        ]
        if request.startswith(b"OPTIONS"):
            with self._lock:
                self.askers.append(user)
            return [reply_to(request, self.status, f"Hello {user}", headers=headers)]
        if user == ALICE and b"\r\nAuthorization:" in request:
            return [reply_to(request, 200, f"Welcome {user}", headers=headers)]
        challenge = ("WWW-Authenticate", 'Digest realm="carrier.example", nonce="n", qop="auth"')
        return [reply_to(request, 401, f"Who is {user}", headers=[challenge, *headers])]


def bodies(user: str, host: str) -> dict[str, dict[str, Any]]:
    """The same trunk in each dialect."""
    return {
        TALKOVER: {
            "name": "Primary",
            "provider_name": "carrier-x",
            "domain": host,
            "port": PORT,
            "transport": "udp",
            "username": user,
            "password": "secret",
        },
        AUTOCALLS: {
            "sip_trunk_type": "extension",
            "phone_number": "1000",
            "sip_username": user,
            "sip_password": "secret",
            "sip_address": host,
            "sip_calling_format": "+e164",
            "inbound_authorization_type": "auth",
            "country_code": "US",
        },
        BOLNA: {
            "name": "Mumbai",
            "provider": "carrier-x",
            "auth_type": "userpass",
            "auth_username": user,
            "auth_password": "secret",
            "gateways": [{"gateway_address": host}],
        },
    }


class Tenant:
    """A client of an environment with a trunk in each dialect."""

    def __init__(self, port: int, token: str) -> None:
        self.http = httpx.Client(
            base_url=f"http://{HOST}:{port}", headers={"Authorization": f"Bearer {token}"}, timeout=30
        )
        self.ids: dict[str, str] = {}

    def enter(self, user: str, host: str) -> None:
        for url, body in bodies(user, host).items():
            answer = self.http.post(url, json=body)
            assert answer.status_code == 201, answer.text
            data = answer.json()
            self.ids[url] = str(data.get("data", data)["id"])
        self.http.post(f"{TALKOVER}/{self.ids[TALKOVER]}/verify")

    def answers(self) -> list[str]:
        """All that can be read, and what asks for it anew; every trunk is talkover's, too."""
        trunks = [each["id"] for each in self.http.get(TALKOVER).json()["data"]]
        assert len(trunks) == 3
        paths = [TALKOVER, AUTOCALLS, BOLNA, *(f"{url}/{each}" for url, each in self.ids.items())]
        paths.append(f"{BOLNA}/{self.ids[BOLNA]}/numbers")
        for trunk in trunks:
            paths += [f"{TALKOVER}/{trunk}{below}" for below in ("", "/health", "/events", "/dids")]
            paths.append(f"{TALKOVER}/{trunk}/verifications")
            runs = self.http.get(f"{TALKOVER}/{trunk}/verifications").json()["data"]
            paths += [f"{TALKOVER}/{trunk}/verifications/{run['id']}" for run in runs]
        answers = [self.http.get(path) for path in paths]
        assert {answer.status_code for answer in answers} == {200}
        return [answer.text + str(answer.headers) for answer in answers]


@pytest.mark.parametrize("status", [403, 503])
def test_neither_tenant_sees_the_others_account(
    start: Start,
    form_environment: dict[str, str],
    tmp_path: Path,
    status: int,
) -> None:
    carrier = TalkativeCarrier()
    # One of its own: whatever else runs here listens at this port, too.
    address = ".".join(["127", *(str(random.randint(1, 254)) for _ in range(3))])
    port = free_port()
    environment = {**LABORATORY, **form_environment, "TRUNKS_KNOCKS": "0", "TRUNKS_PORT": str(port)}
    tokens = [make_token(tmp_path, environment, tenant=name) for name in ("of alice", "of bob")]
    with_worker = start("up", **environment) if not form_environment else start("worker", **environment)
    answering = with_worker if not form_environment else start("api", **environment)
    with httpx.Client(base_url=f"http://{HOST}:{port}") as operator:
        answering.wait_until(lambda: all_parts_answer(operator))
    alice, bob = (Tenant(port, token) for token in tokens)
    with UdpPeer(carrier, address=address, port=PORT):
        _see_nothing_of_one_another(carrier, address, alice, bob, answering, status)


def _see_nothing_of_one_another(
    carrier: TalkativeCarrier, address: str, alice: Tenant, bob: Tenant, answering: Trunkd, status: int
) -> None:
    alice.enter(ALICE, address)
    bob.enter(BOB, address)
    answering.wait_until(lambda: carrier.askers[-6:].count(ALICE) >= 4)
    carrier.status = status
    seen = len(carrier.askers)
    answering.wait_until(lambda: carrier.askers[seen:].count(ALICE) >= 6)
    for tenant, own, others in ((alice, ALICE, BOB), (bob, BOB, ALICE)):
        texts = tenant.answers()
        assert any(own in text for text in texts)
        assert [text for text in texts if others in text] == []
        tenant.http.close()
