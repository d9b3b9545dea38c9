"""A call as the voice infrastructure writes it, and a carrier that wants it otherwise (livekit/sip#615)."""

from dataclasses import replace
from typing import Any

import pytest

from sipcheck import Engine, EngineSettings, Proof, Reason, Report, TransportName, WarningCode, parse_target
from sipcheck.reasons import CallReason
from sipcheck.settings import Infrastructure
from sipcheck.target import HostPort
from sipcheck.transaction.invite.led_call import LedCall
from sipcheck.verification.calling.options import CallOptions
from tests.peers.call_peer import CallScript, is_authorised
from tests.peers.udp_peer import Reply, UdpPeer
from tests.sipcheck.conftest import ALICE, LOOPBACK
from tests.sipcheck.provoked.claims import assert_claims


class Insisting(CallScript):
    """Takes calls with `user=phone` alone."""

    def __call__(self, request: bytes) -> list[bytes | Reply]:
        if request.startswith(b"INVITE") and b";user=phone SIP/2.0" not in request:
            self.requests.append(request)
            return self._give(request, [(404, "Not Found")])
        return super().__call__(request)


class NoRoute(CallScript):
    """Takes no call that is led to it."""

    def __call__(self, request: bytes) -> list[bytes | Reply]:
        if request.startswith(b"INVITE") and b"\r\nRoute:" in request:
            self.requests.append(request)
            return self._give(request, [(403, "Not relaying")])
        return super().__call__(request)


async def prove(
    script: CallScript, *, led: LedCall | None = None, stated: str | None = None, **options: Any
) -> tuple[Report, list[str]]:
    """With a `led` that names no edge it is the peer's."""
    settings = EngineSettings(guard=LOOPBACK, infrastructure=Infrastructure.LIVEKIT)
    with UdpPeer(script) as peer:
        async with Engine(settings) as engine:
            target = parse_target(f"127.0.0.1:{peer.port}", **options)
            if led is not None and led.edge is None:
                led = replace(led, edge=f"127.0.0.1:{peer.port}/udp")
            report = await engine.verify(
                target, credentials=ALICE, proof=Proof.INVITE, led=led, stated=stated, timeout_seconds=5
            )
    lines = [each.split(b"\r\n")[0].decode().replace(str(peer.port), "PORT") for each in script.of("INVITE")]
    return report, lines


@pytest.mark.parametrize("transport", [None, TransportName.UDP])
async def test_a_call_is_written_as_the_infrastructure_writes_it(transport: TransportName | None) -> None:
    """As recorded of it (tests/livekit_contract/recorded/calls.json)."""
    script = CallScript()
    report, lines = await prove(script, transport=transport)
    chosen = "" if transport is None else ";transport=udp"
    assert lines == [f"INVITE sip:+889000000000@127.0.0.1:PORT{chosen} SIP/2.0"] * 2
    invite = script.of("INVITE")[0].decode()
    where = (
        lines[0]
        .split()[1]
        .replace("PORT", str(script.port or invite.split("@127.0.0.1:")[1].split(" ")[0].split(";")[0]))
    )
    assert f"\r\nTo: <{where}>\r\n" in invite
    assert f"\r\nFrom: <sip:alice@127.0.0.1{chosen}>;tag=" in invite
    assert report.reason is Reason.CREDENTIALS_PROVEN
    assert not report.warnings


async def test_a_carrier_that_wants_another_form_is_told_of() -> None:
    script = Insisting()
    report, lines = await prove(script)
    assert lines == [
        "INVITE sip:+889000000000@127.0.0.1:PORT SIP/2.0",
        *["INVITE sip:+889000000000@127.0.0.1:PORT;user=phone SIP/2.0"] * 2,
    ]
    assert report.reason is Reason.CREDENTIALS_PROVEN
    (warning,) = report.warnings
    assert warning.code is WarningCode.INFRASTRUCTURE_FORM_REFUSED
    assert "404 Not Found" in warning.detail
    assert warning.detail.count("INVITE sip:+889000000000@127.0.0.1:") == 2
    assert_claims(report)


ROUTE = "<sip:127.0.0.1:5060;lr;transport=udp>"
BY_NAME = HostPort("sip1.carrier.example", 5070)


