"""TLS on the wire: each kind of bad certificate has its reason, its facts, and sees no SIP (RFC 5922)."""

import ssl
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtensionOID, NameOID

from sipcheck import EngineSettings, Reason, Report, TransportName, WarningCode
from tests.fuzz.seeds import seeds
from tests.peers.certificates import Certificate, CertificateKind, Certificates
from tests.peers.chains import Link, write_chain
from tests.peers.dns_server import DnsServer
from tests.peers.tls_server import Behaviour, TlsServer
from tests.sipcheck.conftest import ALICE, LOOPBACK, Verify

DOMAIN = "carrier.example"

Check = Callable[..., Awaitable[Report]]


@pytest.fixture
def check(dns_server_factory: Callable[..., DnsServer], certificates: Certificates, verify: Verify) -> Check:
    async def run(server: TlsServer, *, domain: str = DOMAIN, strict: bool = False) -> Report:
        zone = f"_sips._tcp.{domain}. SRV 1 0 {server.port} edge.carrier.example.\nedge.carrier.example. A 127.0.0.1"
        return await verify(
            domain,
            transport=TransportName.TLS,
            dns=dns_server_factory(zone),
            ca_file=certificates.ca_file,
            settings=EngineSettings(guard=LOOPBACK, tls_strict=strict),
            credentials=ALICE,
            timeout_seconds=5,
        )

    return run


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (CertificateKind.EXPIRED, Reason.TLS_EXPIRED),
        (CertificateKind.NOT_YET_VALID, Reason.TLS_NOT_YET_VALID),
        (CertificateKind.SELF_SIGNED, Reason.TLS_SELF_SIGNED),
        (CertificateKind.UNTRUSTED_CA, Reason.TLS_UNTRUSTED),
        (CertificateKind.WRONG_NAME, Reason.TLS_NAME_MISMATCH),
        (CertificateKind.SRV_TARGET, Reason.TLS_NAME_MISMATCH),
    ],
)
async def test_a_refused_certificate_is_read_and_sees_no_sip(
    kind: CertificateKind,
    reason: Reason,
    tls_server_factory: Callable[..., TlsServer],
    certificates: Certificates,
    check: Check,
) -> None:
    server = tls_server_factory(certificate=certificates[kind])
    report = await check(server)
    assert report.reason is reason, report.summary
    certificate = report.edges[0].certificate
    assert certificate is not None
    assert not certificate.verified
    assert certificate.error
    assert certificate.tls_version == "TLSv1.3"
    connections = server.wait_for_ended(len(server.connections))
    assert all(connection.application_bytes == b"" for connection in connections)


@pytest.mark.parametrize(
    ("kind", "domain", "warning"),
    [
        (CertificateKind.GOOD, DOMAIN, None),
        (CertificateKind.SAN_URI, DOMAIN, None),
        (CertificateKind.WILDCARD, "sip.carrier.example", WarningCode.TLS_WILDCARD_NAME),
        (CertificateKind.COMMON_NAME_ONLY, DOMAIN, WarningCode.TLS_COMMON_NAME_ONLY),
        (CertificateKind.EXPIRES_SOON, DOMAIN, WarningCode.CERTIFICATE_EXPIRES_SOON),
    ],
)
async def test_an_accepted_certificate(
    kind: CertificateKind,
    domain: str,
    warning: WarningCode | None,
    tls_server_factory: Callable[..., TlsServer],
    certificates: Certificates,
    check: Check,
) -> None:
    server = tls_server_factory(certificate=certificates[kind])
    report = await check(server, domain=domain)
    assert report.reason is Reason.ALIVE_CREDENTIALS_UNPROVEN, report.summary
    certificate = report.edges[0].certificate
    assert certificate is not None
    assert certificate.verified
    assert certificate.error is None
    found = [each.code for each in report.warnings if each.code.startswith(("tls-", "certificate-"))]
    assert found == ([warning] if warning else [])
    assert server.connections[0].server_name == domain


