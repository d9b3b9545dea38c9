"""Against a real registrar: the password proven, the bindings untouched (RFC 3261 §10.2.3, §22)."""

from collections.abc import Callable
from typing import Any

import pytest

from sipcheck import Credentials, CredentialState, Outcome, Reason, TransportName, WarningCode
from tests.peers.certificates import CertificateKind, Certificates
from tests.peers.dns_server import DnsServer
from tests.peers.kamailio import PASSWORD, USERNAME, Kamailio
from tests.sipcheck.conftest import ALICE, Verify
from trunks.rules.run_facts import realms_of

BINDING = {USERNAME: "sip:alice@192.0.2.50:5062"}
WRONG = Credentials(USERNAME, "battery staple")

DIGESTS: list[dict[str, Any]] = [
    {"algorithm": "MD5", "qop": "auth"},
    {"algorithm": "MD5", "qop": None},
    {"algorithm": "", "qop": None},
    {"algorithm": "SHA-256", "qop": "auth"},
    {"algorithm": "SHA-256", "qop": None},
    {"algorithm": "MD5", "qop": "auth", "challenge_status": 407},
    {"algorithm": "SHA-256", "qop": "auth", "challenge_status": 407},
]


def carrier_zone(registrar: Kamailio) -> str:
    return "\n".join(
        [
            f"_sip._udp.carrier.example. SRV 10 0 {registrar.port} edge.carrier.example.",
            f"_sip._tcp.carrier.example. SRV 10 0 {registrar.port} edge.carrier.example.",
            f"_sips._tcp.carrier.example. SRV 10 0 {registrar.tls_port} edge.carrier.example.",
            "edge.carrier.example. A 127.0.0.1",
        ]
    )


@pytest.mark.parametrize("digest", DIGESTS, ids=lambda each: "-".join(str(v) for v in each.values()))
async def test_right_password(
    digest: dict[str, Any],
    kamailio_factory: Callable[..., Kamailio],
    dns_server_factory: Callable[..., DnsServer],
    verify: Verify,
) -> None:
    registrar = kamailio_factory(bindings=BINDING, **digest)
    before = registrar.location_table()
    report = await verify(
        "carrier.example",
        transport=TransportName.UDP,
        dns=dns_server_factory(carrier_zone(registrar)),
        credentials=ALICE,
    )
    assert (report.outcome, report.reason) == (Outcome.VERIFIED, Reason.CREDENTIALS_PROVEN), report.summary
    assert report.credentials is CredentialState.PROVEN
    assert registrar.location_table() == before
    assert not any(request.has_contact for request in registrar.requests_seen())


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
async def test_a_registrar_that_proves_itself(
    algorithm: str,
    kamailio_factory: Callable[..., Kamailio],
    dns_server_factory: Callable[..., DnsServer],
    verify: Verify,
) -> None:
    """RFC 7616 §3.5: its rspauth fits the password, by its own arithmetic."""
    registrar = kamailio_factory(algorithm=algorithm, proves_itself=True)
    report = await verify(
        "carrier.example",
        transport=TransportName.UDP,
        dns=dns_server_factory(carrier_zone(registrar)),
        credentials=ALICE,
    )
    assert report.reason is Reason.CREDENTIALS_PROVEN, report.summary
    assert any("rspauth=" in step.text for step in report.trace)
    assert not report.warnings


@pytest.mark.parametrize("challenge_status", [401, 407])
@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
async def test_wrong_password_is_tried_once(
    challenge_status: int,
    algorithm: str,
    kamailio_factory: Callable[..., Kamailio],
    dns_server_factory: Callable[..., DnsServer],
    verify: Verify,
) -> None:
    registrar = kamailio_factory(bindings=BINDING, algorithm=algorithm, challenge_status=challenge_status)
    before = registrar.location_table()
    report = await verify(
        "carrier.example",
        transport=TransportName.UDP,
        dns=dns_server_factory(carrier_zone(registrar)),
        credentials=WRONG,
    )
    assert (report.outcome, report.reason) == (Outcome.FAILED, Reason.CREDENTIALS_REJECTED)
    assert report.credentials is CredentialState.REJECTED
    assert len(registrar.requests_seen(credentials=True)) == 1
    assert registrar.location_table() == before


