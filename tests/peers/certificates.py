"""A private CA and server certificates of every kind a carrier may present."""

import ipaddress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_DAY = timedelta(days=1)


class CertificateKind(StrEnum):
    """What is right or wrong with a certificate for the domain."""

    GOOD = "good"
    SAN_URI = "san-uri"  # SAN URI sip:domain, beside a SAN DNS of another name (RFC 5922 §7.1)
    SAN_IP = "san-ip"  # iPAddress SANs alone, 127.0.0.1 and ::1
    WILDCARD = "wildcard"  # *.domain: fits any name one label below the domain
    COMMON_NAME_ONLY = "common-name-only"
    EXPIRES_SOON = "expires-soon"  # in ten days
    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    SELF_SIGNED = "self-signed"
    UNTRUSTED_CA = "untrusted-ca"
    WRONG_NAME = "wrong-name"
    SRV_TARGET = "srv-target"  # fits edge.domain alone, which the domain's SRV records may name
    CLIENT = "client"  # for the connecting side


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate and its key as PEM files; certificate_file holds the chain as a server sends it."""

    certificate_file: Path
    key_file: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class _Contents:
    """What a certificate says; the defaults are those of a good one."""

    names: tuple[x509.GeneralName, ...]
    starts_after: timedelta = -_DAY
    ends_after: timedelta = 90 * _DAY
    usage: x509.ObjectIdentifier = ExtendedKeyUsageOID.SERVER_AUTH


@dataclass(frozen=True, slots=True)
class _Authority:
    name: x509.Name
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))


class Certificates:
    """Issue certificates for one domain into a folder; a peer that trusts ca_file trusts the good ones."""

    def __init__(self, folder: Path, *, domain: str = "carrier.example") -> None:
        self.domain = domain
        self.ca_file = folder / "ca.pem"
        self._folder = folder
        self._issued: dict[CertificateKind, Certificate] = {}
        self._trusted = _Authority(_name("Test CA"))
        self._untrusted = _Authority(_name("Untrusted CA"))
        self.ca_file.write_bytes(_authority_pem(self._trusted))

    def __getitem__(self, kind: CertificateKind) -> Certificate:
        """Give the certificate of this kind, made at its first use."""
        if kind not in self._issued:
            self._issued[kind] = self._issue(kind)
        return self._issued[kind]

    def _issue(self, kind: CertificateKind) -> Certificate:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name("elsewhere.example" if kind is CertificateKind.WRONG_NAME else self.domain)
        authority = {
            CertificateKind.SELF_SIGNED: _Authority(subject, key),
            CertificateKind.UNTRUSTED_CA: self._untrusted,
        }.get(kind, self._trusted)
        contents = self._contents(kind)
        builder = _builder(subject, key, authority, contents.starts_after, contents.ends_after)
        builder = builder.add_extension(x509.ExtendedKeyUsage([contents.usage]), critical=False)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        if contents.names:
            builder = builder.add_extension(x509.SubjectAlternativeName(contents.names), critical=False)
        certificate = Certificate(self._folder / f"{kind}.pem", self._folder / f"{kind}.key")
        certificate.certificate_file.write_bytes(_pem(builder.sign(authority.key, hashes.SHA256())))
        certificate.key_file.write_bytes(_key_pem(key))
        return certificate

    def _contents(self, kind: CertificateKind) -> _Contents:
        domain = (x509.DNSName(self.domain),)
        elsewhere = x509.DNSName("elsewhere.example")
        match kind:
            case CertificateKind.GOOD | CertificateKind.SELF_SIGNED | CertificateKind.UNTRUSTED_CA:
                return _Contents(names=domain)
            case CertificateKind.SAN_URI:
                return _Contents(names=(x509.UniformResourceIdentifier(f"sip:{self.domain}"), elsewhere))
            case CertificateKind.SAN_IP:
                loopback = (ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("::1"))
                return _Contents(names=tuple(map(x509.IPAddress, loopback)))
            case CertificateKind.WILDCARD:
                return _Contents(names=(x509.DNSName(f"*.{self.domain}"),))
            case CertificateKind.COMMON_NAME_ONLY:
                return _Contents(names=())
            case CertificateKind.EXPIRES_SOON:
                return _Contents(names=domain, ends_after=10 * _DAY)
            case CertificateKind.EXPIRED:
                return _Contents(names=domain, starts_after=-90 * _DAY, ends_after=-_DAY)
            case CertificateKind.NOT_YET_VALID:
                return _Contents(names=domain, starts_after=_DAY)
            case CertificateKind.WRONG_NAME:
                return _Contents(names=(elsewhere,))
            case CertificateKind.SRV_TARGET:
                return _Contents(names=(x509.DNSName(f"edge.{self.domain}"),))
            case CertificateKind.CLIENT:
                return _Contents(names=domain, usage=ExtendedKeyUsageOID.CLIENT_AUTH)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _builder(
    subject: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    authority: _Authority,
    starts_after: timedelta,
    ends_after: timedelta,
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(authority.name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + starts_after)
        .not_valid_after(now + ends_after)
        # Python 3.13 verifies strictly, and a chain without key identifiers is no chain there.
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False
        )
    )


def _authority_pem(authority: _Authority) -> bytes:
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
    builder = _builder(authority.name, authority.key, authority, -365 * _DAY, 365 * _DAY)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    return _pem(builder.add_extension(usage, critical=True).sign(authority.key, hashes.SHA256()))


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
