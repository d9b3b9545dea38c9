"""The system's resolvers, as resolv.conf names them."""

import asyncio
import os
from pathlib import Path

import pytest

from sipcheck.dns.query import AnswerKind, DnsClient
from sipcheck.dns.resolver import Resolver
from sipcheck.reasons import Reason
from sipcheck.target import parse_target
from tests.peers.dns_server import DnsServer, Fault


def later(seconds: float) -> float:
    return asyncio.get_running_loop().time() + seconds


@pytest.mark.parametrize("content", [None, "", "search example\n", "# nameserver 127.0.0.1\n", "\xff\n"])
async def test_no_resolver_configured_is_said_in_the_verdict(tmp_path: Path, content: str | None) -> None:
    """A fault of this machine must not be told as one of the trunk: inconclusive, and named."""
    path = tmp_path / "resolv.conf"
    if content is not None:
        path.write_text(content, encoding="latin-1")
    route = await Resolver(resolv_conf=path).resolve(parse_target("carrier.example:5080"))
    assert route.failure is not None
    assert route.failure.reason is Reason.DNS_SERVFAIL
    assert "resolv" in route.failure.detail or "utf-8" in route.failure.detail


async def test_a_numeric_target_needs_no_resolver(tmp_path: Path) -> None:
    route = await Resolver(resolv_conf=tmp_path / "none").resolve(parse_target("127.0.0.1"))
    assert [str(edge) for edge in route.edges] == ["127.0.0.1:5060/udp"]


async def test_resolv_conf_is_read_anew_when_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "resolv.conf"
    client = DnsClient(resolv_conf=path)
    assert (await client.ipv4("x.example", deadline_at=later(1))).kind is AnswerKind.SERVFAIL
    path.write_text("nameserver nonsense\n")
    assert "nonsense" in (await client.ipv4("x.example", deadline_at=later(1))).fault
    os.utime(path, ns=(1, 1))
    path.unlink()
    assert "resolv.conf" in (await client.ipv4("x.example", deadline_at=later(1))).fault


async def test_search_domains_are_never_applied() -> None:
    async with DnsServer("x.example. A 127.0.0.1") as server:
        client = DnsClient(nameservers=[server.address])
        answer = await client.ipv4("x", deadline_at=later(1))
    assert answer.kind is AnswerKind.NXDOMAIN
    assert [query.name for query in server.queries] == ["x"]


async def test_localhost_is_what_the_dns_says() -> None:
    async with DnsServer("localhost. A 127.0.0.7") as server:
        answer = await DnsClient(nameservers=[server.address]).ipv4("localhost", deadline_at=later(1))
    assert answer.records == ("127.0.0.7",)


async def test_nothing_is_cached() -> None:
    async with DnsServer("x.example. A 127.0.0.1") as server:
        client = DnsClient(nameservers=[server.address])
        await client.ipv4("x.example", deadline_at=later(1))
        server.serve("x.example. A 127.0.0.2")
        answer = await client.ipv4("x.example", deadline_at=later(1))
    assert answer.records == ("127.0.0.2",)


async def test_a_nameserver_whose_tcp_is_refused_is_named() -> None:
    async with DnsServer(faults={("*", "*"): Fault.TRUNCATED}) as server:
        server.close_tcp()
        answer = await DnsClient(nameservers=[server.address]).ipv4("x.example", deadline_at=later(2))
    assert answer.kind is AnswerKind.SERVFAIL
    assert f"127.0.0.1@{server.address.port} cannot be reached" in answer.fault


@pytest.mark.parametrize(
    ("zone", "seconds"),
    [
        ("x.example. 300 A 8.8.8.8\nx.example. 300 A 8.8.4.4", 300),
        # Whoever follows an alias keeps the whole no longer than the shortest of it.
        ("x.example. 20 CNAME y.example.\ny.example. 3600 A 8.8.8.8", 20),
        # An edge is gone when either its name or its address is.
        ("_sip._udp.x.example. 600 SRV 1 0 5060 a.x.example.\na.x.example. 30 A 8.8.8.8", 600),
        ("x.example. 0 A 8.8.8.8", 0),
        ("y.example. 300 A 8.8.8.8", None),
    ],
)
async def test_a_route_says_how_long_its_edges_may_be_kept(zone: str, seconds: int | None) -> None:
    async with DnsServer(zone) as server:
        route = await Resolver(nameservers=[server.address]).resolve(parse_target("x.example"))
    assert route.ttl_seconds == seconds
