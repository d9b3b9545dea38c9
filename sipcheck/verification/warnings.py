"""Warnings: what is worth knowing about a run and changes no verdict."""

from collections.abc import Callable, Sequence

from sipcheck.diagnosis.details import warn
from sipcheck.diagnosis.evidence import RINGING, EdgeEvidence, ExchangeResult
from sipcheck.dns.route import Route
from sipcheck.phrases.sentence import Sentence
from sipcheck.reasons import Cause, Reason, WarningCode
from sipcheck.report.model import ReportWarning
from sipcheck.transaction.timers import RFC_3261
from sipcheck.verification.edge_probe import EdgeProbe
from sipcheck.verification.identity import InviteForm
from sipcheck.verification.invite import called_line

# Takes the code of a warning, and its sentences.
Add = Callable[..., None]


def edge_warnings(
    probe: EdgeProbe, evidence: EdgeEvidence, *, some_alive: bool, decides: bool
) -> list[ReportWarning]:
    """Gather what one probed edge gives reason to mention; of one that decides, the verdict says the most."""
    found = list(probe.connection.warnings)

    def add(code: WarningCode, *sentences: Sentence) -> None:
        found.append(warn(code, *sentences, edge=probe.name))

    if some_alive and not evidence.alive and _has_failed(evidence):
        add(WarningCode.EDGE_DOWN, _down(probe))
    if evidence.alive and probe.options is not None and not probe.options.alive:
        _options_warning(probe.options, probe.register or probe.invite, add)
    if probe.register is not None:
        _register_warning(probe.register, probe.options, add)
        if evidence.alive and not decides and probe.register.status is not None and not probe.register.alive:
            add(WarningCode.REGISTER_REFUSED, _answered("register-refused.failed", probe.register))
    if probe.call_taken:
        said = Sentence.of("warning.call-was-answered", number=probe.identity.number)
        add(WarningCode.CALL_WAS_ANSWERED, said)
    if probe.invite is not None and _let_through_unasked(probe.invite, taken=probe.call_taken):
        said = Sentence.of("warning.call-unchallenged", answer=probe.invite.answer)
        add(WarningCode.CALL_UNCHALLENGED, said)
    if probe.refused_form is not None:
        add(WarningCode.INFRASTRUCTURE_FORM_REFUSED, _form_refused(probe, probe.refused_form))
    for exchange in evidence.exchanges:
        _exchange_warnings(exchange, add)
    return _unique(found)


def _let_through_unasked(invite: ExchangeResult, *, taken: bool) -> bool:
    """Whether a call rang or was taken, and nobody asked who calls."""
    rang = invite.status in RINGING or invite.succeeded
    return (rang or taken) and not invite.challenged


def _form_refused(probe: EdgeProbe, refused: ExchangeResult) -> Sentence:
    """Both request lines, side by side: what differs is what the carrier wants."""
    identity = probe.identity
    lines = {form: called_line(identity, form) for form in (identity.call_form, InviteForm.PLAIN)}
    return Sentence.of(
        "warning.infrastructure-form-refused",
        answer=refused.answer,
        form=lines[identity.call_form],
        plain=lines[InviteForm.PLAIN],
    )


def route_warnings(route: Route, probed: int) -> list[ReportWarning]:
    """Say how many addresses were left out, where there are more than are probed."""
    left_out = len(route.edges) + len(route.beyond) - probed
    if left_out <= 0:
        return []
    said = Sentence.of("warning.edges-unprobed", count=probed + left_out, probed=probed)
    return [warn(WarningCode.EDGES_UNPROBED, said)]


def _has_failed(evidence: EdgeEvidence) -> bool:
    """Whether an edge that is not alive had its chance; where we stood still nothing is known of it."""
    failures = [evidence.connect_failure, *(each.failure for each in evidence.exchanges)]
    stalled = any(each is not None and each.cause is Cause.OWN_STALL for each in failures)
    return not stalled and bool(evidence.exchanges or evidence.connect_failure)


def _down(probe: EdgeProbe) -> Sentence:
    if probe.connection.failure is not None:
        return Sentence.of("warning.edge-down.failed", detail=probe.connection.failure.sentence)
    last = probe.evidence.exchanges[-1]
    if last.answer:
        return Sentence.of("warning.edge-down.answered", method=last.method, answer=last.answer)
    return Sentence.of("warning.edge-down.failed", detail=last.explanation or Sentence("fact.no-answer"))


