"""Against a real proxy that asks for the password when a call comes: proven, refused, and nobody left ringing."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sipcheck import Credentials, Outcome, Proof, Reason, TransportName, WarningCode
from tests.peers.baresip import Baresip
from tests.peers.call_peer import CallScript
from tests.peers.certificates import CertificateKind, Certificates
from tests.peers.dns_server import DnsServer
from tests.peers.kamailio import USERNAME, Kamailio
from tests.peers.udp_peer import UdpPeer
from tests.sipcheck.conftest import ALICE, Verify
from tests.sipcheck.engine.test_kamailio import carrier_zone

WRONG = Credentials(USERNAME, "battery staple")
EVERY_NUMBER = "."


async def prove(registrar: Kamailio, verify: Verify, **options: Any) -> Any:
    return await verify(
        "carrier.example",
        **{
            "transport": TransportName.UDP,
            "outbound_proxy": f"127.0.0.1:{registrar.port}",
            "credentials": ALICE,
            "proof": Proof.INVITE,
            **options,
        },
    )


async def heard(phone: CallScript, methods: list[str]) -> None:
    """Wait until the telephone was asked this, and see that it was asked nothing else."""
    for _ in range(2000):
        if len(phone.methods()) >= len(methods):
            break
        await asyncio.sleep(0.01)
    assert phone.methods() == methods


@pytest.mark.parametrize("challenge_status", [401, 407])
@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
async def test_the_right_password_and_a_wrong_one(
    challenge_status: int, algorithm: str, kamailio_factory: Callable[..., Kamailio], verify: Verify
) -> None:
    """The number is nobody's (404); a wrong password is tried once, and nothing is registered."""
    registrar = kamailio_factory(algorithm=algorithm, challenge_status=challenge_status)
    before = registrar.location_table()
    report = await prove(registrar, verify)
    assert (report.outcome, report.reason, report.cause) == (
        Outcome.VERIFIED,
        Reason.CREDENTIALS_PROVEN,
        "by-invite",
    ), report.summary
    assert report.edges[0].sip_status == 404
    assert len(registrar.requests_seen("INVITE", credentials=True)) == 1
    report = await prove(registrar, verify, credentials=WRONG)
    assert (report.outcome, report.reason) == (Outcome.FAILED, Reason.CREDENTIALS_REJECTED), report.summary
    assert len(registrar.requests_seen("INVITE", credentials=True)) == 2
    assert not registrar.requests_seen("REGISTER")
    assert not registrar.requests_seen("CANCEL")
    assert registrar.location_table() == before


@pytest.mark.parametrize("transport", list(TransportName))
async def test_every_transport(
    transport: TransportName,
    kamailio_factory: Callable[..., Kamailio],
    dns_server_factory: Callable[..., DnsServer],
    certificates: Certificates,
    verify: Verify,
) -> None:
    """With a telephone behind it that rings for every number, and then answers at once."""
    certificate = certificates[CertificateKind.GOOD] if transport is TransportName.TLS else None
    phone = CallScript(challenge=None)
    with UdpPeer(phone) as ringing:
        phone.port = ringing.port
        registrar = kamailio_factory(
            certificate=certificate, phone=f"sip:127.0.0.1:{ringing.port}", phone_numbers=EVERY_NUMBER
        )
        where = {
            "transport": transport,
            "outbound_proxy": None,
            "dns": dns_server_factory(carrier_zone(registrar)),
            "ca_file": certificates.ca_file,
        }
        report = await prove(registrar, verify, **where)
        assert report.reason is Reason.CREDENTIALS_PROVEN, report.summary
        await heard(phone, ["INVITE", "CANCEL", "ACK"])
        assert not report.warnings
        phone.answers = ((200, "OK"),)
        report = await prove(registrar, verify, **where)
        assert report.reason is Reason.CREDENTIALS_PROVEN, report.summary
        await heard(phone, ["INVITE", "CANCEL", "ACK", "INVITE", "ACK", "BYE"])
        assert {warning.code for warning in report.warnings} == {WarningCode.CALL_WAS_ANSWERED}
        assert {each.transport for each in registrar.requests_seen()} == {transport.value}
        # By the Route that it recorded, to the telephone's own Contact.
        bye = registrar.requests_seen("BYE")[0]
        assert bye.request_uri == f"sip:carrier@127.0.0.1:{ringing.port}"
        assert ";lr" in bye.route


@pytest.mark.peers
async def test_a_real_telephone_never_rings_and_is_hung_up_where_it_answers(
    kamailio_factory: Callable[..., Kamailio], verify: Verify, tmp_path: Path
) -> None:
    """The number is nobody's, so no telephone hears of it; where every number is the telephone's, it is hung up."""
    with Baresip(tmp_path) as phone:
        uri = f"sip:{phone.number}@127.0.0.1:{phone.port}"
        silent = kamailio_factory(phone=uri, phone_numbers=f"^.{phone.number[1:]}$")
        report = await prove(silent, verify)
        assert (report.reason, report.edges[0].sip_status) == (Reason.CREDENTIALS_PROVEN, 404)
        catching_all = kamailio_factory(phone=uri, phone_numbers=EVERY_NUMBER)
        report = await prove(catching_all, verify)
        assert report.reason is Reason.CREDENTIALS_PROVEN, report.summary
        answered = [step.text for step in report.trace if step.direction == "received"]
    ended = any(text.startswith("SIP/2.0 200") and " BYE" in text for text in answered)
    cancelled = any(text.startswith("SIP/2.0 487") for text in answered)
    assert ended or cancelled, answered
    assert phone.log().count("answering call") <= 1, phone.log()


async def test_an_account_that_may_not_call(
    kamailio_factory: Callable[..., Kamailio], verify: Verify
) -> None:
    registrar = kamailio_factory(forbidden_users=(USERNAME,))
    report = await prove(registrar, verify)
    assert (report.outcome, report.reason, report.cause) == (
        Outcome.REACHABLE,
        Reason.CALL_FORBIDDEN,
        None,
    ), report.summary


async def test_as_whom_the_call_is_made(kamailio_factory: Callable[..., Kamailio], verify: Verify) -> None:
    registrar = kamailio_factory()
    await prove(registrar, verify, caller="+442071234567")
    invite = registrar.requests_seen("INVITE")[0]
    assert invite.request_uri == "sip:+889000000000@carrier.example;user=phone"
    assert invite.from_uri == "sip:+442071234567@carrier.example"
    assert invite.to_uri == "sip:+889000000000@carrier.example;user=phone"
    assert invite.has_contact
