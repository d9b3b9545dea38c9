"""A certificate authority of one's own: for the practice carrier and its faults, and for tests."""

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateContents:
    """What a certificate says; by itself one that is good from yesterday on for 90 days.

    `names` are DNS names, IP addresses and `sip:` URIs; without any there is the common name alone.
    """

    common_name: str
    names: tuple[str, ...]
    starts_after: timedelta = -DAY
    ends_after: timedelta = 90 * DAY
    for_client: bool = False


@dataclass(frozen=True, slots=True)
class IssuedCertificate:
    """A certificate and its key, both PEM."""

    certificate: bytes
    key: bytes


class Authority:
    """Signs with a key of its own; whoever trusts `pem` trusts what it issues."""

    def __init__(self, common_name: str) -> None:
        self._name = _name(common_name)
        self._key = _new_key()
        usage = x509.KeyUsage(
            digital_signature=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
        )
        builder = _builder(self._name, self._key, self._name, self._key, -365 * DAY, 365 * DAY)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(usage, critical=True)
        self.pem = _pem(builder.sign(self._key, hashes.SHA256()))

    def issue(self, contents: CertificateContents) -> IssuedCertificate:
        """Make a key, and sign a certificate for it."""
        return _issue(contents, _new_key(), self._name, self._key)


def issue_self_signed(contents: CertificateContents) -> IssuedCertificate:
    """Make a certificate that nobody signed but itself."""
    key = _new_key()
    return _issue(contents, key, _name(contents.common_name), key)


def _issue(
    contents: CertificateContents,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
) -> IssuedCertificate:
    usage = ExtendedKeyUsageOID.CLIENT_AUTH if contents.for_client else ExtendedKeyUsageOID.SERVER_AUTH
    subject = _name(contents.common_name)
    builder = _builder(subject, key, issuer, issuer_key, contents.starts_after, contents.ends_after)
    builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    if contents.names:
        names = x509.SubjectAlternativeName(map(_general_name, contents.names))
        builder = builder.add_extension(names, critical=False)
    return IssuedCertificate(_pem(builder.sign(issuer_key, hashes.SHA256())), _key_pem(key))


def _builder(
    subject: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
    starts_after: timedelta,
    ends_after: timedelta,
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + starts_after)
        .not_valid_after(now + ends_after)
        # Who verifies strictly, as Python does from 3.13 on, takes no chain without key identifiers.
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
        )
    )


def _general_name(name: str) -> x509.GeneralName:
    if name.startswith("sip:"):
        return x509.UniformResourceIdentifier(name)
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
