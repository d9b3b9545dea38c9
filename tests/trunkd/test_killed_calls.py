"""kill -9 in the midst of test calls and proofs by INVITE, each at another moment: whoever starts next ends them all,
once the lease is over.
"""

import os
import re
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.peers.call_peer import CallScript, is_authorised
from tests.peers.sip_reply import reply_to
from tests.peers.udp_peer import Reply, UdpPeer
from tests.sipcheck.verification.calling.test_lying_peers import Answering, session
from tests.trunkd.conftest import Start
from tests.trunkd.daemon import Trunkd, run_trunkd
from tests.trunkd.prepared import make_token
from trunks.runs.open_calls import LEASE

TRUNKS = "/api/v1/sip-trunks"
# Until all are caught in the midst, and ended: a generous limit, for what never comes.
WITHIN_SECONDS = 120.0
SETTINGS = {
    "TRUNKS_ALLOW_NETWORKS": "127.0.0.0/8",
    "TRUNKS_VERIFY_TIMEOUT_SECONDS": "60",
    "TRUNKS_ADDRESS_RATE": "0",
    "TRUNKS_ADDRESS_CONCURRENCY": "0",
    "TRUNKS_KNOCKS": "0",
}
SETTLED = b"SETTLED"
RINGS, TAKEN = ((180, "Ringing"),), ((200, "OK"),)


class Unheard(CallScript):
    """Takes the call when the caller's process stands still: the answer lies in its socket when it is killed."""

    def __init__(self, stands_still: threading.Event) -> None:
        super().__init__()
        self._stands_still = stands_still

    def __call__(self, request: bytes) -> list[bytes | Reply]:
        if not request.startswith(b"INVITE") or not is_authorised(request):
            return super().__call__(request)
        self.requests.append(request)
        contact = [("Contact", f"<sip:carrier@127.0.0.1:{self.port}>")]
        return [Reply(data=reply_to(request, headers=contact), held_until=self._stands_still)]


@dataclass(frozen=True)
class Moment:
    """A carrier that keeps a call where it is: so often was this method asked then, and `end` is what another sends.

    `wish` is what a test call is asked for with; None for a proof.
    """

    name: str
    script: Callable[[threading.Event], CallScript]
    asked: tuple[str, int]
    end: str
    wish: Mapping[str, Any] | None = field(default_factory=dict)


def keeps(**given: Any) -> Callable[[threading.Event], CallScript]:
    return lambda _: CallScript(**given)


PASSWORD_LEFT = ("INVITE", 2)
BOTH = [
    ("its INVITE left", keeps(challenge=None, answers=()), ("INVITE", 1), "CANCEL"),
    ("its password left", keeps(answers=()), PASSWORD_LEFT, "CANCEL"),
    ("it was taken, and nobody heard it", Unheard, PASSWORD_LEFT, "CANCEL"),
    ("it is hung up", keeps(answers=TAKEN, bye=()), ("BYE", 1), "BYE"),
]
SOON = {"ring_seconds": 1}
# None ends by itself before all are caught.
LONG_RING = {"ring_seconds": 55, "talk_seconds": 5}
LONG_TALK = {"ring_seconds": 5, "talk_seconds": 55}
MOMENTS = [
    *(Moment(*each) for each in BOTH),
    *(Moment(*each, wish=None) for each in BOTH),
    Moment("it is tried", keeps(answers=((100, "Trying"),)), PASSWORD_LEFT, "CANCEL"),
    Moment("it rings", keeps(answers=RINGS), PASSWORD_LEFT, "CANCEL"),
    Moment("somebody talks before", keeps(answers=((183, "Progress"),)), PASSWORD_LEFT, "CANCEL"),
    Moment("somebody talks", lambda _: Answering(session("127.0.0.1", 9)), ("ACK", 2), "BYE", LONG_TALK),
    Moment("it is given up", keeps(answers=RINGS, cancel=(), cancelled=()), ("CANCEL", 1), "CANCEL", SOON),
    Moment("it rang", keeps(answers=RINGS, cancel=(), cancelled=()), ("CANCEL", 1), "CANCEL", None),
    Moment("it was taken back", keeps(answers=RINGS, cancelled=()), ("CANCEL", 1), "CANCEL", None),
]


