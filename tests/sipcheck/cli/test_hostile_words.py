"""A zone's and a peer's words steer no terminal, whichever command shows them (docs/design/sip.md, "Bounds")."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from typer.testing import CliRunner

from sipcheck.cli.main import app
from tests.peers.dns_server import DnsServer
from tests.peers.sip_reply import reply_to
from tests.peers.udp_peer import Reply, UdpPeer

ESCAPE = "\x1b]0;owned\x07\x1b[2J\u202e"
LONG = "long " * 2000
PASSWORD = {"TRUNK_PASSWORD": "secret"}


def hostile(request: bytes) -> list[bytes | Reply]:
    """Every word that a report shows, in the colours of somebody else's terminal."""
    words = [
        ("Server", f"Asterisk{ESCAPE}"),
        ("Warning", f'399 carrier "{ESCAPE}{LONG}"'),
        ("Reason", f'Q.850;cause=21;text="{ESCAPE}"'),
        ("Contact", f"<sip:elsewhere{ESCAPE}@192.0.2.1>"),
        ("WWW-Authenticate", f'Digest realm="carrier{ESCAPE}{LONG}", nonce="n"'),
        ("Unsupported", ESCAPE),
        (f"X-Carrier{ESCAPE}", ESCAPE),
    ]
    status = 401 if request.startswith(b"REGISTER") else 302
    return [reply_to(request, status, f"Moved{ESCAPE}", headers=words)]


def garbage(request: bytes) -> list[bytes | Reply]:
    return [f"SSH-2.0-{ESCAPE}\r\n".encode()]


def malformed(request: bytes) -> list[bytes | Reply]:
    return [reply_to(request).replace(b"CSeq: 1 ", b"CSeq: 1\x1b[2J ")]


SCRIPTS = {"words": hostile, "garbage": garbage, "malformed": malformed}


@pytest.fixture(params=list(SCRIPTS.values()), ids=list(SCRIPTS))
def peer(request: pytest.FixtureRequest) -> Iterator[UdpPeer]:
    with UdpPeer(request.param) as started:
        yield started


@pytest.fixture
def zone(dns_server_factory: Callable[..., DnsServer]) -> Callable[[int], DnsServer]:
    def start(port: int) -> DnsServer:
        return dns_server_factory(
            "\n".join(
                [
                    'carrier.test. NAPTR 10 10 "s" "SIP+D2U" "" _sip._udp.carrier.test.',
                    r'carrier.test. NAPTR 20 10 "u" "E2U\027[2J" "!^.*$!\027]0;owned\007!" .',
                    f"_sip._udp.carrier.test. SRV 10 5 {port} edge.carrier.test.",
                    r"_sip._udp.carrier.test. SRV 20 5 5060 g\027[2Jone.carrier.test.",
                    "edge.carrier.test. A 127.0.0.1",
                ]
            )
        )

    return start


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield key
            yield from texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)
    elif isinstance(value, str):
        yield value


def assert_harmless(shown: str) -> None:
    assert all(line.isprintable() for line in shown.split("\n")), ascii(shown)


COMMANDS = {
    "resolve": ("resolve", "carrier.test"),
    "discover": ("discover", "carrier.test", "--timeout", "3"),
    "verify": (
        "verify",
        "carrier.test",
        "--timeout",
        "2",
        "--username",
        "u",
        "--password-env",
        "TRUNK_PASSWORD",
    ),
    "sweep": ("sweep", "-", "--timeout", "2"),
}


@pytest.mark.parametrize("as_json", [False, True], ids=["drawn", "json"])
@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_shows_them_raw(
    command: str, as_json: bool, peer: UdpPeer, zone: Callable[[int], DnsServer]
) -> None:
    lookup = ("--nameserver", str(zone(peer.port).address), "--allow-network", "127.0.0.0/8")
    options = (*lookup, "--json") if as_json else lookup
    rows = "target,username,password\ncarrier.test,u,secret\n" if command == "sweep" else None
    result = CliRunner().invoke(app, [*COMMANDS[command], *options], input=rows, env=PASSWORD)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "carrier.test" in result.stdout
    assert_harmless(result.stdout)
    if as_json:
        report = json.loads(result.stdout)
        steps = report.pop("trace", [])
        for text in texts(report):
            assert len(text) <= 1000
            assert_harmless(text)
        for text in texts(steps):
            assert_harmless(text)
