"""The seven checks of a report: each axis with its own state (docs/design/sip.md, "Separate axes, then a verdict")."""

from collections.abc import Mapping, Sequence

from sipcheck.reasons import Outcome, Reason, WarningCode
from sipcheck.report.model import Check, CheckName, CheckState, ReportWarning

# The axis on which each reason falls; the axes before it held, those after it were not reached.
AXES: dict[Reason, CheckName] = {
    Reason.TARGET_INVALID: CheckName.TARGET,
    Reason.DNS_NXDOMAIN: CheckName.DNS,
    Reason.DNS_NO_RECORDS: CheckName.DNS,
    Reason.DNS_SERVICE_REFUSED: CheckName.DNS,
    Reason.DNS_SERVFAIL: CheckName.DNS,
    Reason.DNS_TIMEOUT: CheckName.DNS,
    Reason.ADDRESS_FORBIDDEN: CheckName.ADDRESS,
    Reason.PORT_FORBIDDEN: CheckName.ADDRESS,
    Reason.CONNECTION_REFUSED: CheckName.TRANSPORT,
    Reason.CONNECTION_TIMEOUT: CheckName.TRANSPORT,
    Reason.CONNECTION_RESET: CheckName.TRANSPORT,
    Reason.HOST_UNREACHABLE: CheckName.TRANSPORT,
    Reason.OVERLOADED: CheckName.TRANSPORT,
    Reason.TLS_UNTRUSTED: CheckName.TLS,
    Reason.TLS_SELF_SIGNED: CheckName.TLS,
    Reason.TLS_EXPIRED: CheckName.TLS,
    Reason.TLS_NOT_YET_VALID: CheckName.TLS,
    Reason.TLS_NAME_MISMATCH: CheckName.TLS,
    Reason.TLS_VERSION_UNSUPPORTED: CheckName.TLS,
    Reason.TLS_CLIENT_CERTIFICATE_REQUIRED: CheckName.TLS,
    Reason.TLS_NOT_SPOKEN: CheckName.TLS,
    Reason.TLS_HANDSHAKE_FAILED: CheckName.TLS,
    Reason.NO_RESPONSE: CheckName.SIP,
    Reason.DEADLINE_EXCEEDED: CheckName.SIP,
    Reason.CANCELLED: CheckName.SIP,
    Reason.SIP_NOT_SPOKEN: CheckName.SIP,
    Reason.SIP_MALFORMED_RESPONSE: CheckName.SIP,
    Reason.SIP_SERVICE_UNAVAILABLE: CheckName.SIP,
    Reason.SIP_SERVER_ERROR: CheckName.SIP,
    Reason.SIP_REQUEST_TIMEOUT: CheckName.SIP,
    Reason.SIP_BAD_REQUEST: CheckName.SIP,
    Reason.SIP_REDIRECTED: CheckName.SIP,
    Reason.SIP_FORBIDDEN: CheckName.SIP,
    Reason.ALIVE: CheckName.SIP,
    Reason.CREDENTIALS_PROVEN: CheckName.AUTH,
    Reason.ALIVE_CREDENTIALS_UNPROVEN: CheckName.AUTH,
    Reason.CREDENTIALS_MISSING: CheckName.AUTH,
    Reason.CREDENTIALS_REJECTED: CheckName.AUTH,
    Reason.REGISTRATION_FORBIDDEN: CheckName.AUTH,
    Reason.ACCOUNT_NOT_FOUND: CheckName.AUTH,
    Reason.CREDENTIALS_FROZEN: CheckName.AUTH,
    Reason.REALM_MISMATCH: CheckName.AUTH,
    Reason.AUTH_ALGORITHM_UNSUPPORTED: CheckName.AUTH,
    Reason.AUTH_CHALLENGE_MALFORMED: CheckName.AUTH,
    Reason.AUTH_STALE_LOOP: CheckName.AUTH,
    Reason.AUTH_SCHEME_UNSUPPORTED: CheckName.AUTH,
    Reason.SECRET_UNREADABLE: CheckName.AUTH,
}

_WARNING_AXES: dict[WarningCode, CheckName] = {
    WarningCode.DNS_PARTIAL: CheckName.DNS,
    WarningCode.PORT_SUPPRESSES_SRV: CheckName.DNS,
    WarningCode.EDGE_DOWN: CheckName.TRANSPORT,
    WarningCode.RESPONSE_SOURCE_DIFFERS: CheckName.TRANSPORT,
    WarningCode.NAT_REWRITE: CheckName.TRANSPORT,
    WarningCode.RETRANSMITTED: CheckName.TRANSPORT,
    WarningCode.CERTIFICATE_EXPIRES_SOON: CheckName.TLS,
    WarningCode.TLS_WILDCARD_NAME: CheckName.TLS,
    WarningCode.TLS_COMMON_NAME_ONLY: CheckName.TLS,
    WarningCode.OPTIONS_IGNORED: CheckName.SIP,
    WarningCode.REPLY_DEFECTS: CheckName.SIP,
    WarningCode.REGISTER_IGNORED: CheckName.AUTH,
    WarningCode.REGISTER_REFUSED: CheckName.AUTH,
}


# Our own end of a run can come on either side of the challenge.
_CUT_SHORT = frozenset({Reason.DEADLINE_EXCEEDED, Reason.CANCELLED})


def failing_axis(reason: Reason, *, challenged: bool) -> CheckName:
    """Choose the axis of a reason: a run that we cut behind a challenge did see SIP, and lacks only the proof."""
    return CheckName.AUTH if challenged and reason in _CUT_SHORT else AXES[reason]


def make_checks(
    reason: Reason,
    outcome: Outcome,
    *,
    axis: CheckName | None = None,
    warnings: Sequence[ReportWarning],
    details: Mapping[CheckName, str],
    explanation: str,
    skipped: frozenset[CheckName],
    times_ms: Mapping[CheckName, float],
) -> tuple[Check, ...]:
    """Make all seven checks in the order of docs/design/command-line.md.

    `axis` is the deciding one, the reason's own unless given. `explanation` says what was wrong on it; `skipped`
    are axes that this run had no need of.
    """
    order = list(CheckName)
    decisive = order.index(axis or AXES[reason])
    checks = []
    for index, name in enumerate(order):
        state, code = CheckState.SKIPPED, None
        if index == decisive:
            state, code = _decisive_state(outcome, reason)
        elif index < decisive and name not in skipped:
            state = CheckState.OK
        if state is CheckState.OK:
            state, code = _warned(name, warnings)
        detail = details.get(name, "") if state is not CheckState.FAILED else explanation
        checks.append(Check(name, state, code, detail, times_ms.get(name)))
    return tuple(checks)


def _decisive_state(outcome: Outcome, reason: Reason) -> tuple[CheckState, str | None]:
    if outcome is Outcome.VERIFIED:
        return CheckState.OK, None
    if outcome is Outcome.REACHABLE:
        return CheckState.WARNING, reason
    return CheckState.FAILED, reason


def _warned(name: CheckName, warnings: Sequence[ReportWarning]) -> tuple[CheckState, str | None]:
    code = next((warning.code for warning in warnings if _WARNING_AXES[warning.code] is name), None)
    return (CheckState.OK, None) if code is None else (CheckState.WARNING, code)
