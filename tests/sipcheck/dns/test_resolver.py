"""RFC 3263 against a real DNS server on loopback."""

import asyncio
from collections.abc import AsyncIterator
from random import Random

import pytest

from sipcheck.dns.address_order import has_route
from sipcheck.dns.resolver import Resolver
from sipcheck.dns.route import Route
from sipcheck.errors import SettingInvalid
from sipcheck.reasons import Cause, Reason, WarningCode
from sipcheck.target import HostPort, TransportName, parse_target
from tests.peers.dns_server import DnsServer, Fault

TCP = TransportName.TCP

ZONE = """
carrier.example.            A    127.0.0.9
_sip._udp.carrier.example.  SRV  20 0 5060 b.carrier.example.
_sip._udp.carrier.example.  SRV  10 0 5070 a.carrier.example.
_sip._tcp.carrier.example.  SRV  10 0 5080 a.carrier.example.
_sips._tcp.carrier.example. SRV  10 0 5091 b.carrier.example.
a.carrier.example.          A    127.0.0.1
a.carrier.example.          AAAA ::1
b.carrier.example.          A    127.0.0.2
"""


@pytest.fixture
async def server() -> AsyncIterator[DnsServer]:
    async with DnsServer(ZONE) as running:
        yield running


async def resolve(server: DnsServer, text: str, *, proxy: str | None = None, seconds: float = 3) -> Route:
    resolver = Resolver(
        nameservers=[server.address], timeout_seconds=seconds, random=Random(3263), is_usable=lambda _: True
    )
    return await resolver.resolve(parse_target(text, outbound_proxy=proxy))


def edges(route: Route) -> list[str]:
    return [str(edge) for edge in route.edges]


def asked(server: DnsServer) -> list[str]:
    return [f"{query.record_type} {query.name}" for query in server.queries]


def partial(route: Route) -> list[str]:
    return [warning.detail for warning in route.warnings if warning.code is WarningCode.DNS_PARTIAL]


def failed(route: Route, reason: Reason) -> str:
    assert route.edges == ()
    assert route.failure is not None
    assert route.failure.reason is reason
    return route.failure.detail


# Which questions are asked (§4.1, §4.2)


@pytest.mark.parametrize(
    ("text", "edge"),
    [
        ("127.0.0.1", "127.0.0.1:5060/udp"),
        ("127.0.0.1:5070", "127.0.0.1:5070/udp"),
        ("sip:[::1];transport=tcp", "[::1]:5060/tcp"),
        ("sip:127.0.0.1;transport=tls", "127.0.0.1:5061/tls"),
        ("sips:127.0.0.1", "127.0.0.1:5061/tls"),
    ],
)
async def test_a_numeric_host_asks_no_dns(server: DnsServer, text: str, edge: str) -> None:
    route = await resolve(server, text)
    assert edges(route) == [edge]
    assert route.edges[0].priority is None
    assert asked(server) == []
    assert route.steps == ()


@pytest.mark.parametrize(
    ("text", "edge"),
    [
        ("carrier.example:5060", "127.0.0.9:5060/udp"),
        ("carrier.example:5080", "127.0.0.9:5080/udp"),
        ("sip:carrier.example:5061;transport=tls", "127.0.0.9:5061/tls"),
        ("sips:carrier.example:5071", "127.0.0.9:5071/tls"),
    ],
)
async def test_a_port_means_addresses_only(server: DnsServer, text: str, edge: str) -> None:
    route = await resolve(server, text)
    assert edges(route) == [edge]
    assert sorted(asked(server)) == ["A carrier.example", "AAAA carrier.example"]
    assert route.warnings == ()


async def test_a_transport_asks_its_srv_records_alone(server: DnsServer) -> None:
    route = await resolve(server, "sip:carrier.example;transport=tcp")
    assert edges(route) == ["[::1]:5080/tcp", "127.0.0.1:5080/tcp"]
    assert sorted(asked(server)) == [
        "A a.carrier.example",
        "AAAA a.carrier.example",
        "SRV _sip._tcp.carrier.example",
    ]


