"""One attempt of a test call at one edge: what was asked, and what was seen of it."""

from dataclasses import dataclass

from sipcheck.diagnosis.call_rules import CallWords, refusal
from sipcheck.diagnosis.evidence import ExchangeResult
from sipcheck.media.answer import MediaFault, MediaMisfit
from sipcheck.media.outcome import MediaFlow, MediaVerdict, flow, media_verdict
from sipcheck.media.stream import MediaCount
from sipcheck.reasons import CallCause, CallReason
from sipcheck.verification.calling.numbers import WrittenNumber
from sipcheck.verification.calling.options import CallIdentity

_ANOTHER_FORM = frozenset({404, 410, 484, 604})
_BY_FAULT = {
    MediaFault.NO_CODEC: CallReason.CODEC_REFUSED,
    MediaFault.AUDIO_REFUSED: CallReason.CODEC_REFUSED,
    MediaFault.ENCRYPTION_WANTED: CallReason.ENCRYPTION_REQUIRED,
    MediaFault.ENCRYPTION_REFUSED: CallReason.ENCRYPTION_REFUSED,
}
_BY_MEDIA = {
    MediaVerdict.FINE: (CallReason.CALL_ANSWERED, None),
    MediaVerdict.UNJUDGED: (CallReason.CALL_ANSWERED, None),
    MediaVerdict.SILENT: (CallReason.MEDIA_SILENT, None),
    MediaVerdict.OUR_NAT: (CallReason.MEDIA_SILENT, CallCause.OUR_NAT),
    MediaVerdict.ONE_WAY: (CallReason.MEDIA_ONE_WAY, None),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """`result` is what the INVITE came to as a proof, `last` its final answer where there was one.

    Moments are seconds from its INVITE; `rings_only` says that it was to end as soon as it rang, `given_up` that we
    ended it before it was taken.
    """

    written: WrittenNumber
    identity: CallIdentity
    caller: str
    result: ExchangeResult
    last: ExchangeResult | None
    media: MediaCount
    media_local: str
    misfit: MediaMisfit | None = None
    encrypted: bool = False
    rings_only: bool = False
    provisional_s: float | None = None
    ringing_s: float | None = None
    answered_s: float | None = None
    ended_s: float | None = None
    first_packet_s: float | None = None
    ended_by_peer: bool = False
    given_up: bool = False

    @property
    def verdict(self) -> tuple[CallReason, CallCause | None] | None:
        """What it comes to as a call; None where only the reason of a verification says it."""
        if self.answered_s is not None:
            return self._answered()
        refused = None if self.last is None or self._taken_back else self._refused(self.last)
        if refused is not None:
            return refused, None
        if self.ringing_s is not None:
            return CallReason.CALL_RANG, None
        return (CallReason.CALL_NO_PROGRESS, None) if self._taken_back else None

    @property
    def flow(self) -> MediaFlow:
        return flow(self.media.seen) if self.answered_s is not None else MediaFlow.NONE

    @property
    def wants_another_form(self) -> bool:
        """Whether it was refused for its number, and for nothing else."""
        return self.last is not None and self.last.status in _ANOTHER_FORM and self.ringing_s is None

    @property
    def wants_another_identity(self) -> bool:
        """Whether it was forbidden behind the password, and the caller may be why."""
        last = self.last
        return last is not None and last.status in (403, 433) and self.result.credentials_sent

    @property
    def _taken_back(self) -> bool:
        """487 answers our own CANCEL, and says nothing of the call."""
        return self.given_up and self.last is not None and self.last.status == 487

    def _answered(self) -> tuple[CallReason, CallCause | None]:
        if self.misfit is not None:
            return _BY_FAULT.get(self.misfit.fault, CallReason.MEDIA_UNUSABLE), None
        if self.rings_only:
            return CallReason.CALL_ANSWERED, None
        if self.media.refused is not None and not self.media.received_packets:
            return CallReason.MEDIA_UNUSABLE, CallCause.OWN_GUARD
        return _BY_MEDIA[media_verdict(self.media.seen)]

    def _refused(self, last: ExchangeResult) -> CallReason | None:
        words = CallWords(
            status=last.status or 0, phrase=last.phrase, facts=last.facts, encrypted=self.encrypted
        )
        return refusal(words)
