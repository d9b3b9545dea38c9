"""What calls are asked for; what a real LiveKit did then stands in recorded/calls.json."""

from collections.abc import Awaitable, Callable
from typing import Any

from livekit.protocol.sip import SIPTransport

from tests.livekit_contract.call_desk import NUMBER, CallDesk, with_names
from tests.livekit_contract.call_site import CallSite
from tests.livekit_contract.sip_peer import challenging, refusing, ringing, silent

AUTO = SIPTransport.SIP_TRANSPORT_AUTO
UDP = SIPTransport.SIP_TRANSPORT_UDP
TCP = SIPTransport.SIP_TRANSPORT_TCP


async def forms_of_an_invite(desk: CallDesk, site: CallSite) -> None:
    with site.peer("a", refusing()) as a:
        for transport in [AUTO, UDP, TCP]:
            await desk.call(a, address="{a}", transport=transport, tell=with_names)
        await desk.call(a, address="{a}", from_host="elsewhere.example", tell=with_names)
        await desk.call(a, address="{a}", auth_username="alice", auth_password="secret", tell=with_names)
        await desk.call(a, address="{a}", numbers=["1000"], to="+44 20-7123 4567", tell=with_names)
        await desk.call(a, address="{a}", numbers=["alice"], to="bob;phone-context=x", tell=with_names)


async def a_route_is_obeyed(desk: CallDesk, site: CallSite) -> None:
    with site.peer("a", refusing()) as a, site.peer("b", refusing()) as b:
        for name in ["Route", "route"]:
            await desk.call(a, b, address="{a}", headers={name: "<sip:{b};lr>"}, tell=with_names)
        await desk.call(a, b, address="{a}", transport=TCP, headers={"Route": "<sip:{b};lr>"})
        await desk.call(a, b, address="{a}", transport=TCP, headers={"Route": "<sip:{b};lr;transport=tcp>"})
        await desk.call(a, b, address="{a}", transport=UDP, headers={"Route": "<sip:{b};transport=tcp;lr>"})
        await desk.call(a, b, address="{a}", headers={"Route": "<sip:{b}>"})
        await desk.call(a, b, address="{a}", headers={"Route": "sip:{b};lr"})
        await desk.call(a, b, address="{a}", headers={"Route": '"an edge" <sip:{b};lr>'})
        await desk.call(a, b, address="nowhere.example", headers={"Route": "<sip:{b};lr>"})
        await desk.call(a, b, address="{a}", request_headers={"Route": "<sip:{b};lr>"})
        await desk.call(
            a, b, address="{b}", headers={"Route": "<sip:{b};lr>"}, request_headers={"Route": "<sip:{a};lr>"}
        )


async def a_route_that_is_none(desk: CallDesk, site: CallSite) -> None:
    with site.peer("a", refusing()) as a, site.peer("b", refusing()) as b:
        for value in ["<sip:{b};lr>, <sip:{a};lr>", "garbage", "<>", "", "<sip:;lr>", "<tel:{b}>"]:
            # The ones without a host lead to the SIP service itself, where nobody answers.
            ring_seconds = 0.4 if value in ("", "<sip:;lr>") else 8.0
            await desk.call(a, b, address="{a}", headers={"Route": value}, ring_seconds=ring_seconds)


async def a_route_of_every_request(desk: CallDesk, site: CallSite) -> None:
    challenge = [("WWW-Authenticate", 'Digest realm="r", nonce="n"')]
    user: dict[str, Any] = {"auth_username": "alice", "auth_password": "secret"}
    with site.peer("a", silent) as a, site.peer("b", challenging(challenge)) as b:
        await desk.call(
            a, b, address="{a}", headers={"Route": "<sip:{b};lr>"}, told=("INVITE", "ACK"), **user
        )
    with site.peer("a", silent) as a, site.peer("b", ringing) as b:
        told = ("INVITE", "CANCEL")
        await desk.call(a, b, address="{a}", headers={"Route": "<sip:{b};lr>"}, told=told, ring_seconds=0.4)


async def parked(desk: CallDesk, site: CallSite) -> None:
    with site.peer("a", silent) as a:
        await desk.call(a, address="{a}", headers={"Route": "<sip:blocked.invalid;lr>"})


