"""From the attempts of a test call to its report; what befell it before any call is a verification's own word."""

from collections.abc import Iterator, Sequence

from sipcheck.diagnosis.call_rules import CallRuling, call_ruling
from sipcheck.diagnosis.evidence import Asked
from sipcheck.diagnosis.redirection import Redirection, read_redirection
from sipcheck.diagnosis.sentences import Facts, named, render, sentences
from sipcheck.phrases.sentence import Sentence
from sipcheck.phrases.words import phrase
from sipcheck.reasons import (
    CallCause,
    CallReason,
    CallVerdict,
    Cause,
    CredentialState,
    Outcome,
    Party,
    Reason,
    WarningCode,
)
from sipcheck.report.call_report import (
    CallAttempt,
    CallMedia,
    CallReport,
    CallSip,
    CallTiming,
    CallWarning,
)
from sipcheck.report.model import Report
from sipcheck.report.rulings import ruling
from sipcheck.target import TransportName, edge_name
from sipcheck.verification.calling.attempt import Attempt
from sipcheck.verification.calling.numbers import WrittenNumber
from sipcheck.verification.calling.options import CallOptions

NO_ANSWER = "no answer"
_VERDICTS = {
    Outcome.FAILED: CallVerdict.FAILED,
    Outcome.INCONCLUSIVE: CallVerdict.INCONCLUSIVE,
    # The carrier asks for what we have not, or sends us elsewhere: it took no call.
    Outcome.REACHABLE: CallVerdict.REFUSED,
    # It has taken our word for who we are, and said of the call what nothing here is made of.
    Outcome.VERIFIED: CallVerdict.REFUSED,
}


def unreached_call(base: Report, options: CallOptions) -> CallReport:
    """Report a call that could not be made."""
    return _report(base, options, (), (), None)


def call_report(
    base: Report, options: CallOptions, attempts: Sequence[Attempt], left_out: Sequence[WrittenNumber]
) -> CallReport:
    """Report what the last attempt came to; `base` is what a verification says of the same messages."""
    return _report(base, options, attempts, left_out, attempts[-1] if attempts else None)


def _report(
    base: Report,
    options: CallOptions,
    attempts: Sequence[Attempt],
    left_out: Sequence[WrittenNumber],
    last: Attempt | None,
) -> CallReport:
    found = None if last is None else last.verdict
    taken = last is not None and (last.answered_s is not None or last.ringing_s is not None)
    reason, cause, verdict, party = _verdict(base, last, found)
    said = _said(base, last, found, options)
    return CallReport(
        outcome=verdict,
        reason=reason,
        cause=cause,
        party=party,
        credentials=base.credentials,
        summary=render(said[0]),
        advice=render(said[1]),
        number=options.number,
        caller=None if last is None else last.caller,
        sip=CallSip() if last is None else _sip(last),
        timing=CallTiming() if last is None else _timing(last),
        media=CallMedia() if last is None else _media(last),
        format=last.written.format if taken and last is not None else None,
        identity=last.identity if taken and last is not None else None,
        attempts=(*map(_attempt, attempts), *map(_left_out, left_out)),
        target=base.target,
        warnings=(
            # A proof that is answered is a surprise; a call is made to be answered.
            *(
                CallWarning(each.code, each.detail, each.edge)
                for each in base.warnings
                if each.code is not WarningCode.CALL_WAS_ANSWERED
            ),
            *(() if last is None else _warnings(last)),
        ),
        edges=base.edges,
        trace=base.trace,
        retry_at=base.retry_at,
        started_at=base.started_at,
        duration_ms=base.duration_ms,
        sentences=said,
    )


def _verdict(
    base: Report, last: Attempt | None, found: tuple[CallReason, CallCause | None] | None
) -> tuple[Reason | CallReason, Cause | CallCause | None, CallVerdict, Party]:
    if found is not None:
        ruled: CallRuling = call_ruling(*found)
        return *found, ruled.verdict, ruled.party
    reason, cause = _own_reason(base, last)
    of_reason = ruling(reason, cause)
    same = reason is base.reason
    return (
        reason,
        cause,
        _VERDICTS[base.outcome if same else of_reason.outcome],
        base.party if same else of_reason.party,
    )


def _own_reason(base: Report, last: Attempt | None) -> tuple[Reason, Cause | None]:
    """The reason of a verification, but where a call says the same answer otherwise than a proof."""
    status = None if last is None or last.last is None else last.last.status
    if (
        status in (401, 407)
        and base.credentials is CredentialState.NOT_TESTED
        and base.target.username is None
    ):
        return Reason.CREDENTIALS_MISSING, None
    if status is not None and 300 <= status < 400:
        return Reason.SIP_REDIRECTED, _redirection(base, last).cause
    return base.reason, base.cause