async def test_without_naptr_every_transport_is_asked_for(server: DnsServer) -> None:
    route = await resolve(server, "carrier.example")
    assert edges(route) == [
        "[::1]:5070/udp",
        "127.0.0.1:5070/udp",
        "127.0.0.2:5060/udp",
        "[::1]:5080/tcp",
        "127.0.0.1:5080/tcp",
        "127.0.0.2:5091/tls",
    ]
    first = route.edges[0]
    assert (first.host, first.priority, first.weight) == ("a.carrier.example", 10, 0)
    assert server.asked("a.carrier.example", "A") == 1
    assert server.asked("carrier.example", "A") == 0


async def test_naptr_orders_the_transports(server: DnsServer) -> None:
    server.serve(
        ZONE
        + 'carrier.example. NAPTR 10 20 "s" "SIP+D2T" "" _sip._tcp.carrier.example.\n'
        + 'carrier.example. NAPTR 10 10 "S" "SIPS+D2T" "" _secure.other.example.\n'
        + 'carrier.example. NAPTR 1 1 "s" "SIP+D2W" "" _sip._ws.carrier.example.\n'
        + "_secure.other.example. SRV 1 1 5062 b.carrier.example.\n"
    )
    route = await resolve(server, "carrier.example")
    assert edges(route) == ["127.0.0.2:5062/tls", "[::1]:5080/tcp", "127.0.0.1:5080/tcp"]
    assert server.asked("_sip._udp.carrier.example", "SRV") == 0


async def test_naptr_without_srv_falls_to_the_address_by_its_transport(server: DnsServer) -> None:
    """§4.2: the transport selected previously, at its default port."""
    server.serve(
        "x.example. A 127.0.0.5\n" + 'x.example. NAPTR 1 1 "s" "SIPS+D2T" "" _sips._tcp.x.example.\n'
    )
    assert edges(await resolve(server, "x.example")) == ["127.0.0.5:5061/tls"]


@pytest.mark.parametrize(
    ("text", "edge"),
    [
        ("x.example", "127.0.0.5:5060/udp"),
        ("sip:x.example;transport=tcp", "127.0.0.5:5060/tcp"),
        ("sip:x.example;transport=tls", "127.0.0.5:5061/tls"),
        ("sips:x.example", "127.0.0.5:5061/tls"),
    ],
)
async def test_without_srv_the_name_itself_is_the_server(server: DnsServer, text: str, edge: str) -> None:
    server.serve("x.example. A 127.0.0.5")
    route = await resolve(server, text)
    assert edges(route) == [edge]
    assert route.warnings == ()


async def test_sips_asks_for_nothing_but_tls(server: DnsServer) -> None:
    server.serve(ZONE + 'carrier.example. NAPTR 1 1 "s" "SIP+D2U" "" _sip._udp.carrier.example.\n')
    assert edges(await resolve(server, "sips:carrier.example")) == ["127.0.0.2:5091/tls"]


@pytest.mark.parametrize(("port", "edge"), [(5060, "127.0.0.1:5070/udp"), (5061, "127.0.0.1:5070/udp")])
async def test_a_usual_port_gives_way_to_srv_where_the_name_has_no_address(
    server: DnsServer, port: int, edge: str
) -> None:
    server.serve("_sip._udp.x.example. SRV 1 1 5070 a.x.example.\na.x.example. A 127.0.0.1")
    route = await resolve(server, f"x.example:{port}")
    assert edges(route) == [edge]
    assert [warning.code for warning in route.warnings] == [WarningCode.PORT_SUPPRESSES_SRV]
    assert f"port {port} was left aside" in route.warnings[0].detail


async def test_another_port_does_not_give_way(server: DnsServer) -> None:
    server.serve("_sip._udp.x.example. SRV 1 1 5070 a.x.example.\na.x.example. A 127.0.0.1")
    detail = failed(await resolve(server, "x.example:5080"), Reason.DNS_NO_RECORDS)
    assert detail == "x.example exists but has neither an A nor an AAAA record"


async def test_a_usual_port_without_srv_keeps_its_own_failure(server: DnsServer) -> None:
    assert "NXDOMAIN" in failed(await resolve(server, "nope.example:5060"), Reason.DNS_NXDOMAIN)


