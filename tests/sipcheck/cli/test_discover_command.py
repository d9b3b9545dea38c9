"""`sipcheck discover` and `verify --discover`: the table, the JSON object, the exit statuses."""

import json
import subprocess
import sys
from collections.abc import Callable

import pytest
from typer.testing import CliRunner, Result

from sipcheck.cli.main import app
from tests.peers.certificates import CertificateKind, Certificates
from tests.peers.dns_server import DnsServer, Fault
from tests.peers.kamailio import PASSWORD, USERNAME, Kamailio
from tests.peers.sip_reply import reply_to
from tests.peers.tls_server import TlsServer
from tests.peers.udp_peer import UdpPeer

ADDRESS = "127.0.0.77"  # where nobody listens on SIP's ports
LOOPBACK = ("--allow-network", "127.0.0.0/8", "--timeout", "2")


def run(*arguments: str, command: str = "discover") -> Result:
    return CliRunner().invoke(app, [command, *arguments], env={"RIGHT": PASSWORD})


def dns_options(server: DnsServer) -> tuple[str, str]:
    return "--nameserver", str(server.address)


def test_the_table(
    udp_peer_factory: Callable[..., UdpPeer],
    tls_server_factory: Callable[..., TlsServer],
    dns_server_factory: Callable[..., DnsServer],
    certificates: Certificates,
) -> None:
    peer = udp_peer_factory(
        lambda request: [reply_to(request, headers=[("Server", "Odd [bold]\x1b[2J")])], address=ADDRESS
    )
    expired = tls_server_factory(certificate=certificates[CertificateKind.EXPIRED], address=ADDRESS)
    zone = (
        f"carrier.example. A {ADDRESS}\n_sips._tcp.carrier.example. SRV 1 0 {expired.port} carrier.example."
    )
    result = run(
        "carrier.example",
        *(*LOOPBACK, *dns_options(dns_server_factory(zone)), "--transport", "tls"),
        *("--also", str(peer.port), "--also", "6379", "--ca-file", str(certificates.ca_file)),
    )
    assert result.exit_code == 0, result.output
    rows = {line.split()[1]: line for line in result.stdout.splitlines() if "/" in line}
    assert len(rows) == 1 + 3 + 3 + 3 + 3
    assert "as set" in rows[f"{ADDRESS}:{expired.port}/tls"]
    assert "tls-expired" in rows[f"{ADDRESS}:{expired.port}/tls"]
    assert "200 OK" in rows[f"{ADDRESS}:{peer.port}/udp"]
    assert "[bold]" in rows[f"{ADDRESS}:{peer.port}/udp"]
    assert "connection-refused" in rows[f"{ADDRESS}:5060/tcp"]
    assert "port-forbidden" in rows[f"{ADDRESS}:6379/udp"]
    assert result.stdout.splitlines()[-1] == f"What answers: udp {peer.port}."
    assert "\x1b" not in result.stdout


