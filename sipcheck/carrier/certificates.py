"""The practice carrier's certificates: its own authority, and what each fault makes of the server's."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sipcheck.carrier.authority import (
    DAY,
    Authority,
    CertificateContents,
    IssuedCertificate,
    issue_self_signed,
)
from sipcheck.carrier.faults import Fault

DOMAIN = "practice.example"

Issue = Callable[[CertificateContents], IssuedCertificate]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Profile:
    """What a fault makes of a certificate. Without `names` it names the domain, loopback and where it listens."""

    common_name: str = DOMAIN
    names: tuple[str, ...] | None = None
    starts_after: timedelta = -DAY
    ends_after: timedelta = 90 * DAY


_PROFILES: Mapping[Fault, _Profile] = {
    Fault.EXPIRED_CERTIFICATE: _Profile(starts_after=-90 * DAY, ends_after=-DAY),
    Fault.NOT_YET_VALID_CERTIFICATE: _Profile(starts_after=DAY),
    # Good but for who signs them.
    Fault.SELF_SIGNED_CERTIFICATE: _Profile(),
    Fault.UNTRUSTED_CERTIFICATE: _Profile(),
    Fault.WRONG_NAME_CERTIFICATE: _Profile(common_name="elsewhere.example", names=("elsewhere.example",)),
    Fault.WILDCARD_CERTIFICATE: _Profile(names=(f"*.{DOMAIN}",)),
    Fault.COMMON_NAME_ONLY_CERTIFICATE: _Profile(names=()),
    # Half a day over, so that it is ten days for as long as somebody looks at it.
    Fault.EXPIRING_CERTIFICATE: _Profile(ends_after=10.5 * DAY),
}


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """PEM files: the authority that makes the carrier trusted, and the server's certificate and key."""

    ca_file: Path
    certificate_file: Path
    key_file: Path


def issue(folder: Path, host: str, faults: Collection[Fault]) -> CertificateFiles:
    """Write the files for a carrier that listens on `host`; raises OSError when the folder cannot be written."""
    ours = Authority("Practice Carrier CA")
    fault = next((each for each in _PROFILES if each in faults), None)
    issued = _signer(fault, ours)(_contents(fault, host))
    files = CertificateFiles(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    files.ca_file.write_bytes(ours.pem)
    files.certificate_file.write_bytes(issued.certificate)
    files.key_file.touch(mode=0o600)
    files.key_file.write_bytes(issued.key)
    return files


def _signer(fault: Fault | None, ours: Authority) -> Issue:
    match fault:
        case Fault.SELF_SIGNED_CERTIFICATE:
            return issue_self_signed
        case Fault.UNTRUSTED_CERTIFICATE:
            return Authority("Another CA").issue
        case _:
            return ours.issue


def _contents(fault: Fault | None, host: str) -> CertificateContents:
    profile = _Profile() if fault is None else _PROFILES[fault]
    names = (DOMAIN, "127.0.0.1", "::1", host) if profile.names is None else profile.names
    return CertificateContents(
        common_name=profile.common_name,
        names=tuple(dict.fromkeys(names)),
        starts_after=profile.starts_after,
        ends_after=profile.ends_after,
    )