@pytest.mark.parametrize(
    ("proxy", "edge"),
    [
        ("proxy.example", "127.0.0.7:5077/tcp"),
        ("proxy.example:5066", "127.0.0.6:5066/tcp"),
        ("127.0.0.8", "127.0.0.8:5060/tcp"),
    ],
)
async def test_the_outbound_proxy_is_resolved_and_the_domain_is_not(
    server: DnsServer, proxy: str, edge: str
) -> None:
    server.serve(
        "proxy.example. A 127.0.0.6\n_sip._tcp.proxy.example. SRV 1 1 5077 p.example.\np.example. A 127.0.0.7"
    )
    route = await resolve(server, "sip:carrier.example:5999;transport=tcp", proxy=proxy)
    assert edges(route) == [edge]
    assert not [question for question in asked(server) if "carrier" in question]


# Failures, told apart


async def test_a_name_that_does_not_exist(server: DnsServer) -> None:
    detail = failed(await resolve(server, "sip.nope.example"), Reason.DNS_NXDOMAIN)
    assert detail == "sip.nope.example does not exist (NXDOMAIN)"


async def test_a_name_without_usable_records(server: DnsServer) -> None:
    server.serve("x.example. TXT hello")
    assert "neither an A nor an AAAA" in failed(await resolve(server, "x.example"), Reason.DNS_NO_RECORDS)


async def test_a_cname_to_nowhere_is_named(server: DnsServer) -> None:
    server.serve("x.example. CNAME gone.example.")
    detail = failed(await resolve(server, "x.example:5080"), Reason.DNS_NXDOMAIN)
    assert (
        detail == "x.example is there, and its CNAME leads to gone.example, which does not exist (NXDOMAIN)"
    )


async def test_a_declined_service(server: DnsServer) -> None:
    """RFC 2782, "Target": a dot means that the service is decidedly not available."""
    server.serve("x.example. A 127.0.0.1\n_sip._udp.x.example. SRV 0 0 0 .")
    detail = failed(await resolve(server, "x.example"), Reason.DNS_SERVICE_REFUSED)
    assert "_sip._udp.x.example" in detail
    assert server.asked("x.example", "A") == 0


async def test_a_service_declined_for_one_transport_leaves_the_others(server: DnsServer) -> None:
    server.serve(
        "_sip._udp.x.example. SRV 0 0 0 .\n_sip._tcp.x.example. SRV 1 1 5060 a.example.\na.example. A 127.0.0.1"
    )
    assert edges(await resolve(server, "x.example")) == ["127.0.0.1:5060/tcp"]


@pytest.mark.parametrize("fault", [Fault.SERVFAIL, Fault.REFUSED, Fault.FORMERR])
async def test_a_resolver_that_cannot_answer_is_servfail(server: DnsServer, fault: Fault) -> None:
    server.faults["*", "*"] = fault
    detail = failed(await resolve(server, "carrier.example:5080"), Reason.DNS_SERVFAIL)
    assert fault.upper() in detail
    assert "carrier.example" in detail


@pytest.mark.parametrize("fault", [Fault.SILENT, Fault.GARBAGE])
async def test_no_answer_is_a_timeout(server: DnsServer, fault: Fault) -> None:
    server.faults["*", "*"] = fault
    route = await resolve(server, "carrier.example:5080", seconds=0.2)
    assert "in time" in failed(route, Reason.DNS_TIMEOUT)
    assert {step.kind for step in route.steps} == {"timeout"}


async def test_a_spent_deadline_is_a_timeout_too(server: DnsServer) -> None:
    failed(await resolve(server, "carrier.example", seconds=0), Reason.DNS_TIMEOUT)


@pytest.mark.parametrize("fault", [Fault.SERVFAIL, Fault.REFUSED, Fault.FORMERR])
async def test_a_refused_srv_question_does_not_fall_to_the_address(server: DnsServer, fault: Fault) -> None:
    """The carrier may name other servers there: the fault is the resolver's, and the verdict says so."""
    server.faults["_sip._udp.x.example", "SRV"] = fault
    server.serve("x.example. A 127.0.0.5")
    route = await resolve(server, "x.example")
    assert "x.example itself leads to 127.0.0.5" in failed(route, Reason.DNS_SERVFAIL)
    assert route.failure is not None
    assert route.failure.cause is Cause.SRV_REFUSED