@pytest.mark.parametrize("transport", list(TransportName))
@pytest.mark.parametrize(
    ("credentials", "reason"), [(ALICE, "credentials-proven"), (WRONG, "credentials-rejected")]
)
async def test_every_transport(
    transport: TransportName,
    credentials: Credentials,
    reason: str,
    kamailio_factory: Callable[..., Kamailio],
    dns_server_factory: Callable[..., DnsServer],
    certificates: Certificates,
    verify: Verify,
) -> None:
    # Only for TLS: Debian's Kamailio 5.6 with OpenSSL 3 may break its own memory as it starts with the module.
    certificate = certificates[CertificateKind.GOOD] if transport is TransportName.TLS else None
    registrar = kamailio_factory(bindings=BINDING, certificate=certificate)
    before = registrar.location_table()
    report = await verify(
        "carrier.example",
        transport=transport,
        dns=dns_server_factory(carrier_zone(registrar)),
        ca_file=certificates.ca_file,
        credentials=credentials,
    )
    assert report.reason == reason, report.summary
    assert {request.transport for request in registrar.requests_seen()} == {transport.value}
    assert (report.edges[0].certificate is not None) is (transport is TransportName.TLS)
    assert registrar.location_table() == before


async def test_both_ways_are_answered_over_ipv6(
    kamailio_factory: Callable[..., Kamailio], verify: Verify
) -> None:
    registrar = kamailio_factory(address="::1", bindings=BINDING)
    report = await verify(
        "carrier.example",
        transport=TransportName.UDP,
        outbound_proxy=f"[::1]:{registrar.port}",
        credentials=ALICE,
    )
    assert report.reason is Reason.CREDENTIALS_PROVEN, report.summary
    assert report.edges[0].address == "::1"


async def test_the_request_names_the_domain_behind_an_outbound_proxy(
    kamailio_factory: Callable[..., Kamailio], verify: Verify
) -> None:
    """docs/design/sip.md, "Who speaks, and to whom"."""
    registrar = kamailio_factory()
    proxy = f"127.0.0.1:{registrar.port}"
    report = await verify(
        "carrier.example", transport=TransportName.UDP, outbound_proxy=proxy, credentials=ALICE
    )
    assert report.reason is Reason.CREDENTIALS_PROVEN, report.summary
    options = registrar.requests_seen("OPTIONS")[0]
    register = registrar.requests_seen("REGISTER")[0]
    assert (options.request_uri, options.to_uri) == ("sip:carrier.example", "sip:carrier.example")
    assert options.from_uri == "sip:alice@carrier.example"
    assert (register.from_uri, register.to_uri) == ("sip:alice@carrier.example",) * 2
    assert register.route == f"<sip:{proxy};lr>"


async def test_the_retry_continues_the_same_dialogue(
    kamailio_factory: Callable[..., Kamailio], verify: Verify
) -> None:
    """RFC 3261 §22.2: same Call-ID, higher CSeq, new branch."""
    registrar = kamailio_factory()
    await verify(
        "carrier.example",
        transport=TransportName.UDP,
        outbound_proxy=f"127.0.0.1:{registrar.port}",
        credentials=ALICE,
    )
    first, second = registrar.requests_seen("REGISTER")
    assert first.call_id == second.call_id
    assert int(second.cseq.split()[0]) == int(first.cseq.split()[0]) + 1
    assert first.via != second.via


async def test_an_account_that_may_not_register(
    kamailio_factory: Callable[..., Kamailio], verify: Verify
) -> None:
    registrar = kamailio_factory(forbidden_users=(USERNAME,))
    report = await verify(
        "carrier.example",
        transport=TransportName.UDP,
        outbound_proxy=f"127.0.0.1:{registrar.port}",
        credentials=ALICE,
    )
    assert report.reason is Reason.REGISTRATION_FORBIDDEN
    assert report.credentials is CredentialState.REJECTED


