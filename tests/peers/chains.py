"""Certificate chains with one odd link: root, authority between, server; what carriers get wrong, one at a time."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID, ObjectIdentifier

from sipcheck.carrier.authority import DAY
from tests.peers.certificates import Certificate

_SIGNS_CERTIFICATES = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One certificate; `rsa_bits` None is a key on P-256, and `uses` none leaves out the extended key usage.

    One that is not `to_the_letter` lacks what RFC 5280 asks for and older authorities left out.
    """

    common_name: str
    names: tuple[x509.GeneralName, ...] = ()
    authority: bool = False
    starts_after: timedelta = -DAY
    ends_after: timedelta = 90 * DAY
    rsa_bits: int | None = None
    uses: tuple[ObjectIdentifier, ...] = ()
    to_the_letter: bool = True
    extensions: tuple[x509.ExtensionType, ...] = ()
    serial: int | None = None


@dataclass(frozen=True, slots=True)
class Chain:
    """What a server presents, and the root that a client trusts."""

    certificate: Certificate
    ca_file: Path


@dataclass(frozen=True, slots=True)
class _Issued:
    certificate: x509.Certificate
    key: Key


def write_chain(folder: Path, links: Sequence[Link], *, sent: Sequence[int] | None = None) -> Chain:
    """Issue links from the root on, each by the one before it, and write them; the last is the server's.

    `sent` are the places of those that the server presents beside its own; usually all but the root.
    """
    issued: list[_Issued] = []
    for link in links:
        issued.append(_issue(link, issued[-1] if issued else None))
    beside = range(len(links) - 2, 0, -1) if sent is None else sent
    presented = [issued[-1], *(issued[place] for place in beside)]
    files = Chain(Certificate(folder / "server.pem", folder / "server.key"), folder / "root.pem")
    files.certificate.certificate_file.write_bytes(b"".join(_pem(each.certificate) for each in presented))
    files.certificate.key_file.write_bytes(
        issued[-1].key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    files.ca_file.write_bytes(_pem(issued[0].certificate))
    return files


def _issue(link: Link, issuer: _Issued | None) -> _Issued:
    key = _new_key(link)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, link.common_name)])
    now = datetime.now(UTC)
    issuer_key = key if issuer is None else issuer.key
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name if issuer is None else issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number() if link.serial is None else 1)
        .not_valid_before(now + link.starts_after)
        .not_valid_after(now + link.ends_after)
    )
    for extension in _extensions(link, key, issuer_key):
        builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
    certificate = builder.sign(issuer_key, hashes.SHA256())
    if link.serial is not None:
        certificate = _with_serial(certificate, link.serial, issuer_key)
    return _Issued(certificate, key)


def _extensions(link: Link, key: Key, issuer_key: Key) -> list[x509.ExtensionType]:
    found: list[x509.ExtensionType] = [x509.BasicConstraints(ca=link.authority, path_length=None)]
    if link.to_the_letter:
        found.append(x509.SubjectKeyIdentifier.from_public_key(key.public_key()))
        found.append(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()))
        if link.authority:
            found.append(_SIGNS_CERTIFICATES)
    if link.names:
        found.append(x509.SubjectAlternativeName(link.names))
    if link.uses:
        found.append(x509.ExtendedKeyUsage(link.uses))
    return [*found, *link.extensions]


def _new_key(link: Link) -> Key:
    if link.rsa_bits is None:
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(65537, link.rsa_bits)


def _with_serial(certificate: x509.Certificate, serial: int, key: Key) -> x509.Certificate:
    """Sign it anew with a serial number that no builder takes; it was issued with the number 1."""
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("only what an elliptic key signs is signed anew")
    tbs = certificate.tbs_certificate_bytes.replace(b"\x02\x01\x01", b"\x02\x01" + bytes([serial]), 1)
    whole = certificate.public_bytes(serialization.Encoding.DER)
    algorithm = whole[whole.index(certificate.tbs_certificate_bytes) + len(tbs) :]
    algorithm = algorithm[: 2 + algorithm[1]]
    signature = key.sign(tbs, ec.ECDSA(hashes.SHA256()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of such a number, which is what the certificate is for
        return x509.load_der_x509_certificate(_der(0x30, tbs + algorithm + _der(0x03, b"\0" + signature)))


def _der(tag: int, content: bytes) -> bytes:
    length = len(content)
    octets = b"" if length < 128 else length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets) if octets else length]) + octets + content


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
