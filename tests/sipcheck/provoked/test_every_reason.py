"""Every reason and every warning is provoked over a real socket, here or by a fault of the practice carrier.

The carrier's faults have their table in tests/sipcheck/carrier/test_faults_provoke.py; here stands what lies in the
target, the DNS, the network, the service's hook and ourselves. The last tests hold both tables against the enums.
"""

import asyncio
import errno
import json
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path

import pytest

from sipcheck import (
    Credentials,
    CredentialState,
    EngineSettings,
    Guard,
    Reason,
    Report,
    TransportName,
    WarningCode,
    parse_target,
)
from sipcheck import verify as verify_once
from sipcheck.engine import Engine
from sipcheck.report.checks import failing_axis
from sipcheck.report.model import CheckState
from sipcheck.report.rulings import ruling
from tests.peers.dns_server import DnsServer, Fault
from tests.peers.ports import free_port
from tests.peers.sip_reply import reply_to
from tests.peers.udp_peer import UdpPeer, silent
from tests.punctual import punctually
from tests.sipcheck.carrier.test_faults_provoke import ROWS as FAULT_ROWS
from tests.sipcheck.conftest import ALICE, LOOPBACK
from tests.sipcheck.provoked.claims import assert_claims

UDP, TCP = TransportName.UDP, TransportName.TCP
CHALLENGE = ("WWW-Authenticate", 'Digest realm="carrier.example", nonce="n", qop="auth"')
# Said by the service alone, before any engine runs, or of calls: tested where it is said, by this test.
PLACED = {
    Reason.SECRET_UNREADABLE: "tests/trunks/runs/test_runner.py::test_a_password_that_does_not_open_is_a_verdict",
    Reason.CALL_FORBIDDEN: "tests/sipcheck/provoked/test_field_calls.py::forbidden",
    Reason.ADDRESS_RESTING: "tests/worker/test_knocks.py::test_who_has_to_wait_is_told_until_when_and_runs_by_himself",
}
# They are of a setting of its own, which these scenes have not.
PLACED_WARNINGS = {
    WarningCode.INFRASTRUCTURE_RESOLVES_DIFFERENTLY: "tests/sipcheck/engine/test_infrastructure.py",
    WarningCode.INFRASTRUCTURE_CANNOT_ANSWER: "tests/sipcheck/engine/test_infrastructure.py",
    WarningCode.INFRASTRUCTURE_REFUSES_CERTIFICATE: "tests/sipcheck/engine/test_infrastructure.py",
    WarningCode.INFRASTRUCTURE_FORM_REFUSED: "tests/sipcheck/engine/test_infrastructure_form.py",
    WarningCode.CALL_UNCHALLENGED: "tests/sipcheck/provoked/test_field_calls.py",
    WarningCode.CALL_WAS_ANSWERED: "tests/sipcheck/provoked/test_field_calls.py",
}
ROOT = Path(__file__).parents[3]


@dataclass(slots=True)
class Stage:
    """The peers of one scene, ended with it."""

    stack: ExitStack = field(default_factory=ExitStack)

    def dns(self, zone: str = "", **faults: Fault) -> DnsServer:
        """Serve a zone; `faults` are keyed by record type."""
        keyed = {("*", record_type): fault for record_type, fault in faults.items()}
        return self.stack.enter_context(DnsServer(zone, faults=keyed))

    def registrar(self) -> UdpPeer:
        """Answer OPTIONS, and challenge a REGISTER until credentials come."""

        def script(request: bytes) -> list[bytes]:
            if request.startswith(b"OPTIONS") or b"\r\nAuthorization:" in request:
                return [reply_to(request)]
            return [reply_to(request, 401, "Unauthorized", headers=[CHALLENGE])]

        return self.stack.enter_context(UdpPeer(script))

    def full_listener(self) -> int:
        """Listen with a queue that is full, so that the kernel drops every further SYN; returns the port."""
        listener = self.stack.enter_context(
            closing(socket.create_server(("127.0.0.1", free_port()), backlog=0))
        )
        address = listener.getsockname()
        for _ in range(4):
            waiting = self.stack.enter_context(closing(socket.socket()))
            waiting.setblocking(False)
            assert waiting.connect_ex(address) in (0, errno.EINPROGRESS)
        return int(address[1])


