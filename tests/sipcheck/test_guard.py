"""docs/design/sip.md, hazard 3: every disguise of an address that is not the public internet's."""

from ipaddress import ip_network

import pytest

from sipcheck.dns.route import Edge, Route
from sipcheck.guard import EVERY_NAME, Guard
from sipcheck.reasons import Reason
from sipcheck.target import TransportName

REFUSED = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.100.100.200",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::8.8.8.8",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:0:127.0.0.1",
    "64:ff9b:0:0:0:1:7f00:1",
    "100:0:0:1::1",
    "200::1",
    "4000::1",
    "192.31.196.1",
    "192.175.48.1",
    "2001:4:112::1",
    "2620:4f:8000::1",
    "::FFFF:7F00:1",
    "64:ff9b::7f00:1",
    "64:ff9b::10.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:0:7f00:1::1",
    "2001:0:4136:e378:8000:63bf:80ff:fffe",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "2002:c0a8:101::1",
    "2600:1::5efe:127.0.0.1",
    "2600:1::200:5efe:10.0.0.1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "2600::1%eth0",
    "fec0::1",
    "ff02::1",
    "",
    "localhost",
    "127.1",
    "2130706433",
    "0x7f000001",
    "010.0.0.1",
]
PASSED = [
    "8.8.8.8",
    "54.172.60.0",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2600:1f18::1",
    "2a00:1450:4001:81b::200e",
    "2002:808:808::1",
    "64:ff9b::808:808",
]


@pytest.mark.parametrize("address", REFUSED)
def test_refused(address: str) -> None:
    refusal = Guard().judge(address, 5060)
    assert refusal is not None
    assert refusal.reason is Reason.ADDRESS_FORBIDDEN
    assert address.partition("%")[0].lower() in refusal.detail.lower() or ":" in address


@pytest.mark.parametrize("address", PASSED)
def test_passed(address: str) -> None:
    assert Guard().judge(address, 5060) is None


PORTS = "1433 1521 1900 2049 2375 2376 2379 3306 3389 3702 5353 5432 5900 5984 6379 6443 9042 9092 9200 10250"


@pytest.mark.parametrize(
    "port", [*map(int, PORTS.split()), 11211, 27017, 0, 1, 22, 25, 53, 79, 81, 442, 444, 1023, -1, 65536]
)
def test_ports_of_others(port: int) -> None:
    refusal = Guard().judge("8.8.8.8", port)
    assert refusal is not None
    assert refusal.reason is Reason.PORT_FORBIDDEN
    assert str(port) in refusal.detail


@pytest.mark.parametrize("port", [80, 443, 1024, 5060, 5061, 5080, 8080, 65535])
def test_ports_of_sip(port: int) -> None:
    assert Guard().judge("8.8.8.8", port) is None


LAB = Guard(allow_networks=(ip_network("127.0.0.0/8"), ip_network("fd00::/8")))


def test_an_allowance_is_for_its_network_alone() -> None:
    assert LAB.judge("127.0.0.1", 5060) is None
    assert LAB.judge("fd12::1", 5060) is None
    assert LAB.judge("10.0.0.1", 5060) is not None


def test_an_allowance_does_not_cover_a_disguise() -> None:
    assert LAB.judge("::ffff:127.0.0.1", 5060) is not None
    assert LAB.judge("64:ff9b::7f00:1", 5060) is not None


def test_an_allowance_of_a_network_says_nothing_about_ports() -> None:
    refusal = LAB.judge("127.0.0.1", 6379)
    assert refusal is not None
    assert refusal.reason is Reason.PORT_FORBIDDEN
    assert (
        Guard(allow_networks=LAB.allow_networks, allow_ports=frozenset({6379})).judge("127.0.0.1", 6379)
        is None
    )


def test_an_endpoint_is_let_through_exactly() -> None:
    guard = Guard(allow_endpoints=frozenset({("127.0.0.1", 6379)}))
    assert guard.judge("127.0.0.1", 6379) is None
    assert guard.judge("127.0.0.1", 5060) is not None
    assert guard.judge("127.0.0.2", 6379) is not None


def test_a_refusal_says_what_a_disguise_stands_for() -> None:
    refusal = Guard().judge("2002:7f00:1::", 5060)
    assert refusal is not None
    assert "127.0.0.1" in refusal.detail
    assert "loopback" in refusal.detail


NAMES_REFUSED = (
    "localhost",
    "pbx",
    "com",
    "a.localhost",
    "pbx.local",
    "sip.corp.internal",
    "fritz.lan",
    "nas.home.arpa",
    "livekit.default.svc",
    "redis.default.svc.cluster.local",
    "blocked.invalid",
    # A colon makes no address: DNS carries any octets, and an SRV record may name such a target.
    "a:b.svc",
    "a:b.internal",
    "d:b",
)
NAMES_PASSED = (
    "sip.carrier.example",
    "local.carrier.example",
    "notlocal.example",
    "mylocal.com",
    "arpa.example",
    "10.0.0.1",
    "::1",
)


@pytest.mark.parametrize("name", NAMES_REFUSED)
def test_names_of_private_networks(name: str) -> None:
    for refusal in (Guard().judge_name(name), Guard().judge_host(name), Route(host=name).obstacle(Guard())):
        assert refusal is not None
        assert (refusal.reason, name in refusal.detail) == (Reason.ADDRESS_FORBIDDEN, True)
    # An SRV record of a public name may lead there, with an address that is public for us.
    edge = Edge(name, "8.8.8.8", 5060, TransportName.UDP, 10)
    assert Route(edges=(edge,), host="sip.carrier.example").obstacle(Guard()) is not None
    for allowed in (name, EVERY_NAME):
        assert Guard(allow_names=(allowed,)).judge_name(name) is None


@pytest.mark.parametrize("name", NAMES_PASSED)
def test_names_that_dns_decides(name: str) -> None:
    assert Guard().judge_name(name) is None


def test_an_allowed_name_covers_what_is_under_it() -> None:
    guard = Guard(allow_names=("corp.internal",))
    assert guard.judge_name("sip.corp.internal") is None
    assert guard.judge_name("corp.internal") is None
    assert guard.judge_name("evilcorp.internal") is not None
    assert guard.judge_host("10.0.0.1") is not None