@dataclass
class Caught:
    """A call at its moment; `before` is how much the carrier had been asked when the caller was killed."""

    moment: Moment
    script: CallScript
    trunk_id: str
    call_id: str | None = None
    before: int = 0

    @property
    def at_its_moment(self) -> bool:
        method, often = self.moment.asked
        return self.script.methods().count(method) >= often

    def settle(self) -> None:
        """Note what had come; what was on its way still has come, too."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(SETTLED, ("127.0.0.1", self.script.port))

    @property
    def settled(self) -> bool:
        if SETTLED in self.script.requests:
            self.before = self.script.requests.index(SETTLED)
        return self.before > 0

    @property
    def is_ended(self) -> bool:
        """Whether what ends it came, for that very call."""
        end, (call_id,) = self.moment.end.encode(), self.call_ids[:1]
        return any(
            each.startswith(end) and call_id in each for each in self.script.requests[self.before + 1 :]
        )

    @property
    def call_ids(self) -> list[bytes]:
        return list(dict.fromkeys(re.findall(rb"Call-ID: *(\S+)", b"".join(self.script.of("INVITE")))))


@pytest.fixture
def stands_still() -> threading.Event:
    return threading.Event()


@pytest.fixture
def service(tmp_path: Path, http: httpx.Client, port: int) -> dict[str, str]:
    settings = SETTINGS | {"TRUNKS_PORT": str(port)}
    http.headers["Authorization"] = f"Bearer {make_token(tmp_path, settings)}"
    allowed = run_trunkd(
        *("environment", "update", "acme", "--allow-test-calls", "--call-countries", "DE"),
        folder=tmp_path,
        **settings,
    )
    assert allowed.returncode == 0, allowed.stderr
    return settings


@pytest.fixture
def carriers(stands_still: threading.Event) -> Iterator[list[CallScript]]:
    with ExitStack() as stack:
        scripts = [moment.script(stands_still) for moment in MOMENTS]
        for script in scripts:
            peer = UdpPeer(script)
            script.port = peer.port
            stack.enter_context(peer)
        yield scripts


def begin(http: httpx.Client, moment: Moment, script: CallScript, number: int) -> Caught:
    """Make a trunk at this carrier, and call over it, or have it proven."""
    proof = "invite" if moment.wish is None else "none"
    body = {"name": f"{number}", "provider_name": "b", "domain": "127.0.0.1", "transport": "udp"}
    # Proofs of one account have their turns, one after the other.
    body |= {"username": f"user{number}", "password": "password", "proof": proof}
    made = http.post(TRUNKS, json=body | {"port": script.port})
    assert made.status_code == 201, made.text
    found = Caught(moment, script, made.json()["data"]["id"])
    if moment.wish is None:
        asked = http.post(f"{TRUNKS}/{found.trunk_id}/verify?async=true")
    else:
        wish = {"to": f"+4930123400{number:02}", **LONG_RING, **moment.wish}
        asked = http.post(f"{TRUNKS}/{found.trunk_id}/test-call", json=wish)
        found.call_id = asked.json()["data"]["call_id"]
    assert asked.status_code == 202, asked.text
    return found


def kill(first: Trunkd, stands_still: threading.Event, calls: list[Caught]) -> None:
    """In the midst of all of them; what a carrier says to one that stands still is never read."""
    os.kill(first.pid, signal.SIGSTOP)
    stands_still.set()
    for call in calls:
        call.settle()
    first.wait_until(lambda: all(call.settled for call in calls), within_seconds=WITHIN_SECONDS)
    first.kill()


@pytest.mark.long
def test_they_are_ended_by_the_next(
    start: Start,
    http: httpx.Client,
    service: dict[str, str],
    is_ready: Callable[[], bool],
    carriers: list[CallScript],
    stands_still: threading.Event,
    capsys: pytest.CaptureFixture[str],
) -> None:
    first = start("up", **service)
    first.wait_until(is_ready)
    pairs = enumerate(zip(MOMENTS, carriers, strict=True))
    calls = [begin(http, moment, script, number) for number, (moment, script) in pairs]
    first.wait_until(lambda: all(call.at_its_moment for call in calls), within_seconds=WITHIN_SECONDS)
    kill(first, stands_still, calls)
    killed_at = time.monotonic()
    second = start("up", **service)
    second.wait_until(is_ready)
    second.wait_until(lambda: all(call.is_ended for call in calls), within_seconds=WITHIN_SECONDS)
    took = time.monotonic() - killed_at
    with capsys.disabled():
        print(f"{len(calls)} calls, the last ended {took:.1f} s after the kill")
    # What is promised: the lease, which was renewed at the latest when it was killed, and ten seconds.
    assert took <= LEASE.total_seconds() + 10.0
    for call in calls:
        authorised = {each for each in call.script.of("INVITE") if is_authorised(each)}
        assert len({re.findall(rb"Call-ID: *(\S+)", each)[0] for each in authorised}) == len(authorised)
        if call.call_id is None:
            continue
        url = f"{TRUNKS}/{call.trunk_id}/test-calls/{call.call_id}"
        second.wait_until(lambda url=url: http.get(url).json()["data"]["status"] == "done")  # type: ignore[misc]
        assert http.get(url).json()["data"]["outcome"] == "inconclusive", call.moment
        assert len(call.call_ids) == 1, call.moment