async def verify(
    text: str,
    *,
    dns: DnsServer | None = None,
    transport: TransportName | None = None,
    guard: Guard = LOOPBACK,
    credentials: Credentials | None = None,
    timeout_seconds: float = 2,
    hook: Callable[[str], Awaitable[Reason | None]] | None = None,
) -> Report:
    settings = EngineSettings(guard=guard, nameservers=(dns.address,) if dns else ())
    async with Engine(settings) as engine:
        return await punctually(
            lambda: engine.verify(
                parse_target(text, transport=transport),
                credentials=credentials,
                timeout_seconds=timeout_seconds,
                before_credentials=hook,
            )
        )


@dataclass(frozen=True, slots=True)
class Scene:
    """How a reason comes about, with the warnings beside it and what its summary names."""

    reason: Reason
    play: Callable[[Stage], Awaitable[Report]]
    warnings: frozenset[WarningCode]
    named: str

    def __str__(self) -> str:
        return self.play.__name__.removeprefix("by_")


SCENES: list[Scene] = []
Play = Callable[[Stage], Awaitable[Report]]


def provokes(reason: Reason, *warnings: WarningCode, named: str = "") -> Callable[[Play], Play]:
    """Put a scene into the table."""

    def enter(play: Play) -> Play:
        SCENES.append(Scene(reason, play, frozenset(warnings), named))
        return play

    return enter


# The target and the guard


@provokes(Reason.TARGET_INVALID, named="99999")
async def by_a_port_that_cannot_be(_: Stage) -> Report:
    return await verify_once("sip.carrier.example:99999")


@provokes(Reason.ADDRESS_FORBIDDEN, named="127.0.0.1")
async def by_a_name_for_loopback(stage: Stage) -> Report:
    return await verify("carrier.example", dns=stage.dns("carrier.example. A 127.0.0.1"), guard=Guard())


@provokes(Reason.PORT_FORBIDDEN, named="6379")
async def by_an_srv_record_with_a_forbidden_port(stage: Stage) -> Report:
    zone = "_sip._udp.carrier.example. SRV 1 1 6379 a.example.\na.example. A 127.0.0.1"
    return await verify("carrier.example", dns=stage.dns(zone))


# The DNS


@provokes(Reason.DNS_NXDOMAIN, named="carrier.example")
async def by_no_such_name(stage: Stage) -> Report:
    return await verify("carrier.example", dns=stage.dns())


@provokes(Reason.DNS_NO_RECORDS, named="carrier.example")
async def by_a_name_without_address(stage: Stage) -> Report:
    return await verify("carrier.example", dns=stage.dns("carrier.example. TXT hello"))


@provokes(Reason.DNS_SERVICE_REFUSED, named="_sip._udp.carrier.example")
async def by_an_srv_target_of_a_dot(stage: Stage) -> Report:
    return await verify("carrier.example", dns=stage.dns("_sip._udp.carrier.example. SRV 0 0 0 ."))


@provokes(Reason.DNS_SERVFAIL, named="SERVFAIL")
async def by_a_resolver_that_cannot_answer(stage: Stage) -> Report:
    return await verify("carrier.example", dns=stage.dns(SRV=Fault.SERVFAIL))


@provokes(Reason.DNS_TIMEOUT, named="in time")
async def by_a_silent_resolver(stage: Stage) -> Report:
    return await verify("carrier.example:5099", dns=stage.dns(A=Fault.SILENT, AAAA=Fault.SILENT))


@provokes(Reason.ALIVE, WarningCode.DNS_PARTIAL)
async def by_one_family_without_an_answer(stage: Stage) -> Report:
    port = stage.registrar().port
    return await verify(
        f"carrier.example:{port}", dns=stage.dns("carrier.example. A 127.0.0.1", AAAA=Fault.SERVFAIL)
    )