def _options_warning(options: ExchangeResult, other: ExchangeResult | None, add: Add) -> None:
    """On an edge that lives by another request's answer."""
    if options.status is not None:
        add(WarningCode.OPTIONS_FAILED, _answered("options-failed", options))
    elif other is not None and other.status is not None and not _cut_by_us(options):
        variant = ".by-invite" if other.method == "INVITE" else ""
        add(WarningCode.OPTIONS_IGNORED, _unanswered("options-ignored", options, variant))


def _register_warning(register: ExchangeResult, options: ExchangeResult | None, add: Add) -> None:
    """REGISTER failed in another way than by what the verdict says of the credentials."""
    if register.silent:
        answered = options is not None and options.alive
        if answered and not register.credentials_sent and not _cut_by_us(register):
            add(WarningCode.REGISTER_IGNORED, _unanswered("register-ignored", register))
    elif register.refused and (not register.challenged or _refused_after_all(register)):
        add(WarningCode.REGISTER_REFUSED, _answered("register-refused", register))


def _cut_by_us(exchange: ExchangeResult) -> bool:
    return exchange.failure is not None and exchange.failure.reason is Reason.DEADLINE_EXCEEDED


def _unanswered(key: str, exchange: ExchangeResult, variant: str = "") -> Sentence:
    failure = exchange.failure
    if failure is None or failure.cause is Cause.SILENCE:
        return Sentence.of(f"warning.{key}{variant}")
    if failure.reason is Reason.NO_RESPONSE and failure.cause is None:
        return Sentence.of(f"warning.{key}.given-up{variant}", detail=failure.sentence)
    return Sentence.of(f"warning.{key}.failed{variant}", detail=failure.sentence)


def _answered(key: str, exchange: ExchangeResult) -> Sentence:
    """With the wait that is asked for, where one is."""
    wait = exchange.retry_after_seconds
    if not wait:
        return Sentence.of(f"warning.{key}", answer=exchange.answer)
    return Sentence.of(f"warning.{key}.wait", answer=exchange.answer, seconds=wait)


def _refused_after_all(register: ExchangeResult) -> bool:
    """A refusal after the challenge was answered that is no word on the credentials."""
    return register.credentials_sent and not register.rejected and register.status not in (401, 403, 404, 407)


def _exchange_warnings(exchange: ExchangeResult, add: Add) -> None:
    received, local = exchange.received_address, exchange.local_address
    if received is not None and received != local:
        add(WarningCode.NAT_REWRITE, Sentence.of("warning.nat-rewrite", received=received, local=local))
    if exchange.other_source is not None:
        said = Sentence.of("warning.response-source-differs", source=exchange.other_source)
        add(WarningCode.RESPONSE_SOURCE_DIFFERS, said)
    if exchange.defects:
        said = Sentence.of("warning.reply-defects", defects=", ".join(exchange.defects))
        add(WarningCode.REPLY_DEFECTS, said)
    if exchange.server_disproved:
        said = Sentence.of("warning.rspauth-wrong", method=exchange.method, answer=exchange.answer)
        add(WarningCode.RSPAUTH_WRONG, said)
    if exchange.retransmissions and exchange.status is not None:
        add(WarningCode.RETRANSMITTED, _sent_again(exchange), *_nothing_lost(exchange))


def _sent_again(exchange: ExchangeResult) -> Sentence:
    key = "warning.retransmitted." + ("once" if exchange.retransmissions == 1 else "times")
    facts = {"method": exchange.method, "count": exchange.retransmissions}
    seconds = exchange.rtt_seconds
    if seconds is None or seconds < RFC_3261.t1_seconds:
        return Sentence.of(key, **facts)
    return Sentence.of(f"{key}.slow", **facts, seconds=f"{seconds:.1f}")


def _nothing_lost(exchange: ExchangeResult) -> Sequence[Sentence]:
    """What shows that the carrier is slow, and the way is good: nothing is said where nothing does."""
    if exchange.each_answered:
        return [Sentence.of("warning.retransmitted.each-answered")]
    if exchange.provisional is not None:
        return [Sentence.of("warning.retransmitted.provisional", status=exchange.provisional)]
    return []


def _unique(warnings: list[ReportWarning]) -> list[ReportWarning]:
    # A sentence has no hash.
    return list({(each.code, each.detail, each.edge): each for each in warnings}.values())
