"""The report of one test call: what docs/design/command-line.md promises, as frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sipcheck.phrases.sentence import Sentence
from sipcheck.reasons import (
    CallCause,
    CallReason,
    CallVerdict,
    Cause,
    CredentialState,
    Party,
    Reason,
    WarningCode,
)
from sipcheck.report.model import EdgeReport, TargetFacts, TraceStep


@dataclass(frozen=True, slots=True)
class CallSip:
    """The last answer to the INVITE; null where there was none. `facts` are its telling headers."""

    status: int | None = None
    phrase: str | None = None
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CallTiming:
    """Milliseconds from the first INVITE of the attempt that decided; null for what did not come about.

    `ringing_ms` is the post-dial delay: when it rang (180 to 189) or its sound came before the answer (183).
    """

    provisional_ms: float | None = None
    ringing_ms: float | None = None
    answered_ms: float | None = None
    ended_ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallMedia:
    """What was sent and counted; `source` is whence most of it came, `remote` where ours went to.

    `direction` says only what was seen: both, in-unconfirmed, in-only, out-only or none. `early` is how many packets
    came before the answer, `echoed` how many were ours, come back; `other` could not be used: of another codec, or not
    by the key that was agreed on. `fault` says why none could be agreed on.
    """

    codec: str | None = None
    sent_packets: int = 0
    received_packets: int = 0
    first_packet_ms: float | None = None
    lost: int = 0
    jitter_ms: float | None = None
    source: str | None = None
    local: str | None = None
    remote: str | None = None
    direction: str = "none"
    early: int = 0
    echoed: int = 0
    other: int = 0
    encrypted: bool = False
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class CallAttempt:
    """One way in which the number and the caller were written, and what came of it; null where it was not sent."""

    format: str
    identity: str
    called: str
    reason: Reason | CallReason | None
    status: int | None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class CallWarning:
    """Worth knowing, never a verdict: a verification's code, or `media-address-forbidden`, or `other-codec-sent`."""

    code: WarningCode | str
    detail: str
    edge: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallReport:
    """`summary` and `advice` are in English; `format` and `identity` are those that were taken, null for none."""

    outcome: CallVerdict
    reason: Reason | CallReason
    cause: Cause | CallCause | None
    party: Party
    credentials: CredentialState
    summary: str
    advice: str
    number: str
    caller: str | None
    sip: CallSip
    timing: CallTiming
    media: CallMedia
    format: str | None
    identity: str | None
    attempts: tuple[CallAttempt, ...]
    target: TargetFacts
    warnings: tuple[CallWarning, ...]
    edges: tuple[EdgeReport, ...]
    trace: tuple[TraceStep, ...]
    retry_at: datetime | None
    started_at: datetime
    duration_ms: float
    sentences: tuple[Sentence, ...] = ()