@pytest.mark.parametrize("types", [["SRV"], ["NAPTR", "SRV"]], ids="-and-".join)
async def test_where_srv_meets_silence_alone_the_way_goes_on_by_the_address(
    server: DnsServer, types: list[str]
) -> None:
    server.faults.update({("*", each): Fault.SILENT for each in types})
    server.serve("x.example. A 127.0.0.5")
    route = await resolve(server, "x.example", seconds=2)
    assert edges(route) == ["127.0.0.5:5060/udp"]
    assert "with a host name and port in the trunk SRV is not asked" in partial(route)[-1]
    doubt = route.edges[0].instead_of
    assert doubt is not None
    assert (doubt.reason, doubt.cause) == (Reason.DNS_TIMEOUT, Cause.SRV_UNANSWERED)


async def test_where_nothing_is_answered_the_silence_of_srv_is_told(server: DnsServer) -> None:
    server.faults["*", "*"] = Fault.SILENT
    route = await resolve(server, "x.example", seconds=0.5)
    assert "SRV query" in failed(route, Reason.DNS_TIMEOUT)
    assert route.failure is not None
    assert route.failure.cause is None


async def test_a_missing_srv_name_falls_to_the_address(server: DnsServer) -> None:
    server.serve("x.example. A 127.0.0.5")
    route = await resolve(server, "x.example")
    assert [step.kind for step in route.steps if step.record_type == "SRV"] == ["nxdomain"] * 3
    assert edges(route) == ["127.0.0.5:5060/udp"]


@pytest.mark.parametrize("fault", [Fault.SERVFAIL, Fault.SILENT])
async def test_a_failed_naptr_question_goes_on_by_srv_and_says_so(server: DnsServer, fault: Fault) -> None:
    server.faults["*", "NAPTR"] = fault
    route = await resolve(server, "carrier.example", seconds=1)
    assert "[::1]:5070/udp" in edges(route)
    assert ["NAPTR" in detail for detail in partial(route)] == [True]


async def test_a_name_too_long_for_its_service_has_no_srv_record(server: DnsServer) -> None:
    name = ".".join(["a" * 49] * 5)
    server.serve(f"{name}. A 127.0.0.5")
    assert edges(await resolve(server, name)) == ["127.0.0.5:5060/udp"]


async def test_a_cname_loop_is_servfail(server: DnsServer) -> None:
    server.serve("x.example. CNAME y.example.\ny.example. CNAME x.example.")
    assert "loop" in failed(await resolve(server, "x.example:5080"), Reason.DNS_SERVFAIL)


def chain(length: int) -> str:
    links = [f"c{number}.example. CNAME c{number + 1}.example." for number in range(length)]
    return "\n".join([*links, f"c{length}.example. A 127.0.0.1"])


@pytest.mark.parametrize("fault", [None, Fault.UNFOLLOWED_CNAME])
async def test_cname_chains_are_followed_so_far(server: DnsServer, fault: Fault | None) -> None:
    """By a recursive resolver in one answer, by an authoritative server in one question a link."""
    if fault is not None:
        server.faults["*", "*"] = fault
    server.serve(chain(8))
    assert edges(await resolve(server, "c0.example:5080")) == ["127.0.0.1:5080/udp"]
    server.serve(chain(9))
    detail = failed(await resolve(server, "c0.example:5080"), Reason.DNS_SERVFAIL)
    assert "more than 8 CNAMEs" in detail


# Partial answers


@pytest.mark.parametrize("fault", [Fault.SERVFAIL, Fault.SILENT])
@pytest.mark.parametrize(("lost", "edge"), [("AAAA", "127.0.0.1:5999/udp"), ("A", "[::1]:5999/udp")])
async def test_one_family_lost_is_a_warning(server: DnsServer, fault: Fault, lost: str, edge: str) -> None:
    server.faults["a.carrier.example", lost] = fault
    route = await resolve(server, "a.carrier.example:5999", seconds=0.5)
    assert edges(route) == [edge]
    assert [f"{lost} query for a.carrier.example" in detail for detail in partial(route)] == [True]