@provokes(Reason.ALIVE, WarningCode.PORT_SUPPRESSES_SRV)
async def by_a_port_for_a_name_with_srv_alone(stage: Stage) -> Report:
    port = stage.registrar().port
    zone = f"_sip._udp.carrier.example. SRV 1 1 {port} a.example.\na.example. A 127.0.0.1"
    return await verify("carrier.example:5060", dns=stage.dns(zone))


@provokes(Reason.ALIVE, WarningCode.EDGE_DOWN)
async def by_one_dead_server_of_two(stage: Stage) -> Report:
    zone = (
        f"_sip._udp.carrier.example. SRV 1 1 {free_port()} a.example.\n"
        f"_sip._udp.carrier.example. SRV 2 1 {stage.registrar().port} a.example.\n"
        "a.example. A 127.0.0.1"
    )
    return await verify("carrier.example", dns=stage.dns(zone))


# The network; tests/sipcheck/provoked/test_real_network.py has the rest of it


@provokes(Reason.CONNECTION_REFUSED, named="refused")
async def by_nobody_at_the_tcp_port(_: Stage) -> Report:
    return await verify(f"127.0.0.1:{free_port()}", transport=TCP)


@provokes(Reason.CONNECTION_REFUSED, named="refused")
async def by_nobody_at_the_udp_port(_: Stage) -> Report:
    return await verify(f"127.0.0.1:{free_port()}", transport=UDP)


@provokes(Reason.CONNECTION_TIMEOUT, named="127.0.0.1")
async def by_a_full_queue(stage: Stage) -> Report:
    return await verify(f"127.0.0.1:{stage.full_listener()}", transport=TCP)


@provokes(Reason.HOST_UNREACHABLE, named="255.255.255.255")
async def by_an_address_that_the_system_sends_nothing_to(_: Stage) -> Report:
    """A broadcast address: the kernel refuses it without any network."""
    guard = Guard(allow_networks=(ip_network("255.255.255.255/32"),))
    return await verify("255.255.255.255:5099", transport=TCP, guard=guard)


# Ourselves, and the hook by which the service speaks


def answering(answer: Reason | None) -> Callable[[str], Awaitable[Reason | None]]:
    async def hook(_: str) -> Reason | None:
        return answer

    return hook


@provokes(Reason.CREDENTIALS_FROZEN)
async def by_a_hook_that_freezes(stage: Stage) -> Report:
    port = stage.registrar().port
    return await verify(f"127.0.0.1:{port}", credentials=ALICE, hook=answering(Reason.CREDENTIALS_FROZEN))


@provokes(Reason.CANCELLED)
async def by_a_hook_that_has_lost_its_claim(stage: Stage) -> Report:
    """trunks/runs/runner.py answers so when another worker has the run, or the store is away."""
    port = stage.registrar().port
    return await verify(f"127.0.0.1:{port}", credentials=ALICE, hook=answering(Reason.CANCELLED))


@provokes(Reason.DEADLINE_EXCEEDED)
async def by_a_hook_that_takes_all_the_time(stage: Stage) -> Report:
    async def hook(_: str) -> Reason | None:
        await asyncio.sleep(60)
        return None

    port = stage.registrar().port
    return await verify(f"127.0.0.1:{port}", credentials=ALICE, hook=hook, timeout_seconds=1)


@provokes(Reason.NO_RESPONSE, WarningCode.EDGES_UNPROBED, named="127.0.0.1")
async def by_nine_silent_addresses(stage: Stage) -> Report:
    peer = stage.stack.enter_context(UdpPeer(silent, address="127.0.0.1"))
    closed = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(8)]
    for number, each in enumerate(closed, 2):
        stage.stack.enter_context(closing(each)).bind((f"127.0.0.{number}", peer.port))
    zone = [
        f"_sip._udp.carrier.example. SRV {n} 0 {peer.port} n{n}.example.\nn{n}.example. A 127.0.0.{n}"
        for n in range(1, 10)
    ]
    return await verify("carrier.example", dns=stage.dns("\n".join(zone)), transport=UDP)


