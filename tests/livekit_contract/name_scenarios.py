"""Calls to names: which records are asked, and where the call goes."""

from collections.abc import Awaitable, Callable

from livekit.protocol.sip import SIPTransport

from tests.livekit_contract.call_desk import CallDesk
from tests.livekit_contract.call_site import CallSite
from tests.livekit_contract.sip_peer import refusing

UDP = SIPTransport.SIP_TRANSPORT_UDP
TCP = SIPTransport.SIP_TRANSPORT_TCP
TLS = SIPTransport.SIP_TRANSPORT_TLS


async def one_address(desk: CallDesk, site: CallSite) -> None:
    with site.peer("a", refusing()) as a, site.name_server(f"carrier.example. A {site.host}") as desk.dns:
        await desk.call(a, address="carrier.example:{port}")
        await desk.call(a, address="carrier.example.:{port}")
        await desk.call(a, address="carrier.example:{port}", transport=TCP)
        await desk.call(a, address="{a}", headers={"Route": "<sip:carrier.example:{port};lr>"})


async def an_alias(desk: CallDesk, site: CallSite) -> None:
    zone = f"carrier.example. CNAME edge.example.\nedge.example. A {site.host}"
    with site.peer("a", refusing()) as a, site.name_server(zone) as desk.dns:
        await desk.call(a, address="carrier.example:{port}")


async def the_first_of_two_addresses(desk: CallDesk, site: CallSite) -> None:
    zone = f"carrier.example. A {site.dead}\ncarrier.example. A {site.host}"
    with site.peer("a", refusing()) as a, site.name_server(zone) as desk.dns:
        await desk.call(a, address="carrier.example:{port}", ring_seconds=0.4)
    zone = f"carrier.example. A {site.host}\ncarrier.example. A {site.dead}"
    with site.peer("a", refusing()) as a, site.name_server(zone) as desk.dns:
        await desk.call(a, address="carrier.example:{port}")


async def both_families(desk: CallDesk, site: CallSite) -> None:
    zone = f"carrier.example. AAAA ::1\ncarrier.example. A {site.host}"
    with site.peer("a", refusing()) as a, site.name_server(zone) as desk.dns:
        await desk.call(a, address="carrier.example:{port}")


async def ipv6_alone(desk: CallDesk, site: CallSite) -> None:
    with (
        site.own_host("a", refusing(), address="::1") as own,
        site.name_server("carrier.example. AAAA ::1") as desk.dns,
    ):
        for transport in [UDP, TCP]:
            await desk.call(own, address="carrier.example:{port}", transport=transport)
        await desk.call(own, address="{b}", headers={"Route": "<sip:carrier.example:{port};lr>"})


async def service_beside_an_address(desk: CallDesk, site: CallSite) -> None:
    records = [
        f"carrier.example. A {site.host}",
        f"_sip._udp.carrier.example. SRV 10 0 {site.ports['b']} edge.example.",
        f"edge.example. A {site.host}",
    ]
    zone = "\n".join(records)
    with site.peer("a", refusing()) as a, site.peer("b", refusing()) as b, site.name_server(zone) as desk.dns:
        await desk.call(a, b, address="carrier.example:{port}")


async def service_alone(desk: CallDesk, site: CallSite) -> None:
    records = [
        f"_{service}.carrier.example. SRV 10 0 {site.ports['a']} edge.example."
        for service in ["sip._udp", "sip._tcp", "sips._tcp"]
    ]
    zone = "\n".join([*records, f"edge.example. A {site.dead}"])
    with (
        site.own_host("a", refusing()) as ipv4,
        site.own_host("a", refusing(), address="::1") as ipv6,
        site.name_server(zone) as desk.dns,
    ):
        await desk.call(ipv4, ipv6, address="carrier.example")
        await desk.call(ipv4, ipv6, address="carrier.example:5080")
        await desk.call(ipv4, ipv6, address="carrier.example", transport=TCP)
        route = "<sip:carrier.example;lr>"
        await desk.call(ipv4, ipv6, address="{b}", headers={"Route": route})


async def service_for_tls(desk: CallDesk, site: CallSite) -> None:
    zone = (
        f"_sips._tcp.carrier.example. SRV 10 0 {site.ports['a']} edge.example.\nedge.example. A {site.host}"
    )
    with site.name_server(zone) as desk.dns:
        await desk.call(address="carrier.example", transport=TLS)


async def no_records(desk: CallDesk, site: CallSite) -> None:
    with site.name_server(f"elsewhere.example. A {site.dead}") as desk.dns:
        for transport in [UDP, TCP, TLS]:
            await desk.call(address="carrier.example", transport=transport, ring_seconds=0.4)
        await desk.call(
            address="{a}", headers={"Route": "<sip:carrier.example;lr>"}, ring_seconds=0.4, title="Route"
        )


SCENARIOS: dict[str, Callable[[CallDesk, CallSite], Awaitable[None]]] = {
    scenario.__name__: scenario
    for scenario in [
        one_address,
        an_alias,
        the_first_of_two_addresses,
        both_families,
        ipv6_alone,
        service_beside_an_address,
        service_alone,
        service_for_tls,
        no_records,
    ]
}