async def test_without_credentials_only_options_is_sent(
    kamailio_factory: Callable[..., Kamailio], verify: Verify
) -> None:
    registrar = kamailio_factory()
    report = await verify(
        "carrier.example", transport=TransportName.UDP, outbound_proxy=f"127.0.0.1:{registrar.port}"
    )
    assert (report.outcome, report.reason) == (Outcome.VERIFIED, Reason.ALIVE)
    seen = registrar.requests_seen()
    assert [request.method for request in seen] == ["OPTIONS"]
    assert seen[0].from_uri == "sip:trunk-check@127.0.0.1"


async def test_a_challenged_options_without_credentials(
    kamailio_factory: Callable[..., Kamailio], verify: Verify
) -> None:
    registrar = kamailio_factory(options_challenged=True)
    report = await verify(
        "carrier.example", transport=TransportName.UDP, outbound_proxy=f"127.0.0.1:{registrar.port}"
    )
    assert (report.outcome, report.reason) == (Outcome.REACHABLE, Reason.CREDENTIALS_MISSING)


async def test_a_pinned_realm_is_the_only_one_answered(
    kamailio_factory: Callable[..., Kamailio], verify: Verify
) -> None:
    """docs/design/sip.md, hazard 5: a hostile host challenges in another carrier's name."""
    registrar = kamailio_factory(realm="other.example")
    report = await verify(
        "carrier.example",
        transport=TransportName.UDP,
        outbound_proxy=f"127.0.0.1:{registrar.port}",
        credentials=Credentials(USERNAME, PASSWORD, realms=("carrier.example",)),
    )
    assert (report.outcome, report.reason) == (Outcome.FAILED, Reason.REALM_MISMATCH)
    assert realms_of(report) == ("'carrier.example'", "'other.example'")
    assert registrar.requests_seen(credentials=True) == ()


async def test_a_dead_edge_among_living_ones_is_only_a_warning(
    kamailio_factory: Callable[..., Kamailio],
    dns_server_factory: Callable[..., DnsServer],
    verify: Verify,
) -> None:
    """RFC 3263 §4.3: failover; 127.0.0.2 has no listener, and ICMP says so (RFC 3261 §18.4)."""
    registrar = kamailio_factory()
    zone = "\n".join(
        [
            f"_sip._udp.carrier.example. SRV 10 0 {registrar.port} dead.carrier.example.",
            f"_sip._udp.carrier.example. SRV 20 0 {registrar.port} edge.carrier.example.",
            "dead.carrier.example. A 127.0.0.2",
            "edge.carrier.example. A 127.0.0.1",
        ]
    )
    report = await verify(
        "carrier.example", transport=TransportName.UDP, dns=dns_server_factory(zone), credentials=ALICE
    )
    assert report.reason is Reason.CREDENTIALS_PROVEN, report.summary
    assert [edge.reason for edge in report.edges] == [Reason.CONNECTION_REFUSED, Reason.CREDENTIALS_PROVEN]
    down = [warning for warning in report.warnings if warning.code is WarningCode.EDGE_DOWN]
    assert [warning.edge for warning in down] == [f"127.0.0.2:{registrar.port}/udp"]


async def test_no_secret_in_the_report(kamailio_factory: Callable[..., Kamailio], verify: Verify) -> None:
    registrar = kamailio_factory()
    report = await verify(
        "carrier.example",
        transport=TransportName.UDP,
        outbound_proxy=f"127.0.0.1:{registrar.port}",
        credentials=ALICE,
    )
    everything = repr(report)
    assert PASSWORD not in everything
    sent = [step.text for step in report.trace if "Digest" in step.text and step.direction == "sent"]
    assert sent
    assert all("response=<redacted>" in text for text in sent)
