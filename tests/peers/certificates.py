"""A private CA and server certificates of every kind a carrier may present, issued as the practice carrier's are."""

from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from sipcheck.carrier.authority import DAY, Authority, CertificateContents, issue_self_signed


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


class Certificates:
    """Issue certificates for one domain into a folder; a peer that trusts ca_file trusts the good ones."""

    def __init__(self, folder: Path, *, domain: str = "carrier.example") -> None:
        self.domain = domain
        self.ca_file = folder / "ca.pem"
        self._folder = folder
        self._written: dict[CertificateKind, Certificate] = {}
        self._trusted = Authority("Test CA")
        self.ca_file.write_bytes(self._trusted.pem)

    def __getitem__(self, kind: CertificateKind) -> Certificate:
        """Give the certificate of this kind, made at its first use."""
        if kind not in self._written:
            self._written[kind] = self._write(kind)
        return self._written[kind]

    def _write(self, kind: CertificateKind) -> Certificate:
        issue = {
            CertificateKind.SELF_SIGNED: issue_self_signed,
            CertificateKind.UNTRUSTED_CA: Authority("Untrusted CA").issue,
        }.get(kind, self._trusted.issue)
        issued = issue(_contents(kind, self.domain))
        certificate = Certificate(self._folder / f"{kind}.pem", self._folder / f"{kind}.key")
        certificate.certificate_file.write_bytes(issued.certificate)
        certificate.key_file.write_bytes(issued.key)
        return certificate


def _contents(kind: CertificateKind, domain: str) -> CertificateContents:
    good = CertificateContents(common_name=domain, names=(domain,))
    match kind:
        case CertificateKind.GOOD | CertificateKind.SELF_SIGNED | CertificateKind.UNTRUSTED_CA:
            return good
        case CertificateKind.SAN_URI:
            return replace(good, names=(f"sip:{domain}", "elsewhere.example"))
        case CertificateKind.SAN_IP:
            return replace(good, names=("127.0.0.1", "::1"))
        case CertificateKind.WILDCARD:
            return replace(good, names=(f"*.{domain}",))
        case CertificateKind.COMMON_NAME_ONLY:
            return replace(good, names=())
        case CertificateKind.EXPIRES_SOON:
            return replace(good, ends_after=10 * DAY)
        case CertificateKind.EXPIRED:
            return replace(good, starts_after=-90 * DAY, ends_after=-DAY)
        case CertificateKind.NOT_YET_VALID:
            return replace(good, starts_after=DAY)
        case CertificateKind.WRONG_NAME:
            return replace(good, common_name="elsewhere.example", names=("elsewhere.example",))
        case CertificateKind.SRV_TARGET:
            return replace(good, names=(f"edge.{domain}",))
        case CertificateKind.CLIENT:
            return replace(good, for_client=True)