async def test_the_letter_of_rfc_5922_refuses_a_wildcard(
    tls_server_factory: Callable[..., TlsServer], certificates: Certificates, check: Check
) -> None:
    server = tls_server_factory(certificate=certificates[CertificateKind.WILDCARD])
    report = await check(server, domain="sip.carrier.example", strict=True)
    assert report.reason is Reason.TLS_NAME_MISMATCH


@pytest.mark.parametrize(
    ("strict", "reason"),
    [(False, Reason.ALIVE_CREDENTIALS_UNPROVEN), (True, Reason.TLS_UNTRUSTED)],
    ids=["usual", "strict"],
)
async def test_older_authorities_are_good_enough_on_every_python(
    strict: bool,
    reason: Reason,
    tls_server_factory: Callable[..., TlsServer],
    dns_server_factory: Callable[..., DnsServer],
    tmp_path: Path,
    verify: Verify,
) -> None:
    """docs/design/sip.md, requirement 22: what 3.13 refuses by itself is refused by `--tls-strict` alone."""
    root = Link(common_name="Old Root", authority=True, to_the_letter=False)
    server_link = Link(common_name=DOMAIN, names=(x509.DNSName(DOMAIN),), to_the_letter=False)
    chain = write_chain(tmp_path, [root, server_link])
    server = tls_server_factory(certificate=chain.certificate)
    zone = f"_sips._tcp.{DOMAIN}. SRV 1 0 {server.port} edge.{DOMAIN}.\nedge.{DOMAIN}. A 127.0.0.1"
    report = await verify(
        DOMAIN,
        transport=TransportName.TLS,
        dns=dns_server_factory(zone),
        ca_file=chain.ca_file,
        settings=EngineSettings(guard=LOOPBACK, tls_strict=strict),
        credentials=ALICE,
        timeout_seconds=5,
    )
    assert report.reason is reason, report.summary


async def test_an_address_needs_its_own_name(
    tls_server_factory: Callable[..., TlsServer], certificates: Certificates, verify: Verify
) -> None:
    """RFC 5922 §7.2 with RFC 5280: an iPAddress SAN, and no SNI."""
    for kind, reason in (
        (CertificateKind.SAN_IP, Reason.ALIVE),
        (CertificateKind.GOOD, Reason.TLS_NAME_MISMATCH),
    ):
        server = tls_server_factory(certificate=certificates[kind])
        report = await verify(
            f"127.0.0.1:{server.port}", transport=TransportName.TLS, ca_file=certificates.ca_file
        )
        assert report.reason is reason, report.summary
        assert server.connections[0].server_name is None


async def test_old_tls(
    tls_server_factory: Callable[..., TlsServer], certificates: Certificates, check: Check
) -> None:
    server = tls_server_factory(
        certificate=certificates[CertificateKind.GOOD],
        minimum_version=ssl.TLSVersion.TLSv1_1,
        maximum_version=ssl.TLSVersion.TLSv1_1,
    )
    assert (await check(server)).reason is Reason.TLS_VERSION_UNSUPPORTED


@pytest.mark.parametrize(
    ("maximum", "reasons"),
    [
        (ssl.TLSVersion.TLSv1_3, {Reason.TLS_CLIENT_CERTIFICATE_REQUIRED}),
        # docs/design/sip.md: a TLS 1.2 server that wants one may look like a plain handshake failure.
        (ssl.TLSVersion.TLSv1_2, {Reason.TLS_CLIENT_CERTIFICATE_REQUIRED, Reason.TLS_HANDSHAKE_FAILED}),
    ],
)
async def test_a_client_certificate_is_wanted(
    maximum: ssl.TLSVersion,
    reasons: set[Reason],
    tls_server_factory: Callable[..., TlsServer],
    certificates: Certificates,
    check: Check,
) -> None:
    server = tls_server_factory(
        certificate=certificates[CertificateKind.GOOD],
        maximum_version=maximum,
        client_ca_file=certificates.ca_file,
    )
    report = await check(server)
    assert report.reason in reasons, report.summary


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (Behaviour.PLAIN_SIP, Reason.TLS_NOT_SPOKEN),
        (Behaviour.PLAIN_HTTP, Reason.TLS_NOT_SPOKEN),
        (Behaviour.PLAIN_SSH, Reason.TLS_NOT_SPOKEN),
        (Behaviour.CLOSING, Reason.TLS_HANDSHAKE_FAILED),
        (Behaviour.SILENT, Reason.TLS_HANDSHAKE_FAILED),
    ],
)
async def test_no_tls_at_all(
    behaviour: Behaviour, reason: Reason, tls_server_factory: Callable[..., TlsServer], check: Check
) -> None:
    report = await check(tls_server_factory(behaviour=behaviour))
    assert report.reason is reason, report.summary


