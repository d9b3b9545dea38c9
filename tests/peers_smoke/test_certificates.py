import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from tests.peers.certificates import CertificateKind, Certificates
from tests.peers.sip_client import ask_by_stream, make_request, status_of
from tests.peers.tls_server import TlsServer

Factory = Callable[..., TlsServer]

FITTING = {
    CertificateKind.GOOD: "carrier.example",
    CertificateKind.EXPIRES_SOON: "carrier.example",
    CertificateKind.WILDCARD: "trunk.carrier.example",
    CertificateKind.SRV_TARGET: "edge.carrier.example",
    CertificateKind.WRONG_NAME: "elsewhere.example",
    CertificateKind.SAN_IP: "127.0.0.1",
}


@pytest.mark.parametrize(("kind", "name"), FITTING.items())
def test_a_certificate_fits_its_name(
    tls_server_factory: Factory, certificates: Certificates, kind: CertificateKind, name: str
) -> None:
    server = tls_server_factory(certificate=certificates[kind])
    context = ssl.create_default_context(cafile=certificates.ca_file)
    answer = ask_by_stream(server.port, make_request("OPTIONS"), context, server_name=name)
    assert status_of(answer) == 200


@pytest.mark.parametrize(
    ("kind", "cause"),
    [
        (CertificateKind.EXPIRED, "certificate has expired"),
        (CertificateKind.NOT_YET_VALID, "certificate is not yet valid"),
        (CertificateKind.SELF_SIGNED, "self-signed certificate"),
        (CertificateKind.UNTRUSTED_CA, "unable to get local issuer certificate"),
        (CertificateKind.WRONG_NAME, "Hostname mismatch"),
        (CertificateKind.SRV_TARGET, "Hostname mismatch"),
        (CertificateKind.WILDCARD, "Hostname mismatch"),  # *.carrier.example is not carrier.example
        (CertificateKind.SAN_URI, "Hostname mismatch"),  # RFC 5922 §7.1 accepts it, a web client does not
        (CertificateKind.SAN_IP, "Hostname mismatch"),
        (CertificateKind.COMMON_NAME_ONLY, "Hostname mismatch"),  # likewise
    ],
)
def test_a_refused_certificate_is_refused_for_its_own_cause_and_sees_no_byte(
    tls_server_factory: Factory, certificates: Certificates, kind: CertificateKind, cause: str
) -> None:
    server = tls_server_factory(certificate=certificates[kind])
    context = ssl.create_default_context(cafile=certificates.ca_file)
    # OpenSSL would take the common name wherever no DNS name is, beside an iPAddress too (RFC 5922 §7.1 does not).
    context.hostname_checks_common_name = False
    with pytest.raises(ssl.SSLCertVerificationError, match=cause):
        ask_by_stream(server.port, make_request("OPTIONS"), context)
    (connection,) = server.wait_for_ended(1)
    assert connection.application_bytes == b""
    assert connection.server_name == "carrier.example"


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (CertificateKind.COMMON_NAME_ONLY, None),
        (CertificateKind.SAN_URI, ["sip:carrier.example", "elsewhere.example"]),
        (CertificateKind.SAN_IP, ["127.0.0.1", "::1"]),
        (CertificateKind.WILDCARD, ["*.carrier.example"]),
    ],
)
def test_the_names_are_what_the_kind_says(
    certificates: Certificates, kind: CertificateKind, names: list[str] | None
) -> None:
    certificate = x509.load_pem_x509_certificate(certificates[kind].certificate_file.read_bytes())
    assert certificate.subject.rfc4514_string() == "CN=carrier.example"
    if names is None:
        with pytest.raises(x509.ExtensionNotFound):
            certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    else:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        assert [str(name.value) for name in extension.value] == names


def test_one_expires_within_the_warning_of_three_weeks(certificates: Certificates) -> None:
    soon = certificates[CertificateKind.EXPIRES_SOON].certificate_file.read_bytes()
    left = x509.load_pem_x509_certificate(soon).not_valid_after_utc - datetime.now(UTC)
    assert timedelta(days=9) < left <= timedelta(days=10)
