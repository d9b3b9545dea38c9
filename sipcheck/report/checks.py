"""The seven checks of a report: each axis with its own state (docs/design/sip.md, "Separate axes, then a verdict")."""

from collections.abc import Callable, Mapping, Sequence

from sipcheck.phrases.sentence import Sentence
from sipcheck.reasons import Outcome, Reason, WarningCode
from sipcheck.report.model import Check, CheckName, CheckState, ReportWarning
from sipcheck.report.rulings import RULINGS

_WARNING_AXES: dict[WarningCode, CheckName] = {
    WarningCode.DNS_PARTIAL: CheckName.DNS,
    WarningCode.PORT_SUPPRESSES_SRV: CheckName.DNS,
    WarningCode.INFRASTRUCTURE_RESOLVES_DIFFERENTLY: CheckName.DNS,
    WarningCode.EDGES_UNPROBED: CheckName.TRANSPORT,
    WarningCode.EDGE_DOWN: CheckName.TRANSPORT,
    WarningCode.RESPONSE_SOURCE_DIFFERS: CheckName.TRANSPORT,
    WarningCode.NAT_REWRITE: CheckName.TRANSPORT,
    WarningCode.RETRANSMITTED: CheckName.TRANSPORT,
    WarningCode.CERTIFICATE_EXPIRES_SOON: CheckName.TLS,
    WarningCode.TLS_WILDCARD_NAME: CheckName.TLS,
    WarningCode.TLS_COMMON_NAME_ONLY: CheckName.TLS,
    WarningCode.INFRASTRUCTURE_REFUSES_CERTIFICATE: CheckName.TLS,
    WarningCode.OPTIONS_IGNORED: CheckName.SIP,
    WarningCode.OPTIONS_FAILED: CheckName.SIP,
    WarningCode.REPLY_DEFECTS: CheckName.SIP,
    WarningCode.REGISTER_IGNORED: CheckName.AUTH,
    WarningCode.REGISTER_REFUSED: CheckName.AUTH,
    WarningCode.RSPAUTH_WRONG: CheckName.AUTH,
    WarningCode.INFRASTRUCTURE_CANNOT_ANSWER: CheckName.AUTH,
    WarningCode.CALL_WAS_ANSWERED: CheckName.AUTH,
    WarningCode.INFRASTRUCTURE_FORM_REFUSED: CheckName.AUTH,
    WarningCode.CALL_UNCHALLENGED: CheckName.AUTH,
}


# Our own end of a run can come on either side of the challenge.
_CUT_SHORT = frozenset({Reason.DEADLINE_EXCEEDED, Reason.CANCELLED})


def failing_axis(reason: Reason, *, sip_seen: bool) -> CheckName:
    """Choose the axis of a reason: a run that we cut behind an answer did see SIP, and lacks only the proof."""
    return CheckName.AUTH if sip_seen and reason in _CUT_SHORT else RULINGS[reason].axis


def make_checks(
    reason: Reason,
    outcome: Outcome,
    *,
    axis: CheckName | None = None,
    warnings: Sequence[ReportWarning],
    details: Mapping[CheckName, Sequence[Sentence]],
    explanation: Sequence[Sentence],
    word: Callable[[Sequence[Sentence]], str],
    skipped: frozenset[CheckName],
    times_ms: Mapping[CheckName, float],
    decisive: str | None = None,
) -> tuple[Check, ...]:
    """Make all seven checks in the order of docs/design/command-line.md.

    `axis` is the deciding one, the reason's own unless given. `explanation` says what was wrong on it; `skipped`
    are axes that this run had no need of. `decisive` is the edge that decided: what another gave reason to warn of is
    no state of its checks, but for one that is down, which the transport's check then names. `word` words sentences.
    """
    order = list(CheckName)
    deciding = order.index(axis or RULINGS[reason].axis)
    checks = []
    for index, name in enumerate(order):
        state, code, warned = CheckState.SKIPPED, None, None
        if index == deciding:
            state, code = _decisive_state(outcome, reason)
        elif index < deciding and name not in skipped:
            state = CheckState.OK
        if state is CheckState.OK and (warned := _warned(name, warnings, decisive)) is not None:
            state, code = CheckState.WARNING, warned.code
        said = tuple(details.get(name, ()))
        if state is CheckState.FAILED or (
            index == deciding and code is not None and not _names_proof(name, said)
        ):
            said = tuple(explanation)
        if warned is not None and warned.edge is not None and warned.edge != decisive:
            said += (Sentence.of("check.transport.other-edge", edge=warned.edge), *warned.sentences)
        checks.append(Check(name, state, code, word(said), times_ms.get(name), said))
    return tuple(checks)


def _names_proof(name: CheckName, said: Sequence[Sentence]) -> bool:
    return name is CheckName.AUTH and bool(said)


def _decisive_state(outcome: Outcome, reason: Reason) -> tuple[CheckState, str | None]:
    if outcome is Outcome.VERIFIED:
        return CheckState.OK, None
    if outcome is Outcome.REACHABLE:
        return CheckState.WARNING, reason
    return CheckState.FAILED, reason


def _warned(name: CheckName, warnings: Sequence[ReportWarning], decisive: str | None) -> ReportWarning | None:
    """The first warning that concerns this check of the deciding edge."""
    return next(
        (
            warning
            for warning in warnings
            if _WARNING_AXES[warning.code] is name
            and (warning.edge in (None, decisive) or warning.code is WarningCode.EDGE_DOWN)
        ),
        None,
    )