async def test_a_certificate_of_the_srv_target_alone_is_explained(
    tls_server_factory: Callable[..., TlsServer], certificates: Certificates, check: Check
) -> None:
    """docs/design/sip.md, requirement 21: the name given to RFC 3263 counts; advice says what the certificate names."""
    server = tls_server_factory(certificate=certificates[CertificateKind.SRV_TARGET])
    report = await check(server)
    assert report.reason is Reason.TLS_NAME_MISMATCH
    assert "edge.carrier.example, the server that DNS leads to" in report.summary
    # Without the port the proxy would be looked for at 5061.
    assert f"set edge.carrier.example:{server.port} as the outbound proxy" in report.advice


async def test_behind_an_outbound_proxy_its_name_is_the_one_that_has_to_fit(
    tls_server_factory: Callable[..., TlsServer],
    certificates: Certificates,
    dns_server_factory: Callable[[str], DnsServer],
    verify: Verify,
) -> None:
    server = tls_server_factory(certificate=certificates[CertificateKind.GOOD])
    report = await verify(
        DOMAIN,
        transport=TransportName.TLS,
        outbound_proxy=f"edge.proxy.example:{server.port}",
        dns=dns_server_factory("edge.proxy.example. A 127.0.0.1"),
        ca_file=certificates.ca_file,
        settings=EngineSettings(guard=LOOPBACK),
        timeout_seconds=5,
    )
    assert report.reason is Reason.TLS_NAME_MISMATCH
    assert "is not for edge.proxy.example" in report.summary
    assert "certificate that names edge.proxy.example" in report.advice


async def test_a_certificate_that_cannot_be_read_is_a_verdict(
    tls_server_factory: Callable[..., TlsServer], tmp_path: Path, check: Check
) -> None:
    """An ediPartyName among the names: legal ASN.1 that no library reads."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "\x1b]0;owned\x07")])
    now = datetime.now(UTC)
    edi_party_name = bytes.fromhex("3007a505a1030c0161")
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.UnrecognizedExtension(ExtensionOID.SUBJECT_ALTERNATIVE_NAME, edi_party_name), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    certificate = Certificate(tmp_path / "odd.pem", tmp_path / "odd.key")
    certificate.certificate_file.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    certificate.key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    report = await check(tls_server_factory(certificate=certificate))
    assert report.reason in (Reason.TLS_SELF_SIGNED, Reason.TLS_HANDSHAKE_FAILED), report.summary
    assert "\x1b" not in repr(report)


async def test_a_name_of_a_bit_string_is_a_verdict(
    tls_server_factory: Callable[..., TlsServer], tmp_path: Path, check: Check
) -> None:
    """Found by fuzzing: OpenSSL presents such a subject, and the library that reads it raises TypeError."""
    whole = seeds()["certificate"][0]
    odd = whole.replace(b"\x0c\x0ccarrier.test", b"\x03\x0c\0arrier.test")
    assert odd != whole
    certificate = Certificate(tmp_path / "odd.pem", tmp_path / "odd.key")
    certificate.certificate_file.write_text(ssl.DER_cert_to_PEM_cert(odd))
    certificate.key_file.write_bytes(
        ec.derive_private_key(7, ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    report = await check(tls_server_factory(certificate=certificate))
    assert report.reason is Reason.TLS_SELF_SIGNED, report.summary
    assert report.edges[0].certificate is None