def _redirection(base: Report, last: Attempt | None) -> Redirection:
    """Where the last answer sends the call."""
    if last is None or last.last is None:
        return Redirection(None)
    edge = base.edges[0]
    hosts = frozenset((base.target.domain, edge.host, edge.address))
    return read_redirection(last.last, Asked(hosts, edge.port, TransportName(edge.transport)))


def _said(
    base: Report,
    last: Attempt | None,
    found: tuple[CallReason, CallCause | None] | None,
    options: CallOptions,
) -> tuple[Sentence, ...]:
    """The summary and the advice."""
    if last is not None and found is not None:
        return _of_the_call(found, last, options)
    reason, cause = _own_reason(base, last)
    if reason is base.reason or last is None:
        return base.sentences
    edge = base.edges[0]
    where = edge_name(edge.address, edge.port, edge.transport)
    facts = Facts(
        domain=base.target.domain,
        where=where,
        host=edge.host,
        method="INVITE",
        answer=_answer(last),
        contacts=_redirection(base, last).contacts,
    )
    return sentences(reason, cause, facts)


def _of_the_call(
    found: tuple[CallReason, CallCause | None], last: Attempt, options: CallOptions
) -> tuple[Sentence, ...]:
    seen = last.media.seen
    facts = {
        "number": last.written.text,
        "caller": last.caller,
        "answer": _answer(last),
        "seconds": _seconds(last.answered_s),
        "ring": f"{options.ring_seconds:g}",
        "ended": Sentence("call.ended.peer" if last.ended_by_peer else "call.ended.us"),
        "media": _of_the_media(last),
        "listened": _seconds(seen.listened_seconds),
        "codecs": ", ".join(options.codecs),
        "encryption": Sentence("call.media.encrypted" if last.encrypted else "call.media.plain"),
        "our_media": last.media_local,
        "our_address": (last.result.local_address or "").rpartition(":")[0],
    }
    key = ".".join(each for each in ("call", *found) if each is not None)
    return tuple(
        Sentence.of(each, **{name: facts[name] for name in named(each)})
        for each in (f"{key}.summary", f"{key}.advice")
    )


def _of_the_media(last: Attempt) -> Sentence:
    if last.misfit is not None:
        return last.misfit.sentence
    media = last.media
    if media.refused is not None:
        return media.refused.sentence
    if last.rings_only:
        return Sentence("call.media.not-listened")
    return Sentence.of(
        f"call.media.{last.flow}",
        sent=media.sent_packets,
        received=media.received_packets,
        codec=(media.codec or "").upper(),
    )


def _answer(last: Attempt) -> str:
    answer = last.last or last.result
    return answer.answer or NO_ANSWER


def _seconds(seconds: float | None) -> str:
    return f"{seconds or 0.0:.1f}"


def _sip(last: Attempt) -> CallSip:
    answer = last.last
    return CallSip() if answer is None else CallSip(answer.status, answer.phrase, dict(answer.facts))


def _timing(last: Attempt) -> CallTiming:
    return CallTiming(_ms(last.provisional_s), _ms(last.ringing_s), _ms(last.answered_s), _ms(last.ended_s))


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 3)


def _media(last: Attempt) -> CallMedia:
    media = last.media
    return CallMedia(
        codec=media.codec,
        sent_packets=media.sent_packets,
        received_packets=media.received_packets,
        first_packet_ms=_ms(last.first_packet_s),
        lost=media.lost,
        jitter_ms=None if media.jitter_ms is None else round(media.jitter_ms, 3),
        source=str(media.sources[0]) if media.sources else None,
        local=last.media_local,
        remote=None if media.remote is None else str(media.remote),
        direction=last.flow,
        early=media.early_packets,
        echoed=media.echoed_packets,
        other=media.other_packets,
        encrypted=last.encrypted,
        fault=None if last.misfit is None else last.misfit.fault,
    )


def _attempt(attempt: Attempt) -> CallAttempt:
    found = attempt.verdict
    return CallAttempt(
        format=attempt.written.format,
        identity=attempt.identity,
        called=attempt.written.text,
        reason=None if found is None else found[0],
        status=None if attempt.last is None else attempt.last.status,
        detail=_answer(attempt),
    )


def _left_out(written: WrittenNumber) -> CallAttempt:
    return CallAttempt(written.format, "", written.text, None, None, str(written.refusal))


def _warnings(last: Attempt) -> Iterator[CallWarning]:
    media = last.media
    if media.refused is not None:
        yield CallWarning(
            "media-address-forbidden",
            f"Nothing was sent to {media.remote}, which the carrier names for media: {phrase(media.refused.sentence)}.",
        )
    if media.other_packets:
        yield CallWarning(
            "other-codec-sent",
            f"{media.other_packets} packets came by a codec that was not agreed on.",
        )