async def addresses_of_ipv6(desk: CallDesk, site: CallSite) -> None:
    with site.peer("a", silent) as a:
        for transport in [AUTO, TCP]:
            for address in ["[::1]:{port}", "::1", "[::1]"]:
                await desk.call(a, address=address, transport=transport, ring_seconds=0.4)
            await desk.call(
                a,
                address="{a}",
                transport=transport,
                headers={"Route": "<sip:[::1]:{port};lr;transport=tcp>"},
                ring_seconds=0.4,
            )


async def odd_addresses(desk: CallDesk, site: CallSite) -> None:
    with site.peer("a", silent) as a:
        for address in ["two words", "{host}:99999", "{host}:x", "a=b"]:
            await desk.call(a, address=address, ring_seconds=0.4)
        await desk.call(a, address="{a}", to="two words@host", ring_seconds=0.4)


async def answers_of_a_carrier(desk: CallDesk, site: CallSite) -> None:
    answers: list[tuple[int, str, list[tuple[str, str]]]] = [
        (300, "Multiple Choices", []),
        (302, "Moved Temporarily", [("Contact", "<sip:{b}>")]),
        (400, "Bad Request", []),
        (403, "Forbidden", []),
        (404, "Not Found", []),
        (408, "Request Timeout", []),
        (480, "Temporarily Unavailable", []),
        (486, "Busy Here", []),
        (487, "Request Terminated", []),
        (488, "Not Acceptable Here", []),
        (500, "Server Internal Error", []),
        (503, "Service Unavailable", [("Retry-After", "60")]),
        (603, "Decline", []),
        (699, "Own Words", []),
    ]
    with site.peer("a", silent) as a, site.peer("b", refusing()) as b:
        for status, phrase, headers in answers:
            given = [(name, site.filled(value)) for name, value in headers]
            a.conduct = refusing(status, phrase, given)
            await desk.call(a, b, address="{a}", title=str(status))


async def no_answer(desk: CallDesk, site: CallSite) -> None:
    told = ("INVITE", "CANCEL", "ACK")
    with site.peer("a", silent) as a:
        await desk.call(a, address="{a}", ring_seconds=0.4, told=told, title="silent")
    with site.peer("a", ringing) as a:
        await desk.call(a, address="{a}", ring_seconds=0.4, told=told, title="ringing")
    await desk.call(address="{closed}", ring_seconds=0.4, title="nobody listens, UDP")
    await desk.call(address="{closed}", transport=TCP, ring_seconds=0.4, title="nobody listens, TCP")


async def a_trunk_inside_the_request(desk: CallDesk, site: CallSite) -> None:
    with site.peer("a", refusing()) as a, site.peer("b", refusing()) as b:
        await desk.call_without_trunk(a, b, hostname="{a}", sip_number=NUMBER)
        route = {"Route": "<sip:{b};lr>"}
        await desk.call_without_trunk(a, b, hostname="{a}", sip_number=NUMBER, headers=route, transport=TCP)
        await desk.call_without_trunk(a, b, hostname="{a}", sip_number=NUMBER, from_host="elsewhere.example")
        await desk.call_without_trunk(a, b, hostname="{a}", title="no number")
        await desk.call_without_trunk(a, b, sip_number=NUMBER, title="no trunk")
        await desk.call_without_trunk(a, b, hostname="sip:{a}", sip_number=NUMBER, title="a URI")
        headers = {"Contact": "<sip:{b}>"}
        await desk.call_without_trunk(
            a, b, hostname="{a}", sip_number=NUMBER, headers=headers, title="Contact"
        )
        await desk.call_without_trunk(a, b, sip_trunk_id="ST_none", title="an unknown trunk")
        await desk.call_without_trunk(a, b, hostname="{a}", sip_number=NUMBER, waits=False)


SCENARIOS: dict[str, Callable[[CallDesk, CallSite], Awaitable[None]]] = {
    scenario.__name__: scenario
    for scenario in [
        forms_of_an_invite,
        a_route_is_obeyed,
        a_route_that_is_none,
        a_route_of_every_request,
        parked,
        addresses_of_ipv6,
        odd_addresses,
        answers_of_a_carrier,
        no_answer,
        a_trunk_inside_the_request,
    ]
}
