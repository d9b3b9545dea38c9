"""The peer's certificate: its facts, and whether it speaks for the SIP domain (RFC 5922 §7)."""

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from cryptography import x509
from cryptography.x509.oid import NameOID

from sipcheck.printable import one_line
from sipcheck.reasons import WarningCode
from sipcheck.report.model import Certificate, ReportWarning

_DAY = timedelta(days=1)
_EXPIRES_SOON_DAYS = 21
_REPORTED_NAMES = 64
_SHOWN_NAMES = 3

# Beyond these sizes a peer could make the memory of what was read grow at its will.
_KEPT_CERTIFICATES = 256
_KEPT_BYTES = 4096

# What cryptography raises for certificates that a peer may well present.
UNREADABLE = (
    ValueError,
    x509.UnsupportedGeneralNameType,
    x509.DuplicateExtension,
    x509.InvalidVersion,
)


@dataclass(frozen=True, slots=True)
class PresentedNames:
    """The names a certificate carries; `common_names` count only where there is no SAN at all (§7.1)."""

    uris: tuple[str, ...]
    dns: tuple[str, ...]
    addresses: tuple[str, ...]
    common_names: tuple[str, ...]
    has_san: bool

    def shown(self) -> tuple[str, ...]:
        return (*self.uris, *self.dns, *self.addresses) if self.has_san else self.common_names


@dataclass(frozen=True, slots=True)
class NameMatch:
    """How a certificate's names fit; `wildcard` is the pattern that was needed."""

    fits: bool
    wildcard: str | None = None
    common_name_only: bool = False


@dataclass(frozen=True, slots=True)
class ReadCertificate:
    """What a certificate says of itself, whatever the time is."""

    subject: str
    issuer: str
    names: PresentedNames
    shown_names: tuple[str, ...]
    not_after: datetime

    def facts(
        self,
        *,
        now: datetime,
        tls_version: str | None,
        cipher: str | None,
        verified: bool,
        error: str | None,
    ) -> Certificate:
        """Put it into the report's shape."""
        return Certificate(
            subject=self.subject,
            issuer=self.issuer,
            names=self.shown_names,
            not_after=self.not_after,
            days_left=int((self.not_after - now) / _DAY),  # towards zero
            tls_version=tls_version,
            cipher=cipher,
            verified=verified,
            error=error,
        )


def read_certificate(der: bytes) -> ReadCertificate:
    """Read a certificate. Raises one of UNREADABLE for what is none.

    A carrier presents the same one to thousands of probes, so the last ones read are kept by their bytes. It says
    nothing about trust: that is judged anew on every connection.
    """
    return _read_kept(der) if len(der) <= _KEPT_BYTES else _read(der)


def _read(der: bytes) -> ReadCertificate:
    parsed = x509.load_der_x509_certificate(der)
    names = _names(parsed)
    return ReadCertificate(
        subject=one_line(parsed.subject.rfc4514_string()),
        issuer=one_line(parsed.issuer.rfc4514_string()),
        names=names,
        shown_names=tuple(one_line(name) for name in names.shown()[:_REPORTED_NAMES]),
        not_after=parsed.not_valid_after_utc,
    )


_read_kept = lru_cache(maxsize=_KEPT_CERTIFICATES)(_read)


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


def match_name(names: PresentedNames, domain: str, *, strict: bool = False) -> NameMatch:
    """Compare with the domain given to RFC 3263, never an SRV target (RFC 5922 §7.2).

    SAN URI `sip:domain` first, then SAN DNS, the common name only without any SAN. A left-most wildcard label
    is accepted unless `strict`, since the largest carriers present one. An IP literal needs an iPAddress SAN.
    """
    try:
        address = ipaddress.ip_address(domain)
    except ValueError:
        return _match_domain(names, domain, strict=strict)
    return NameMatch(
        any(ipaddress.ip_address(shown) == address for shown in names.addresses if "/" not in shown)
    )


def _match_domain(names: PresentedNames, domain: str, *, strict: bool) -> NameMatch:
    wanted = _normal(domain)
    if any(_sip_domain(uri) == wanted for uri in names.uris):
        return NameMatch(True)
    candidates = names.dns if names.has_san else names.common_names
    common_name_only = not names.has_san
    if any(_normal(candidate) == wanted for candidate in candidates):
        return NameMatch(True, common_name_only=common_name_only)
    if not strict:
        for candidate in candidates:
            if _wildcard_fits(_normal(candidate), wanted):
                return NameMatch(True, wildcard=candidate, common_name_only=common_name_only)
    return NameMatch(False, common_name_only=common_name_only)


def _normal(name: str) -> str:
    return name.rstrip(".").lower()


def _sip_domain(uri: str) -> str | None:
    """The domain of a SAN URI, which counts only as `sip:` without a user part (RFC 5922 §7.1)."""
    scheme, separator, rest = uri.partition(":")
    if not separator or scheme.lower() != "sip" or "@" in rest:
        return None
    return _normal(rest)


def _wildcard_fits(pattern: str, wanted: str) -> bool:
    """One left-most label that is `*` alone, and at least two labels after it."""
    head, _, parent = pattern.partition(".")
    return head == "*" and parent.count(".") >= 1 and wanted.partition(".")[2] == parent


def describe_mismatch(names: PresentedNames, domain: str, host: str) -> str:
    """Say what a certificate names instead of the domain; `host` is the name that DNS led to."""
    shown = one_line(", ".join(names.shown()[:_SHOWN_NAMES])) or "nothing"
    if host != domain and match_name(names, host).fits:
        return f"it names {shown}, the server that DNS leads to, where the trunk's domain {domain} is needed"
    return f"it names {shown}"


def certificate_warnings(facts: Certificate, match: NameMatch) -> tuple[ReportWarning, ...]:
    """Say what is doubtful about a certificate that fits."""
    found: list[ReportWarning] = []
    if facts.days_left < _EXPIRES_SOON_DAYS:
        found.append(
            ReportWarning(
                WarningCode.CERTIFICATE_EXPIRES_SOON,
                f"the certificate expires in {facts.days_left} days, on {facts.not_after:%Y-%m-%d}",
                None,
            )
        )
    if match.wildcard is not None:
        found.append(
            ReportWarning(
                WarningCode.TLS_WILDCARD_NAME,
                f"the certificate fits only by its wildcard {match.wildcard}, which RFC 5922 §7.2 forbids",
                None,
            )
        )
    if match.common_name_only:
        found.append(
            ReportWarning(
                WarningCode.TLS_COMMON_NAME_ONLY,
                "the certificate names the domain only in its common name; it has no subjectAltName",
                None,
            )
        )
    return tuple(found)
