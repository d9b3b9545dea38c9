"""Test calls through a real proxy that asks for the password, to a telephone behind it."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import uvloop

from sipcheck import Credentials, Engine, EngineSettings, parse_target
from sipcheck.reasons import CallReason, CallVerdict, Reason
from sipcheck.report.call_report import CallReport
from sipcheck.verification.calling.numbers import NumberFormat, write_number
from sipcheck.verification.calling.options import CallOptions
from tests.observed import until
from tests.peers.baresip import Baresip
from tests.peers.call_peer import CallScript
from tests.peers.certificates import CertificateKind, Certificates
from tests.peers.dns_server import DnsServer
from tests.peers.kamailio import USERNAME, Kamailio
from tests.peers.udp_peer import UdpPeer
from tests.sipcheck.conftest import ALICE, LOOPBACK
from tests.sipcheck.engine.test_kamailio import carrier_zone

pytestmark = pytest.mark.peers
NUMBER = "+4930123456"
USUAL = CallOptions(number=NUMBER, talk_seconds=2.0)


async def call(
    registrar: Kamailio,
    options: CallOptions = USUAL,
    *,
    transport: str = "udp",
    credentials: Credentials = ALICE,
) -> CallReport:
    target = parse_target(
        f"sip:carrier.example;transport={transport}", outbound_proxy=f"127.0.0.1:{registrar.port}"
    )
    async with Engine(EngineSettings(guard=LOOPBACK)) as engine:
        return await engine.call(target, options, credentials=credentials)


ASYNCIO, UVLOOP = asyncio.new_event_loop, uvloop.new_event_loop


@pytest.mark.parametrize(
    ("transport", "algorithm", "status", "loop_factory"),
    [
        ("udp", "MD5", 407, ASYNCIO),
        ("tcp", "SHA-256", 401, UVLOOP),
        ("tls", "SHA-256", 407, UVLOOP),
        ("tls", "MD5", 401, ASYNCIO),
    ],
)
def test_sound_goes_both_ways_behind_a_proxy(
    transport: str,
    algorithm: str,
    status: int,
    loop_factory: Callable[[], asyncio.AbstractEventLoop],
    kamailio_factory: Callable[..., Kamailio],
    dns_server_factory: Callable[..., DnsServer],
    certificates: Certificates,
    tmp_path: Path,
) -> None:
    with Baresip(tmp_path / "baresip") as telephone:
        registrar = kamailio_factory(
            certificate=certificates[CertificateKind.GOOD] if transport == "tls" else None,
            algorithm=algorithm,
            challenge_status=status,
            phone=f"sip:{NUMBER}@127.0.0.1:{telephone.port}",
            phone_numbers=f"^{re.escape(NUMBER)}$",
        )
        dns = dns_server_factory(carrier_zone(registrar))
        settings = EngineSettings(guard=LOOPBACK, ca_file=certificates.ca_file, nameservers=(dns.address,))

        async def make() -> CallReport:
            target = parse_target(f"sip:carrier.example;transport={transport}")
            async with Engine(settings) as engine:
                report = await engine.call(target, USUAL, credentials=ALICE)
                await until(lambda: telephone.packets(), telephone.log)
                return report

        with asyncio.Runner(loop_factory=loop_factory) as runner:
            report = runner.run(make())
        assert (report.reason, report.media.direction) == (CallReason.CALL_ANSWERED, "both"), report.summary
        assert {each.transport for each in registrar.requests_seen()} == {transport}
        assert len(registrar.requests_seen("INVITE", credentials=True)) == 1
        assert ";lr" in registrar.requests_seen("BYE")[0].route
        ((received, sent),) = telephone.packets()
        assert abs(received - report.media.sent_packets) <= max(2, 0.02 * received)
        assert abs(sent - report.media.received_packets) <= max(2, 0.02 * sent)


@pytest.mark.parametrize("form", NumberFormat)
async def test_the_form_that_a_proxy_takes_is_found(
    form: NumberFormat, kamailio_factory: Callable[..., Kamailio]
) -> None:
    phone = CallScript(challenge=None)
    written = write_number(NUMBER, form).text
    with UdpPeer(phone) as ringing:
        phone.port = ringing.port
        registrar = kamailio_factory(
            phone=f"sip:127.0.0.1:{ringing.port}", phone_numbers=f"^{re.escape(written)}$"
        )
        report = await call(registrar, replace(USUAL, format=None))
        assert (report.outcome, report.format) == (CallVerdict.RANG, form), report.summary
        await until(lambda: phone.methods() == ["INVITE", "CANCEL", "ACK"], phone.methods)
        assert [each.status for each in report.attempts[:-1]] == [404] * (len(report.attempts) - 1)


async def test_a_wrong_password_leaves_once_and_nothing_rings(
    kamailio_factory: Callable[..., Kamailio],
) -> None:
    registrar = kamailio_factory()
    report = await call(registrar, credentials=Credentials(USERNAME, "battery staple"))
    assert (report.outcome, report.reason) == (CallVerdict.FAILED, Reason.CREDENTIALS_REJECTED)
    assert len(registrar.requests_seen("INVITE", credentials=True)) == 1


async def test_by_tls_it_is_ended_by_tls(
    kamailio_factory: Callable[..., Kamailio],
    dns_server_factory: Callable[..., DnsServer],
    certificates: Certificates,
) -> None:
    """It rings and is taken back; it is taken, and its BYE goes by the Route that the proxy recorded."""
    phone = CallScript(challenge=None)
    with UdpPeer(phone) as ringing:
        phone.port = ringing.port
        registrar = kamailio_factory(
            certificate=certificates[CertificateKind.GOOD],
            phone=f"sip:127.0.0.1:{ringing.port}",
            phone_numbers=f"^{re.escape(NUMBER)}$",
        )
        dns = dns_server_factory(carrier_zone(registrar))
        settings = EngineSettings(guard=LOOPBACK, ca_file=certificates.ca_file, nameservers=(dns.address,))
        target = parse_target("sip:carrier.example;transport=tls")
        async with Engine(settings) as engine:
            rang = await engine.call(target, replace(USUAL, ring_seconds=1.0), credentials=ALICE)
            phone.answers = ((200, "OK"),)
            taken = await engine.call(target, USUAL, credentials=ALICE)
    assert (rang.reason, taken.reason) == (CallReason.CALL_RANG, CallReason.MEDIA_UNUSABLE), taken.summary
    assert {each.transport for each in registrar.requests_seen()} == {"tls"}
    assert [each.method for each in registrar.requests_seen()].count("CANCEL") == 1
    assert ";lr" in registrar.requests_seen("BYE")[0].route
    assert phone.methods() == ["INVITE", "CANCEL", "ACK", "INVITE", "ACK", "BYE"]