def test_the_table_in_ascii(udp_peer_factory: Callable[..., UdpPeer]) -> None:
    peer = udp_peer_factory(lambda request: [reply_to(request, 503, "Später")])
    command = [sys.executable, "-m", "sipcheck.cli.main", "discover", f"127.0.0.1:{peer.port}", *LOOPBACK]
    result = subprocess.run(
        command,
        capture_output=True,
        check=False,
        timeout=30,
        env={"PYTHONIOENCODING": "ascii", "PATH": "/usr/bin:/bin"},
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.isascii()
    assert b"503 Sp?ter" in result.stdout
    assert result.stderr == b""


def test_one_json_object(
    udp_peer_factory: Callable[..., UdpPeer], dns_server_factory: Callable[..., DnsServer]
) -> None:
    peer = udp_peer_factory(
        lambda request: [reply_to(request, headers=[("Server", "Peer 1")])], address=ADDRESS
    )
    dns = dns_server_factory(f"carrier.example. A {ADDRESS}")
    result = run("carrier.example", *LOOPBACK, *dns_options(dns), "--also", str(peer.port), "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert list(found) == [
        *("target", "failure", "candidates", "answering", "working", "notes", "duration_ms", "knocks"),
    ]
    assert found["target"]["domain"] == "carrier.example"
    assert found["failure"] is None
    edge = f"{ADDRESS}:{peer.port}/udp"
    assert (found["answering"], found["working"], found["notes"]) == ([edge], [edge], [])
    (candidate,) = [each for each in found["candidates"] if each["edge"] == edge]
    assert {
        key: candidate[key]
        for key in ("via", "configured", "answers", "outcome", "reason", "sip_status", "server", "detail")
    } == {
        "via": "also",
        "configured": False,
        "answers": True,
        "outcome": "verified",
        "reason": "alive",
        "sip_status": 200,
        "server": "Peer 1",
        "detail": "",
    }
    assert candidate["rtt_ms"] > 0
    assert candidate["certificate"] is None
    refused = next(each for each in found["candidates"] if each["edge"] == f"{ADDRESS}:5060/tcp")
    assert (refused["via"], refused["answers"], refused["reason"]) == ("default", False, "connection-refused")


def test_nothing_answers() -> None:
    result = run(ADDRESS, *LOOPBACK)
    assert result.exit_code == 1, result.output
    assert result.stdout.splitlines()[-1] == "Nothing answers."


@pytest.mark.parametrize("output", [(), ("--json",)])
@pytest.mark.parametrize(
    ("target", "status", "said"),
    [("10.0.0.1", 1, "address-forbidden"), ("http://x", 2, "target-invalid")],
)
def test_what_is_not_tried_at_all(target: str, status: int, said: str, output: tuple[str, ...]) -> None:
    result = run(target, *output)
    assert result.exit_code == status
    assert said in result.stdout
    if output:
        assert json.loads(result.stdout)["failure"]["reason"] == said


@pytest.mark.parametrize(("fault", "status"), [(Fault.NXDOMAIN, 1), (Fault.SERVFAIL, 3)])
def test_dns_that_leads_nowhere(
    fault: Fault, status: int, dns_server_factory: Callable[..., DnsServer]
) -> None:
    dns = dns_server_factory("", faults={("*", "*"): fault})
    result = run("carrier.example", *dns_options(dns))
    assert result.exit_code == status, result.output
    assert f"dns-{fault}" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--also", "0"), "--also '0' is no port"),
        (("--also", "sip"), "'sip'"),
        (("--also", "70000"), "70000"),
        (("--port", "70000"), "70000"),
        (("--timeout", "soon"), "soon"),
        (("--source-address", "192.0.2.1"), "192.0.2.1"),
        (("--outbound-proxy", "a b"), "a b"),
        (("--username", "alice"), "--username"),
    ],
)
def test_a_usage_error_speaks_on_standard_error_alone(arguments: tuple[str, ...], said: str) -> None:
    result = run("127.0.0.1", *arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert said in result.stderr


@pytest.mark.parametrize("output", [(), ("--json",)])
def test_verify_puts_what_would_work_into_its_advice(
    output: tuple[str, ...],
    kamailio_factory: Callable[..., Kamailio],
    dns_server_factory: Callable[..., DnsServer],
) -> None:
    registrar = kamailio_factory(address=ADDRESS)
    zone = (
        f"carrier.example. A {ADDRESS}\n_sip._udp.carrier.example. SRV 1 0 {registrar.port} carrier.example."
    )
    arguments = (
        *("carrier.example", "--transport", "tls", *LOOPBACK, *dns_options(dns_server_factory(zone))),
        *("--username", USERNAME, "--password-env", "RIGHT", *output),
    )
    plain = run(*arguments, command="verify")
    found = run(*arguments, "--discover", command="verify")
    advice = f"udp {registrar.port} answers; the trunk is set to tls 5061"
    assert (plain.exit_code, found.exit_code) == (1, 1), found.output
    assert advice in " ".join(found.stdout.split())
    assert advice not in " ".join(plain.stdout.split())
    if output:
        assert json.loads(found.stdout).keys() == json.loads(plain.stdout).keys()
    assert registrar.requests_seen(credentials=True) == ()


def test_verify_searches_nothing_where_the_guard_refuses(udp_peer_factory: Callable[..., UdpPeer]) -> None:
    peer = udp_peer_factory(lambda request: [reply_to(request)])
    result = run(f"127.0.0.1:{peer.port}", "--discover", command="verify")
    assert result.exit_code == 1
    assert "answers either" not in result.stdout
    assert peer.received == []


def test_help_names_every_option() -> None:
    text = run("--help").stdout
    options = (
        "transport port also outbound-proxy nameserver ca-file tls-strict allow-network allow-port "
        "source-address timeout json"
    )
    for option in options.split():
        assert f"--{option}" in text
    assert "--discover" in run("--help", command="verify").stdout
