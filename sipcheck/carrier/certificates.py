"""The practice carrier's certificates: its own authority, and what each fault makes of the server's."""

import ipaddress
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sipcheck.carrier.faults import Fault

DOMAIN = "practice.example"
_DAY = timedelta(days=1)


class _Signer(Enum):
    OUR_AUTHORITY = auto()
    ANOTHER_AUTHORITY = auto()
    ITSELF = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Profile:
    """What a certificate says. Without `names` it names the domain, loopback and where the carrier listens."""

    common_name: str = DOMAIN
    names: tuple[str, ...] | None = None
    starts_after: timedelta = -_DAY
    ends_after: timedelta = 90 * _DAY
    signer: _Signer = _Signer.OUR_AUTHORITY


_GOOD = _Profile()
_PROFILES: Mapping[Fault, _Profile] = {
    Fault.EXPIRED_CERTIFICATE: _Profile(starts_after=-90 * _DAY, ends_after=-_DAY),
    Fault.NOT_YET_VALID_CERTIFICATE: _Profile(starts_after=_DAY),
    Fault.SELF_SIGNED_CERTIFICATE: _Profile(signer=_Signer.ITSELF),
    Fault.UNTRUSTED_CERTIFICATE: _Profile(signer=_Signer.ANOTHER_AUTHORITY),
    Fault.WRONG_NAME_CERTIFICATE: _Profile(common_name="elsewhere.example", names=("elsewhere.example",)),
    Fault.WILDCARD_CERTIFICATE: _Profile(names=(f"*.{DOMAIN}",)),
    Fault.COMMON_NAME_ONLY_CERTIFICATE: _Profile(names=()),
    # Half a day over, so that it is ten days for as long as somebody looks at it.
    Fault.EXPIRING_CERTIFICATE: _Profile(ends_after=10.5 * _DAY),
}


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """PEM files: the authority that makes the carrier trusted, and the server's certificate and key."""

    ca_file: Path
    certificate_file: Path
    key_file: Path


@dataclass(frozen=True, slots=True)
class _Authority:
    name: x509.Name
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))


def issue(folder: Path, host: str, faults: Collection[Fault]) -> CertificateFiles:
    """Write the files for a carrier that listens on `host`; raises OSError when the folder cannot be written."""
    profile = next((profile for fault, profile in _PROFILES.items() if fault in faults), _GOOD)
    ours = _Authority(_name("Practice Carrier CA"))
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(profile.common_name)
    authority = {
        _Signer.OUR_AUTHORITY: ours,
        _Signer.ANOTHER_AUTHORITY: _Authority(_name("Another CA")),
        _Signer.ITSELF: _Authority(subject, key),
    }[profile.signer]
    names = (DOMAIN, "127.0.0.1", "::1", host) if profile.names is None else profile.names
    files = CertificateFiles(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    files.ca_file.write_bytes(_authority_pem(ours))
    files.certificate_file.write_bytes(_server_pem(subject, key, authority, profile, names))
    files.key_file.touch(mode=0o600)
    files.key_file.write_bytes(_key_pem(key))
    return files


def _server_pem(
    subject: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    authority: _Authority,
    profile: _Profile,
    names: tuple[str, ...],
) -> bytes:
    builder = _builder(subject, key, authority, profile.starts_after, profile.ends_after)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    if names:
        general_names = [_general_name(name) for name in dict.fromkeys(names)]
        builder = builder.add_extension(x509.SubjectAlternativeName(general_names), critical=False)
    return _pem(builder.sign(authority.key, hashes.SHA256()))


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
    builder = _builder(authority.name, authority.key, authority, -_DAY, 365 * _DAY)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    return _pem(builder.add_extension(usage, critical=True).sign(authority.key, hashes.SHA256()))


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


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