@pytest.mark.parametrize(
    ("led", "uri", "from_host", "route"),
    [
        (LedCall(route=ROUTE), "127.0.0.1:PORT", "127.0.0.1", ROUTE),
        (LedCall(address=BY_NAME, from_domain="carrier.example"), str(BY_NAME), "carrier.example", ""),
        (
            LedCall(transport=TransportName.UDP),
            "127.0.0.1:PORT;transport=udp",
            "127.0.0.1;transport=udp",
            "",
        ),
        # It leads to another edge: here a call is written as any is.
        (LedCall(edge="127.0.0.9:5060/udp", route=ROUTE, from_domain="x"), "127.0.0.1:PORT", "127.0.0.1", ""),
    ],
)
async def test_a_call_that_is_led_is_written_so_at_its_edge(
    led: LedCall, uri: str, from_host: str, route: str
) -> None:
    script = CallScript()
    report, lines = await prove(script, led=led, stated="+493012345678")
    assert report.reason is Reason.CREDENTIALS_PROVEN
    assert lines == [f"INVITE sip:+889000000000@{uri} SIP/2.0"] * 2
    domain = led.from_domain if led.edge is None and led.from_domain else "127.0.0.1"
    for invite in (each.decode() for each in script.of("INVITE")):
        assert f"\r\nFrom: <sip:alice@{from_host}>;tag=" in invite
        assert f"\r\nP-Preferred-Identity: <sip:+493012345678@{domain}>\r\n" in invite
        assert invite.count("\r\nRoute: ") == bool(route)
        assert not route or f"\r\nRoute: {route}\r\n" in invite
    # What ends it goes the same way (RFC 3261 §9.1).
    (cancel,) = set(script.of("CANCEL"))
    assert cancel.decode().count(f"\r\nRoute: {route}\r\n") == bool(route)


async def test_a_carrier_that_takes_no_route_is_told_of() -> None:
    script = NoRoute()
    report, _ = await prove(script, led=LedCall(route=ROUTE))
    assert report.reason is Reason.CREDENTIALS_PROVEN
    (warning,) = report.warnings
    assert warning.code is WarningCode.INFRASTRUCTURE_FORM_REFUSED
    assert f", Route: {ROUTE}" in warning.detail
    assert_claims(report)


@pytest.mark.parametrize(
    ("script", "count"),
    [(CallScript(challenge=None, answers=((404, "No"),)), 2), (CallScript(answers=((404, "No"),)), 2)],
    ids=["refuses-both", "challenges"],
)
async def test_a_carrier_that_minds_no_form_gives_no_warning(script: CallScript, count: int) -> None:
    """Behind a challenge no other form is tried: one INVITE carries the password."""
    report, lines = await prove(script)
    assert not report.warnings
    assert len(lines) == count
    assert sum(map(is_authorised, script.of("INVITE"))) <= 1
    assert_claims(report)


async def test_a_test_call_is_written_so_too_and_plainly_where_that_is_wanted() -> None:
    """Both forms without a password, and then the form that was asked for one."""
    script = Insisting(answers=((486, "Busy Here"),))
    settings = EngineSettings(guard=LOOPBACK, infrastructure=Infrastructure.LIVEKIT)
    options = CallOptions(number="+4930123456", ring_seconds=2.0, talk_seconds=1.0)
    with UdpPeer(script) as peer:
        async with Engine(settings) as engine:
            target = parse_target(f"127.0.0.1:{peer.port}", transport=TransportName.UDP)
            report = await engine.call(target, options, credentials=ALICE)
    lines = [each.split(b"\r\n")[0].decode().replace(str(peer.port), "PORT") for each in script.of("INVITE")]
    assert lines == [
        "INVITE sip:+4930123456@127.0.0.1:PORT;transport=udp SIP/2.0",
        *["INVITE sip:+4930123456@127.0.0.1:PORT;user=phone SIP/2.0"] * 2,
    ]
    assert [is_authorised(each) for each in script.of("INVITE")] == [False, False, True]
    assert report.reason is CallReason.CALL_BUSY
    (warning,) = report.warnings
    assert warning.code is WarningCode.INFRASTRUCTURE_FORM_REFUSED
    assert warning.detail.count("INVITE sip:+4930123456@127.0.0.1:") == 2
