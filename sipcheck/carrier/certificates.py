"""The practice carrier's certificates: its own authority, and what each fault makes of the server's."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

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


# What a fault changes of a certificate that is good; without a change of names it names the domain, loopback and
# where it listens.
_CHANGES: Mapping[Fault, Mapping[str, Any]] = {
    Fault.EXPIRED_CERTIFICATE: {"starts_after": -90 * DAY, "ends_after": -DAY},
    Fault.NOT_YET_VALID_CERTIFICATE: {"starts_after": DAY},
    # Good but for who signs them.
    Fault.SELF_SIGNED_CERTIFICATE: {},
    Fault.UNTRUSTED_CERTIFICATE: {},
    Fault.WRONG_NAME_CERTIFICATE: {"common_name": "elsewhere.example", "names": ("elsewhere.example",)},
    Fault.WILDCARD_CERTIFICATE: {"names": (f"*.{DOMAIN}",)},
    Fault.COMMON_NAME_ONLY_CERTIFICATE: {"names": ()},
    # Half a day over, so that it is ten days for as long as somebody looks at it.
    Fault.EXPIRING_CERTIFICATE: {"ends_after": 10.5 * DAY},
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
    fault = next((each for each in _CHANGES if each in faults), None)
    good = CertificateContents(
        common_name=DOMAIN, names=tuple(dict.fromkeys((DOMAIN, "127.0.0.1", "::1", host)))
    )
    changes = {} if fault is None else _CHANGES[fault]
    issued = _signer(fault, ours)(replace(good, **changes))
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
