import ssl
from collections.abc import Callable

import pytest

from tests.peers.certificates import CertificateKind, Certificates
from tests.peers.sip_client import ask_by_stream, make_request, status_of
from tests.peers.sip_reply import reply_to
from tests.peers.tls_server import Behaviour, TlsServer

Factory = Callable[..., TlsServer]


@pytest.fixture
def trusting(certificates: Certificates) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificates.ca_file)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_sip_over_tls_is_answered_and_recorded(
    tls_server_factory: Factory, certificates: Certificates, trusting: ssl.SSLContext, version: ssl.TLSVersion
) -> None:
    good = certificates[CertificateKind.GOOD]
    server = tls_server_factory(certificate=good, minimum_version=version, maximum_version=version)
    request = make_request("REGISTER", transport="TLS")
    assert status_of(ask_by_stream(server.port, request, trusting)) == 200
    (connection,) = server.wait_for_ended(1)
    assert connection.application_bytes == request
    assert connection.tls_version == {771: "TLSv1.2", 772: "TLSv1.3"}[version]
    assert connection.server_name == "carrier.example"


def test_tls_1_1_alone_is_spoken_to_who_still_speaks_it(
    tls_server_factory: Factory, certificates: Certificates, trusting: ssl.SSLContext
) -> None:
    server = tls_server_factory(
        certificate=certificates[CertificateKind.GOOD],
        minimum_version=ssl.TLSVersion.TLSv1_1,
        maximum_version=ssl.TLSVersion.TLSv1_1,
    )
    # Some builds of Python leave the default to OpenSSL, whose own is lower.
    trusting.minimum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError, match="protocol version"):  # RFC 8996
        ask_by_stream(server.port, make_request("OPTIONS"), trusting)
    old = ssl.create_default_context(cafile=certificates.ca_file)
    old.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.minimum_version = ssl.TLSVersion.TLSv1_1
    assert status_of(ask_by_stream(server.port, make_request("OPTIONS"), old)) == 200
    refused, served = server.wait_for_ended(2)
    assert (refused.tls_version, refused.application_bytes) == (None, b"")
    assert served.tls_version == "TLSv1.1"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_certificate_may_be_required(
    tls_server_factory: Factory, certificates: Certificates, trusting: ssl.SSLContext, version: ssl.TLSVersion
) -> None:
    server = tls_server_factory(
        certificate=certificates[CertificateKind.GOOD],
        maximum_version=version,
        client_ca_file=certificates.ca_file,
    )
    # TLS 1.3 tells a client only after its handshake is over, with an alert at its first read.
    with pytest.raises((ssl.SSLError, ConnectionResetError, BrokenPipeError)):
        ask_by_stream(server.port, make_request("OPTIONS"), trusting)
    client = certificates[CertificateKind.CLIENT]
    trusting.load_cert_chain(client.certificate_file, client.key_file)
    assert status_of(ask_by_stream(server.port, make_request("OPTIONS"), trusting)) == 200
    refused, served = server.wait_for_ended(2)
    assert (refused.tls_version, refused.application_bytes) == (None, b"")
    assert refused.error is not None
    assert "peer did not return a certificate" in refused.error
    assert served.client_certificate


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        (Behaviour.PLAIN_HTTP, ssl.SSLError),
        (Behaviour.PLAIN_SIP, ssl.SSLError),
        (Behaviour.PLAIN_SSH, ssl.SSLError),
        (Behaviour.CLOSING, OSError),
        (Behaviour.SILENT, TimeoutError),
    ],
)
def test_what_is_not_tls_ends_the_handshake(
    tls_server_factory: Factory, trusting: ssl.SSLContext, behaviour: Behaviour, error: type[OSError]
) -> None:
    server = tls_server_factory(behaviour=behaviour)
    request = make_request("OPTIONS", transport="TLS")
    with pytest.raises(error):
        ask_by_stream(server.port, request, trusting, timeout_seconds=0.5)
    (connection,) = server.wait_for_ended(1)
    assert connection.application_bytes == b""
    assert request not in connection.foreign_bytes


def test_plain_tcp_is_spoken_without_a_certificate(tls_server_factory: Factory) -> None:
    server = tls_server_factory()
    assert status_of(ask_by_stream(server.port, make_request("OPTIONS", transport="TCP"))) == 200


def test_a_script_answers_in_chunks_or_closes(tls_server_factory: Factory) -> None:
    def script(request: bytes) -> list[bytes]:
        reply = reply_to(request, 503, "Service Unavailable")
        return [b""] if request.startswith(b"REGISTER") else [reply[:10], reply[10:]]

    server = tls_server_factory(script=script)
    assert status_of(ask_by_stream(server.port, make_request("OPTIONS"))) == 503
    assert ask_by_stream(server.port, make_request("REGISTER")) == b""


def test_an_error_in_a_script_reaches_the_test(tls_server_factory: Factory) -> None:
    def script(_: bytes) -> list[bytes]:
        raise ValueError("a fault of the test's own")

    server = tls_server_factory(script=script)
    assert ask_by_stream(server.port, make_request("OPTIONS")) == b""
    with pytest.raises(ValueError, match="a fault of the test's own"):
        server.end()
