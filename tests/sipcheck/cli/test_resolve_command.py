"""`sipcheck resolve`: the route as a tree, and the guard's answers."""

import json
import subprocess
import sys
from collections.abc import Callable

import pytest
from typer.testing import CliRunner, Result

from sipcheck.cli.main import app
from tests.peers.dns_server import DnsServer, Fault

ZONE = "\n".join(
    [
        'carrier.example. NAPTR 10 10 "s" "SIP+D2U" "" _sip._udp.carrier.example.',
        "_sip._udp.carrier.example. SRV 10 5 5060 edge.carrier.example.",
        "_sip._udp.carrier.example. SRV 20 5 5080 lab.carrier.example.",
        "edge.carrier.example. A 8.8.8.8",
        "lab.carrier.example. A 10.0.0.1",
    ]
)


def run(dns: DnsServer, *arguments: str) -> Result:
    return CliRunner().invoke(
        app, ["resolve", "carrier.example", "--nameserver", str(dns.address), *arguments]
    )


def test_the_tree(dns_server_factory: Callable[..., DnsServer]) -> None:
    result = run(dns_server_factory(ZONE))
    assert result.exit_code == 1, result.output  # one address is forbidden
    text = result.stdout
    order = [
        text.index(part)
        for part in ("NAPTR carrier", "SRV _sip._udp", "A edge", "8.8.8.8:5060/udp", "10.0.0.1:5080/udp")
    ]
    assert order == sorted(order)
    assert "address-forbidden" in text
    assert "private, RFC 1918" in text


def test_the_tree_in_ascii(dns_server_factory: Callable[..., DnsServer]) -> None:
    command = [sys.executable, "-m", "sipcheck.cli.main", "resolve", "carrier.example"]
    result = subprocess.run(
        [*command, "--nameserver", str(dns_server_factory(ZONE).address)],
        capture_output=True,
        check=False,
        timeout=30,
        env={"PYTHONIOENCODING": "ascii", "PATH": "/usr/bin:/bin"},
    )
    assert b"+-- NAPTR carrier.example" in result.stdout
    assert result.stderr == b""


def test_an_allowance_and_json(dns_server_factory: Callable[..., DnsServer]) -> None:
    result = run(dns_server_factory(ZONE), "--allow-network", "10.0.0.0/8", "--json")
    assert result.exit_code == 0, result.output
    exported = json.loads(result.stdout)
    assert [
        (edge["address"], edge["port"], edge["priority"], edge["forbidden"]) for edge in exported["edges"]
    ] == [
        ("8.8.8.8", 5060, 10, None),
        ("10.0.0.1", 5080, 20, None),
    ]
    assert [step["type"] for step in exported["steps"]][:2] == ["NAPTR", "SRV"]


def test_dns_that_leads_nowhere(dns_server_factory: Callable[..., DnsServer]) -> None:
    assert run(dns_server_factory("")).exit_code == 1
    assert run(dns_server_factory("", faults={("*", "*"): Fault.SERVFAIL})).exit_code == 3


def test_a_target_that_is_none() -> None:
    result = CliRunner().invoke(app, ["resolve", "http://x"])
    assert result.exit_code == 2
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("zone", "dialled", "said"),
    [
        (
            ZONE,
            {"way": "own-host", "address": None, "port": 5060, "transport": "udp"},
            "send calls to itself",
        ),
        (
            f"{ZONE}\ncarrier.example. A 8.8.8.8",
            {"way": "address", "address": "8.8.8.8", "port": 5060, "transport": "udp"},
            None,
        ),
        ("", {"way": "nowhere", "address": None, "port": 5060, "transport": "udp"}, None),
    ],
)
def test_where_a_call_would_go(
    zone: str, dialled: dict[str, object], said: str | None, dns_server_factory: Callable[..., DnsServer]
) -> None:
    dns = dns_server_factory(zone)
    exported = json.loads(run(dns, "--as", "livekit", "--json").stdout)
    assert exported["dialled"] == dialled
    assert [warning["code"] for warning in exported["warnings"]] == (
        ["infrastructure-resolves-differently"] if said else []
    )
    text = " ".join(run(dns, "--as", "livekit").stdout.split())
    assert "A call would go to:" in text
    assert (said or "") in text
    assert "dialled" not in json.loads(run(dns, "--json").stdout)
