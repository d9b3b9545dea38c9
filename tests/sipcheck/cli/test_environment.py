"""What a person sets once: SIPCHECK_… variables in the place of options (docs/design/command-line.md)."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from sipcheck.cli.environment import Lasting
from sipcheck.cli.main import app
from tests.peers.certificates import CertificateKind, Certificates
from tests.peers.dns_server import DnsServer
from tests.peers.sip_reply import reply_to
from tests.peers.tls_server import TlsServer
from tests.peers.udp_peer import UdpPeer

LOOPBACK = {"SIPCHECK_ALLOW_NETWORKS": "127.0.0.0/8"}
ASKING = ("verify", "resolve", "discover", "sweep")


def run(*arguments: str, env: dict[str, str]) -> Result:
    return CliRunner().invoke(app, arguments, env=env)


def command(name: str, target: str, folder: Path) -> tuple[str, ...]:
    """The command that checks the target; a sweep reads it from a file."""
    if name != "sweep":
        return name, target, "--transport", "udp"
    rows = folder / "rows.csv"
    rows.write_text(f"target,transport\n{target},udp\n")
    return name, str(rows)


@pytest.mark.parametrize("name", ASKING)
def test_every_command_takes_the_networks_and_ports(
    name: str, udp_peer_factory: Callable[..., UdpPeer], tmp_path: Path
) -> None:
    peer = udp_peer_factory(lambda request: [reply_to(request)])
    arguments = (*command(name, f"127.0.0.1:{peer.port}", tmp_path), "--timeout", "3")
    assert run(*arguments, env={}).exit_code == 1
    assert run(*arguments, env=LOOPBACK).exit_code == 0
    several = {"SIPCHECK_ALLOW_NETWORKS": "10.0.0.0/8, ::1/128 127.0.0.0/8"}
    assert run(*arguments, env=several).exit_code == 0
    # What is given goes before what is set, and does not add to it.
    assert run(*arguments, "--allow-network", "10.0.0.0/8", env=LOOPBACK).exit_code == 1


def test_the_ports(tmp_path: Path) -> None:
    target = ("resolve", "8.8.8.8:22")
    assert run(*target, env={}).exit_code == 1
    assert run(*target, env={"SIPCHECK_ALLOW_PORTS": "21,22"}).exit_code == 0


@pytest.mark.parametrize("name", ASKING)
def test_every_command_takes_the_name_servers(
    name: str,
    udp_peer_factory: Callable[..., UdpPeer],
    dns_server_factory: Callable[..., DnsServer],
    tmp_path: Path,
) -> None:
    peer = udp_peer_factory(lambda request: [reply_to(request)])
    dns = dns_server_factory("carrier.test. A 127.0.0.1")
    arguments = (*command(name, f"carrier.test:{peer.port}", tmp_path), "--timeout", "3")
    env = {**LOOPBACK, "SIPCHECK_NAMESERVERS": f"{dns.address}"}
    assert run(*arguments, env=env).exit_code == 0


def test_the_roots(
    tls_server_factory: Callable[..., TlsServer], certificates: Certificates, tmp_path: Path
) -> None:
    server = tls_server_factory(certificate=certificates[CertificateKind.SAN_IP])
    target = ("verify", f"sip:127.0.0.1:{server.port};transport=tls", "--json")
    assert json.loads(run(*target, env=LOOPBACK).stdout)["reason"] == "tls-untrusted"
    env = {**LOOPBACK, "SIPCHECK_CA_FILE": str(certificates.ca_file)}
    assert json.loads(run(*target, env=env).stdout)["reason"] == "alive"
    assert run(*target, env={**LOOPBACK, "SIPCHECK_CA_FILE": "/nonexistent.pem"}).exit_code == 2


@pytest.mark.parametrize("name", ["verify", "discover", "sweep"])
def test_where_to_leave_from(name: str, udp_peer_factory: Callable[..., UdpPeer], tmp_path: Path) -> None:
    peer = udp_peer_factory(lambda request: [reply_to(request)])
    arguments = (*command(name, f"127.0.0.1:{peer.port}", tmp_path), "--timeout", "3")
    assert run(*arguments, env={**LOOPBACK, "SIPCHECK_SOURCE_ADDRESS": "127.0.0.3"}).exit_code == 0
    assert {datagram.source[0] for datagram in peer.received} == {"127.0.0.3"}
    given = ("--source-address", "127.0.0.4")
    assert run(*arguments, *given, env={**LOOPBACK, "SIPCHECK_SOURCE_ADDRESS": "127.0.0.3"}).exit_code == 0
    assert peer.received[-1].source[0] == "127.0.0.4"


@pytest.mark.parametrize(
    ("variable", "text", "said"),
    [
        ("SIPCHECK_ALLOW_NETWORKS", "10.0.0.0/33", "10.0.0.0/33"),
        ("SIPCHECK_ALLOW_PORTS", "sip", "'sip' is no port"),
        ("SIPCHECK_NAMESERVERS", "ns.example", "give an address"),
        ("SIPCHECK_SOURCE_ADDRESS", "here", "no IP address"),
    ],
)
def test_a_refusal_names_the_variable(variable: str, text: str, said: str) -> None:
    result = run("verify", "127.0.0.1", env={variable: text})
    assert result.exit_code == 2
    assert result.stdout == ""
    assert variable in result.stderr
    assert said in result.stderr


@pytest.mark.parametrize("text", ["", "  ", ","])
def test_an_empty_variable_is_none(text: str) -> None:
    env = {each.variable: text if each is not Lasting.CA_FILE else text.strip(",") for each in Lasting}
    env["SIPCHECK_SOURCE_ADDRESS"] = text.strip(",")
    assert run("resolve", "8.8.8.8", env=env).exit_code == 0
    assert run("verify", "127.0.0.1", env=env).exit_code == 1


@pytest.mark.parametrize("name", ["verify", "discover", "sweep"])
def test_help_names_the_variables(name: str) -> None:
    text = "".join(character for character in run(name, "--help", env={"COLUMNS": "200"}).stdout if character)
    for each in Lasting:
        assert each.variable in text