async def test_a_family_without_records_is_no_warning(server: DnsServer) -> None:
    assert (await resolve(server, "b.carrier.example:5999")).warnings == ()


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        (Fault.NXDOMAIN, Fault.NO_RECORDS, Reason.DNS_NO_RECORDS),
        (Fault.NXDOMAIN, Fault.SERVFAIL, Reason.DNS_NXDOMAIN),
        (Fault.NO_RECORDS, Fault.SERVFAIL, Reason.DNS_SERVFAIL),
        (Fault.NO_RECORDS, Fault.SILENT, Reason.DNS_TIMEOUT),
    ],
)
@pytest.mark.parametrize("families", [("A", "AAAA"), ("AAAA", "A")])
async def test_two_families_without_address_come_to_one_reason(
    server: DnsServer, first: Fault, second: Fault, reason: Reason, families: tuple[str, str]
) -> None:
    """RFC 8020 §2: NXDOMAIN is said of the name, whatever the type."""
    for family, fault in zip(families, (first, second), strict=True):
        server.faults["a.carrier.example", family] = fault
    failed(await resolve(server, "a.carrier.example:5999", seconds=0.5), reason)


async def test_one_lost_srv_target_is_a_warning(server: DnsServer) -> None:
    server.faults["a.carrier.example", "*"] = Fault.NXDOMAIN
    route = await resolve(server, "sip:carrier.example;transport=udp")
    assert edges(route) == ["127.0.0.2:5060/udp"]
    assert partial(route) == [
        "a.carrier.example, which an SRV record names, does not exist (NXDOMAIN); the other servers were used"
    ]


async def test_all_srv_targets_lost_is_the_gravest_of_their_failures(server: DnsServer) -> None:
    server.faults["a.carrier.example", "*"] = Fault.NXDOMAIN
    server.faults["b.carrier.example", "*"] = Fault.SERVFAIL
    failed(await resolve(server, "sip:carrier.example;transport=udp"), Reason.DNS_SERVFAIL)
    server.faults["b.carrier.example", "*"] = Fault.NO_RECORDS
    failed(await resolve(server, "sip:carrier.example;transport=udp"), Reason.DNS_NXDOMAIN)


async def test_one_lost_srv_question_among_found_ones_is_a_warning(server: DnsServer) -> None:
    server.faults["_sip._udp.carrier.example", "SRV"] = Fault.SERVFAIL
    route = await resolve(server, "carrier.example")
    assert edges(route) == ["[::1]:5080/tcp", "127.0.0.1:5080/tcp", "127.0.0.2:5091/tls"]
    assert "_sip._udp.carrier.example" in partial(route)[0]


async def test_an_srv_record_with_port_0_is_left_aside(server: DnsServer) -> None:
    server.serve(
        "_sip._udp.x.example. SRV 1 1 0 a.example.\n_sip._udp.x.example. SRV 2 1 5060 b.example.\n"
        "a.example. A 127.0.0.1\nb.example. A 127.0.0.2"
    )
    route = await resolve(server, "x.example")
    assert edges(route) == ["127.0.0.2:5060/udp"]
    assert "port 0" in partial(route)[0]
    server.serve("_sip._udp.x.example. SRV 1 1 0 a.example.")
    failed(await resolve(server, "x.example"), Reason.DNS_NO_RECORDS)


# Bounds and duplicates


async def test_an_address_reached_twice_is_one_edge(server: DnsServer) -> None:
    server.serve(
        "_sip._udp.x.example. SRV 1 1 5060 a.example.\n_sip._udp.x.example. SRV 2 1 5060 b.example.\n"
        "a.example. A 127.0.0.1\nb.example. A 127.0.0.1"
    )
    route = await resolve(server, "x.example")
    assert [(edge.host, str(edge)) for edge in route.edges] == [("a.example", "127.0.0.1:5060/udp")]