_WITHOUT_A_FREE_SOCKET = """
import asyncio, json, os, resource, sys
from ipaddress import ip_network
from sipcheck import Engine, EngineSettings, Guard, HostPort, parse_target
from sipcheck.report.json_export import report_to_json

async def run():
    guard = Guard(allow_networks=(ip_network("127.0.0.0/8"),))
    nameservers = (HostPort('127.0.0.1', 53535),)
    async with Engine(EngineSettings(guard=guard, nameservers=nameservers)) as engine:
        free = os.dup(0)  # the lowest number that is free
        os.close(free)
        usual, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (free, most))
        report = await engine.verify(parse_target(sys.argv[1], transport=sys.argv[2]), timeout_seconds=2)
        resource.setrlimit(resource.RLIMIT_NOFILE, (usual, most))
    print(json.dumps(report_to_json(report)))

asyncio.run(run())
"""


@pytest.mark.parametrize(
    ("name", "transport", "check"),
    [
        ("127.0.0.1", UDP, "transport"),
        ("127.0.0.1", TCP, "transport"),
        ("127.0.0.1", TransportName.TLS, "transport"),
        ("carrier.test", UDP, "dns"),
        ("carrier.test", TransportName.TLS, "dns"),
    ],
)
def test_overloaded(name: str, transport: TransportName, check: str) -> None:
    """EMFILE, in a process of its own with RLIMIT_NOFILE: no socket is left for the edge, or for DNS before it."""
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT_A_FREE_SOCKET, f"{name}:{free_port()}", transport],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["outcome"], report["reason"], report["party"]) == ("inconclusive", "overloaded", "ours")
    assert "Too many open files" in report["summary"]
    assert "tell the carrier" not in report["advice"]
    states = {each["name"]: (each["state"], each["code"]) for each in report["checks"]}
    assert states[check] == ("failed", "overloaded")


@pytest.mark.parametrize("scene", SCENES, ids=str)
async def test_a_scene_and_its_verdict(scene: Scene) -> None:
    stage = Stage()
    with stage.stack:
        report = await scene.play(stage)
    expected = ruling(scene.reason, report.cause)
    assert report.reason is scene.reason, report.summary
    assert_claims(report)
    assert (report.outcome, report.party) == (expected.outcome, expected.party)
    codes = {warning.code for warning in report.warnings}
    assert codes - {WarningCode.RETRANSMITTED} == scene.warnings  # a busy machine may send anything twice
    assert scene.named in report.summary
    # Where we cut a run short it is by the hook, which is asked behind the challenge.
    axis = failing_axis(scene.reason, sip_seen=True)
    check = next(check for check in report.checks if check.name is axis)
    if scene.reason is Reason.ALIVE:
        assert check.state is CheckState.OK
    else:
        assert (check.state, check.code) == (CheckState.FAILED, scene.reason)
        assert report.advice
        assert report.credentials is CredentialState.NOT_TESTED


def test_every_reason_is_provoked() -> None:
    overloaded = {Reason.OVERLOADED}  # test_overloaded, in a process of its own
    provoked = {row.reason for row in FAULT_ROWS} | {scene.reason for scene in SCENES} | overloaded
    assert set(Reason) - provoked == set(PLACED)


def test_every_warning_is_provoked() -> None:
    provoked = {code for row in FAULT_ROWS for code in row.warnings}
    provoked |= {code for scene in SCENES for code in scene.warnings}
    assert set(WarningCode) - provoked == set(PLACED_WARNINGS)


@pytest.mark.parametrize(("code", "test"), PLACED_WARNINGS.items())
def test_a_warning_of_another_place_is_tested_there(code: WarningCode, test: str) -> None:
    assert f"WarningCode.{code.name}" in (ROOT / test).read_text(encoding="utf-8")


@pytest.mark.parametrize(("reason", "test"), PLACED.items())
def test_what_the_service_alone_says_is_tested_there(reason: Reason, test: str) -> None:
    path, _, name = test.partition("::")
    body = (ROOT / path).read_text(encoding="utf-8").partition(f"def {name}(")[2].partition("\ndef ")[0]
    assert f"Reason.{reason.name}" in body
