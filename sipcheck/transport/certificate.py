"""The peer's certificate: its facts, whatever the time is and whether or not it is trusted."""

import threading
import warnings
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from sipcheck.diagnosis.details import warn
from sipcheck.phrases.sentence import Sentence
from sipcheck.reasons import WarningCode
from sipcheck.report.model import Certificate, ReportWarning
from sipcheck.report.printable import one_line
from sipcheck.transport.certificate_names import NameMatch, PresentedNames

_DAY = timedelta(days=1)
_EXPIRES_SOON_DAYS = 21
_REPORTED_NAMES = 64

# Beyond these sizes a peer could make the memory of what was read grow at its will.
_KEPT_CERTIFICATES = 256
_KEPT_BYTES = 4096

# What cryptography raises for certificates that a peer may well present.
_FAULTS = (
    ValueError,
    TypeError,  # a name whose attribute is of a kind of text that it may not have
    x509.UnsupportedGeneralNameType,
    x509.DuplicateExtension,
    x509.InvalidVersion,
)

_USES = {
    ExtendedKeyUsageOID.SERVER_AUTH: "serverAuth",
    ExtendedKeyUsageOID.CLIENT_AUTH: "clientAuth",
    ExtendedKeyUsageOID.CODE_SIGNING: "codeSigning",
    ExtendedKeyUsageOID.EMAIL_PROTECTION: "emailProtection",
    ExtendedKeyUsageOID.TIME_STAMPING: "timeStamping",
    ExtendedKeyUsageOID.OCSP_SIGNING: "OCSPSigning",
    ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE: "anyExtendedKeyUsage",
    ObjectIdentifier("1.3.6.1.5.5.7.3.20"): "sipDomain",  # RFC 5924
}
SERVER_USE = _USES[ExtendedKeyUsageOID.SERVER_AUTH]

# The filters of warnings are the process's; two threads that read at once would restore each other's.
_reading = threading.Lock()


class CertificateUnreadable(Exception):
    """What the peer presented is no certificate that can be read."""


@dataclass(frozen=True, slots=True)
class ReadCertificate:
    """What a certificate says of itself.

    `uses` are the names of its extended key usage, none where it has no such extension; `key` says of what
    kind and size its key is.
    """

    subject: str
    issuer: str
    names: PresentedNames
    shown_names: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    uses: tuple[str, ...]
    key: Sentence

    def facts(
        self,
        *,
        now: datetime,
        tls_version: str | None,
        cipher: str | None,
        error: str | None,
    ) -> Certificate:
        """Put it into the report's shape; `error` says why it was refused."""
        return Certificate(
            subject=self.subject,
            issuer=self.issuer,
            names=self.shown_names,
            not_after=self.not_after,
            days_left=int((self.not_after - now) / _DAY),  # towards zero
            tls_version=tls_version,
            cipher=cipher,
            verified=error is None,
            error=error,
        )


def read_certificate(der: bytes) -> ReadCertificate:
    """Read a certificate. Raises CertificateUnreadable.

    A carrier presents the same one to thousands of probes, so the last ones read are kept by their bytes. It says
    nothing about trust: that is judged anew on every connection.
    """
    return _read_kept(der) if len(der) <= _KEPT_BYTES else _read(der)


def _read(der: bytes) -> ReadCertificate:
    try:
        with _reading, warnings.catch_warnings():
            # The library warns of what RFC 5280 forbids, such as a serial number of 0; the report is not its place.
            warnings.simplefilter("ignore")
            return _facts_of(x509.load_der_x509_certificate(der))
    except _FAULTS as fault:
        raise CertificateUnreadable("the certificate cannot be read") from fault


_read_kept = lru_cache(maxsize=_KEPT_CERTIFICATES)(_read)


def _facts_of(parsed: x509.Certificate) -> ReadCertificate:
    names = _names(parsed)
    return ReadCertificate(
        subject=one_line(parsed.subject.rfc4514_string()),
        issuer=one_line(parsed.issuer.rfc4514_string()),
        names=names,
        shown_names=tuple(one_line(name) for name in names.shown()[:_REPORTED_NAMES]),
        not_before=parsed.not_valid_before_utc,
        not_after=parsed.not_valid_after_utc,
        uses=_uses(parsed),
        key=_key(parsed),
    )


def _names(certificate: x509.Certificate) -> PresentedNames:
    common_names = tuple(
        str(attribute.value) for attribute in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    )
    try:
        san = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return PresentedNames((), (), (), common_names, has_san=False)
    return PresentedNames(
        uris=tuple(san.get_values_for_type(x509.UniformResourceIdentifier)),
        dns=tuple(san.get_values_for_type(x509.DNSName)),
        addresses=tuple(str(address) for address in san.get_values_for_type(x509.IPAddress)),
        common_names=common_names,
        has_san=True,
    )


def _uses(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        listed = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(_USES.get(use, use.dotted_string) for use in listed)


def _key(certificate: x509.Certificate) -> Sentence:
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return Sentence("certificate.key.unreadable")
    if isinstance(key, rsa.RSAPublicKey):
        return Sentence.of("certificate.key.rsa", bits=key.key_size)
    if isinstance(key, ec.EllipticCurvePublicKey):
        return Sentence.of("certificate.key.ecdsa", curve=key.curve.name)
    return Sentence.of("certificate.key.other", kind=type(key).__name__)


def certificate_warnings(facts: Certificate, match: NameMatch) -> tuple[ReportWarning, ...]:
    """Say what is doubtful about a certificate that fits."""
    found: dict[WarningCode, dict[str, object]] = {}
    if facts.days_left < _EXPIRES_SOON_DAYS:
        date = f"{facts.not_after:%Y-%m-%d}"
        found[WarningCode.CERTIFICATE_EXPIRES_SOON] = {"days": facts.days_left, "date": date}
    if match.wildcard is not None:
        found[WarningCode.TLS_WILDCARD_NAME] = {"name": one_line(match.wildcard)}
    if match.common_name_only:
        found[WarningCode.TLS_COMMON_NAME_ONLY] = {}
    return tuple(warn(code, Sentence.of(f"warning.{code}", **said)) for code, said in found.items())