async def test_srv_records_and_addresses_are_bounded_and_the_surplus_named(server: DnsServer) -> None:
    """The answer is too long for a datagram, so it comes by TCP (RFC 1035 §4.2.1)."""
    records = [f"_sip._udp.x.example. SRV {number} 0 5060 h{number}.example." for number in range(40)]
    hosts = [f"h{number}.example. A 127.0.1.{number}" for number in range(40)]
    hosts += [f"h{number}.example. A 127.0.2.{number}" for number in range(40)]
    hosts += ["h0.example. A 127.0.3.1"]
    server.serve("\n".join(records + hosts))
    route = await resolve(server, "sip:x.example;transport=udp")
    assert len(route.edges) == 32
    assert [edge.priority for edge in route.edges] == [0, 0, *(number // 2 for number in range(1, 31))]
    assert partial(route) == [
        "there are 40 SRV records; the first 32 were used",
        "there are 32 servers; the first 16 were used",
        "there are 33 addresses; the first 32 were used",
    ]
    assert [query.transport for query in server.queries if query.record_type == "SRV"] == ["udp", "tcp"]


# Resolvers


async def test_a_truncated_answer_is_asked_again_by_tcp(server: DnsServer) -> None:
    server.faults["*", "*"] = Fault.TRUNCATED
    assert edges(await resolve(server, "b.carrier.example:5999")) == ["127.0.0.2:5999/udp"]
    assert {query.transport for query in server.queries} == {"udp", "tcp"}


@pytest.mark.parametrize("fault", [Fault.SERVFAIL, Fault.REFUSED, Fault.SILENT])
async def test_a_second_nameserver_stands_in_for_the_first(server: DnsServer, fault: Fault) -> None:
    async with DnsServer(faults={("*", "*"): fault}) as broken:
        resolver = Resolver(nameservers=[broken.address, server.address])
        route = await resolver.resolve(parse_target("b.carrier.example:5999"))
    assert edges(route) == ["127.0.0.2:5999/udp"]
    assert route.warnings == ()


@pytest.mark.skipif(not has_route("::1"), reason="this machine has no IPv6 loopback")
async def test_a_nameserver_may_be_ipv6() -> None:
    async with DnsServer("x.example. A 127.0.0.1", host="::1") as server:
        assert edges(await resolve(server, "x.example:5999")) == ["127.0.0.1:5999/udp"]


def test_a_nameserver_must_be_an_address() -> None:
    with pytest.raises(SettingInvalid, match=r"nameserver dns\.example:53 .* must be an IP address"):
        Resolver(nameservers=[HostPort("dns.example", 53)])


async def test_each_resolve_has_its_own_deadline(server: DnsServer) -> None:
    server.faults["*", "*"] = Fault.SILENT
    resolver = Resolver(nameservers=[server.address], timeout_seconds=600)
    route = await resolver.resolve(parse_target("x.example:5080"), timeout_seconds=0.1)
    failed(route, Reason.DNS_TIMEOUT)


async def test_steps_show_the_way(server: DnsServer) -> None:
    route = await resolve(server, "sip:carrier.example;transport=tcp")
    srv, six, four = route.steps
    assert (srv.record_type, srv.name, srv.kind) == ("SRV", "_sip._tcp.carrier.example", "records")
    assert srv.answers == ("10 0 5080 a.carrier.example",)
    assert (six.record_type, six.answers) == ("AAAA", ("::1",))
    assert (four.record_type, four.answers) == ("A", ("127.0.0.1",))
    assert all(step.ms > 0 for step in route.steps)


async def test_many_targets_at_once_share_one_resolver(server: DnsServer) -> None:
    # The usual 3 s are too few for 150 answers where the server's thread is starved.
    resolver = Resolver(nameservers=[server.address], timeout_seconds=60)
    target = parse_target("sip:carrier.example;transport=udp")
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(resolver.resolve(target)) for _ in range(50)]
    assert {len(task.result().edges) for task in tasks} == {3}


async def test_a_cancelled_resolve_ends_at_once(server: DnsServer) -> None:
    server.faults["*", "*"] = Fault.SILENT
    resolver = Resolver(nameservers=[server.address], timeout_seconds=600)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await resolver.resolve(parse_target("x.example"))
