"""RFC 5922 §7: which names of a certificate speak for a SIP domain."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from sipcheck.transport.certificate import CertificateUnreadable, read_certificate
from sipcheck.transport.certificate_names import PresentedNames, match_name
from tests.peers.certificates import CertificateKind, Certificates


def names(
    *,
    uris: tuple[str, ...] = (),
    dns: tuple[str, ...] = (),
    addresses: tuple[str, ...] = (),
    common: tuple[str, ...] = (),
) -> PresentedNames:
    return PresentedNames(uris, dns, addresses, common, has_san=bool(uris or dns or addresses))


@pytest.mark.parametrize(
    ("presented", "domain", "fits"),
    [
        (names(dns=("sip.example.com",)), "sip.example.com", True),
        (names(dns=("SIP.Example.COM.",)), "sip.example.com", True),
        (names(dns=("other.example.com",)), "sip.example.com", False),
        (names(uris=("sip:example.com",), dns=("host.example.net",)), "example.com", True),
        (names(uris=("sip:user@example.com",)), "example.com", False),
        (names(uris=("https:example.com",)), "example.com", False),
        (names(uris=("sips:example.com",)), "example.com", False),
        (names(common=("sip.example.com",)), "sip.example.com", True),
        (names(dns=("other.example",), common=("sip.example.com",)), "sip.example.com", False),
        (names(dns=("*.example.com",)), "sip.example.com", True),
        (names(dns=("*.example.com",)), "a.sip.example.com", False),
        (names(dns=("*.example.com",)), "example.com", False),
        (names(dns=("s*.example.com",)), "sip.example.com", False),
        (names(dns=("*.com",)), "example.com", False),
        (names(dns=("*",)), "example", False),
        (names(addresses=("192.0.2.1",)), "192.0.2.1", True),
        (names(addresses=("2001:db8::1",)), "2001:0db8:0::1", True),
        (names(dns=("192.0.2.1",)), "192.0.2.1", False),
        (names(common=("192.0.2.1",)), "192.0.2.1", False),
    ],
)
def test_names(presented: PresentedNames, domain: str, fits: bool) -> None:
    assert match_name(presented, domain).fits is fits


def test_a_wildcard_is_told_and_refused_to_the_letter() -> None:
    presented = names(dns=("*.example.com",))
    assert match_name(presented, "sip.example.com").wildcard == "*.example.com"
    assert not match_name(presented, "sip.example.com", strict=True).fits


def test_an_exact_name_beside_a_wildcard_needs_no_wildcard() -> None:
    presented = names(dns=("*.example.com", "sip.example.com"))
    assert match_name(presented, "sip.example.com").wildcard is None


def test_a_common_name_alone_is_told() -> None:
    assert match_name(names(common=("sip.example.com",)), "sip.example.com").common_name_only


def der_of(file: Path) -> bytes:
    return x509.load_pem_x509_certificate(file.read_bytes()).public_bytes(Encoding.DER)


def test_the_same_certificate_on_another_day_has_other_days_left(certificates: Certificates) -> None:
    """What is read may be kept; how long it is still good for may not."""
    der = der_of(certificates[CertificateKind.EXPIRES_SOON].certificate_file)
    now = datetime.now(UTC)
    days = []
    for later in (timedelta(), timedelta(days=4), timedelta(days=12)):
        facts = read_certificate(bytes(bytearray(der))).facts(
            now=now + later, tls_version="TLSv1.3", cipher=None, error=None
        )
        days.append(facts.days_left)
    assert days == [9, 5, -2]


def test_certificates_are_told_apart(certificates: Certificates) -> None:
    kinds = (CertificateKind.GOOD, CertificateKind.SRV_TARGET, CertificateKind.GOOD, CertificateKind.WILDCARD)
    read = [read_certificate(der_of(certificates[kind].certificate_file)) for kind in kinds]
    assert [each.shown_names for each in read] == [
        ("carrier.example",),
        ("edge.carrier.example",),
        ("carrier.example",),
        ("*.carrier.example",),
    ]


@pytest.mark.parametrize("der", [b"", b"\x30\x03\x02\x01\x01", b"\x30" * 100_000])
def test_what_is_no_certificate_is_unreadable_each_time(der: bytes) -> None:
    for _ in range(2):
        with pytest.raises(CertificateUnreadable):
            read_certificate(der)
