"""The report of one verification: what docs/design/command-line.md promises, as frozen values."""

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sipcheck.phrases.sentence import Sentence
from sipcheck.reasons import Cause, CredentialState, Outcome, Party, Reason, WarningCode


class CheckName(StrEnum):
    TARGET = "target"
    DNS = "dns"
    ADDRESS = "address"
    TRANSPORT = "transport"
    TLS = "tls"
    SIP = "sip"
    AUTH = "auth"


class CheckState(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


class Direction(StrEnum):
    SENT = "sent"
    RECEIVED = "received"
    EVENT = "event"


@dataclass(frozen=True, slots=True)
class TargetFacts:
    domain: str
    port: int | None
    transport: str | None
    username: str | None
    outbound_proxy: str | None


@dataclass(frozen=True, slots=True)
class Check:
    """One axis of the verification; `code` is a reason or a warning code, null when ok or skipped.

    `detail` is the `sentences`, worded in English.
    """

    name: CheckName
    state: CheckState
    code: str | None
    detail: str
    ms: float | None
    sentences: tuple[Sentence, ...] = ()


@dataclass(frozen=True, slots=True)
class ReportWarning:
    """`detail` is the `sentences`, worded in English."""

    code: WarningCode
    detail: str
    edge: str | None
    sentences: tuple[Sentence, ...] = ()


@dataclass(frozen=True, slots=True)
class Certificate:
    """The facts of the certificate an edge presented; `error` says why it was refused."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    not_after: datetime
    days_left: int
    tls_version: str | None
    cipher: str | None
    verified: bool
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeReport:
    """What one address came to; `outcome` is null for an address that was not probed, `knocks` its share of the run's.

    `facts` are the telling headers of the answer that decided, by their canonical names, in the order found.
    """

    host: str
    address: str
    port: int
    transport: str
    priority: int | None
    weight: int | None
    outcome: Outcome | None
    reason: Reason | None
    sip_status: int | None
    sip_reason: str | None
    server: str | None
    rtt_ms: float | None
    retransmissions: int
    retry_after_seconds: int | None
    facts: Mapping[str, str] = field(default_factory=dict)
    defects: tuple[str, ...]
    local_address: str | None
    received_address: str | None
    certificate: Certificate | None
    knocks: int = 0


@dataclass(frozen=True, slots=True)
class TraceStep:
    """One line of the ladder, redacted when it was recorded; `at_ms` has three decimals, which are microseconds.

    `source` and `destination` are the endpoints of a message, `address:port`; null for an event. `text` is fit to be
    shown. `octets` is the message's own bytes in Base64, redacted, where `text` with its line ends as CRLF would not
    give them back; `cut_bytes` is how many of its last bytes neither has.
    """

    at_ms: float
    edge: str | None
    direction: Direction
    text: str
    source: str | None = None
    destination: str | None = None
    octets: str | None = None
    cut_bytes: int = 0

    @property
    def message(self) -> bytes:
        """The bytes that were sent or received, redacted, and cut where `cut_bytes` says so; empty for an event."""
        if self.direction is Direction.EVENT:
            return b""
        if self.octets is not None:
            return b64decode(self.octets)
        return self.text.replace("\n", "\r\n").encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """`summary` and `advice` are the `sentences`, rendered in English.

    `knocks` counts the requests that a peer's guard may hold against us (docs/design/sip.md, "Who speaks, and to
    whom").
    """

    outcome: Outcome
    reason: Reason
    cause: Cause | None = None
    party: Party
    credentials: CredentialState
    summary: str
    advice: str
    retry_at: datetime | None
    target: TargetFacts
    checks: tuple[Check, ...]
    warnings: tuple[ReportWarning, ...]
    edges: tuple[EdgeReport, ...]
    trace: tuple[TraceStep, ...]
    knocks: int = 0
    started_at: datetime
    duration_ms: float
    sentences: tuple[Sentence, ...] = ()

    @property
    def verified(self) -> bool:
        """Whether the outcome is `verified`."""
        return self.outcome is Outcome.VERIFIED
