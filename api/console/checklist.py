"""What the customer does at the carrier, each step with what a test saw of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sipcheck.reasons import CredentialState, Outcome, Reason
from sipcheck.report.model import Report
from trunks.catalog.carrier_presets import CarrierPreset, Seen

# The host, the port or the transport is another one, as far as a test can tell.
_ELSEWHERE = frozenset(
    {
        Reason.TARGET_INVALID,
        Reason.DNS_NXDOMAIN,
        Reason.DNS_NO_RECORDS,
        Reason.DNS_SERVICE_REFUSED,
        Reason.CONNECTION_REFUSED,
        Reason.TLS_NAME_MISMATCH,
        Reason.TLS_NOT_SPOKEN,
        Reason.SIP_NOT_SPOKEN,
    }
)
_NO_ACCOUNT = frozenset({Reason.CREDENTIALS_MISSING, Reason.ACCOUNT_NOT_FOUND, Reason.REGISTRATION_FORBIDDEN})
_LIVING = (Outcome.VERIFIED, Outcome.REACHABLE)


@dataclass(frozen=True, slots=True)
class Step:
    """`done` is None where nobody can see it, or nothing was tested yet."""

    text: str
    done: bool | None = None


def steps_of(preset: CarrierPreset, report: Report | None) -> Sequence[Step]:
    """Say of each step whether the test saw it done."""
    return [
        Step(text, None if seen is None or report is None else _JUDGES[seen](report))
        for text, seen in zip(preset.checklist, preset.seen_by, strict=True)
    ]


def _host(report: Report) -> bool | None:
    if any(edge.sip_status is not None for edge in report.edges):
        return True
    return False if report.reason in _ELSEWHERE else None


def _account(report: Report) -> bool | None:
    if report.credentials is CredentialState.PROVEN:
        return True
    refused = report.credentials is CredentialState.REJECTED or report.reason in _NO_ACCOUNT
    return False if refused else None


def _address(report: Report) -> bool | None:
    if report.reason is Reason.SIP_FORBIDDEN:
        return False
    return True if report.outcome in _LIVING else None


_JUDGES: Mapping[Seen, Callable[[Report], bool | None]] = {
    Seen.HOST: _host,
    Seen.ACCOUNT: _account,
    Seen.ADDRESS: _address,
}
