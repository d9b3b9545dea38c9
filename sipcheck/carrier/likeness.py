"""A practice carrier that answers as the peer of a report did: with its bytes, its delay and its faults.

Of what a report does not show nothing is made up: a method that was not asked there is answered 480, and says so.
"""

import hmac
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from statistics import median

from sipcheck.auth.authorization import read_authorization
from sipcheck.auth.digest import Algorithm, digest
from sipcheck.carrier.delivery import Delivery
from sipcheck.carrier.distortion import distort
from sipcheck.carrier.faults import Fault
from sipcheck.carrier.listening import CarrierUnusable
from sipcheck.carrier.recent import Recent
from sipcheck.carrier.recorded import RecordedRequest, read_requests
from sipcheck.carrier.registrar import RegistrarVerdict
from sipcheck.carrier.rewriting import rewrite, without_server_proof
from sipcheck.carrier.sighting import Sighting
from sipcheck.errors import ParseError
from sipcheck.message.builder import build_response
from sipcheck.message.message import Request
from sipcheck.message.start_line import StatusLine, parse_start_line
from sipcheck.reasons import Cause, Reason, WarningCode
from sipcheck.report.model import Certificate, EdgeReport, Report
from sipcheck.target import HostPort, TransportName, edge_name

_SHORT_MS = 200  # a delay below this is the network's, not the peer's
_LONGEST_SECONDS = 30.0
_CREDENTIALS = ("Authorization", "Proxy-Authorization")

_TLS_FAULTS: Mapping[Reason, Fault] = {
    Reason.TLS_EXPIRED: Fault.EXPIRED_CERTIFICATE,
    Reason.TLS_NOT_YET_VALID: Fault.NOT_YET_VALID_CERTIFICATE,
    Reason.TLS_SELF_SIGNED: Fault.SELF_SIGNED_CERTIFICATE,
    Reason.TLS_UNTRUSTED: Fault.UNTRUSTED_CERTIFICATE,
    Reason.TLS_CLIENT_CERTIFICATE_REQUIRED: Fault.CLIENT_CERTIFICATE,
    Reason.TLS_NOT_SPOKEN: Fault.TLS_NOT_SPOKEN,
    Reason.TLS_HANDSHAKE_FAILED: Fault.HANDSHAKE_CLOSED,
    Reason.TLS_VERSION_UNSUPPORTED: Fault.OLD_TLS,
}
_TLS_WARNINGS: Mapping[WarningCode, Fault] = {
    WarningCode.TLS_WILDCARD_NAME: Fault.WILDCARD_CERTIFICATE,
    WarningCode.TLS_COMMON_NAME_ONLY: Fault.COMMON_NAME_ONLY_CERTIFICATE,
    WarningCode.CERTIFICATE_EXPIRES_SOON: Fault.EXPIRING_CERTIFICATE,
}


class NoLikeness(CarrierUnusable):
    """The report shows nothing that a carrier did."""


@dataclass(eq=False)
class Likeness:
    """Answers as the deciding edge of a report did; `password` is the right one, None takes any.

    With a password a wrong one is asked for again, as the peer asked first. Raises NoLikeness.
    """

    report: Report = field(repr=False)
    password: str | None = field(default=None, repr=False)
    _places: Recent[tuple[str, str], int] = field(default_factory=Recent)
    _answered: Recent[tuple[str, ...], RegistrarVerdict] = field(default_factory=Recent)

    def __post_init__(self) -> None:
        self.edge = _deciding_edge(self.report)
        name = edge_name(self.edge.address, self.edge.port, self.edge.transport)
        steps = [step for step in self.report.trace if step.edge == name]
        recorded = read_requests(steps)
        self.faults = frozenset(_faults(self.report, self.edge))
        if not recorded and not self.faults:
            raise NoLikeness(
                f"The report cannot be played: its reason is {self.report.reason}, and no request of it reached "
                "a carrier."
            )
        self.delivery = self._deliver(recorded, name)
        self._by_method: dict[str, list[RecordedRequest]] = {}
        for each in recorded:
            self._by_method.setdefault(each.request.method, []).append(each)
        proof_is_wrong = any(warning.code is WarningCode.RSPAUTH_WRONG for warning in self.report.warnings)
        for each in recorded:
            if not proof_is_wrong:
                each.answers = [without_server_proof(answer) for answer in each.answers]

    def _deliver(self, recorded: Collection[RecordedRequest], name: str) -> Delivery:
        delays = [each.first_after_ms for each in recorded if each.first_after_ms is not None]
        delay_ms = median(delays) if delays else 0.0
        ours = f"{HostPort(self.edge.address, self.edge.port)}"
        sources = {
            step.source for step in self.report.trace if step.edge == name and step.direction == "received"
        }
        return Delivery(
            delay_seconds=min(delay_ms / 1000, _LONGEST_SECONDS) if delay_ms > _SHORT_MS else 0.0,
            from_elsewhere=bool(sources) and ours not in sources,
            close=self.edge.transport != TransportName.UDP
            and self.edge.reason is Reason.CONNECTION_RESET
            and not delays,
        )

    def answer(self, request: Request, source: HostPort, transport: TransportName) -> RegistrarVerdict:
        """Answer a request; one that is sent again gets the same bytes (§17.2.2)."""
        via = request.vias[0]
        key = (
            via.branch or "",
            str(HostPort(via.host, via.port)),
            request.call_id,
            str(request.cseq),
            str(source),
        )
        earlier = self._answered.get(key)
        if earlier is not None:
            return replace(earlier, sighting=replace(earlier.sighting, repeated=True))
        replies = tuple(self._replies(request, source))
        sighting = Sighting(
            method=request.method,
            source=source,
            transport=transport,
            authorized=_given(request) is not None,
            status=_status(replies),
        )
        verdict = RegistrarVerdict(replies, sighting)
        self._answered.remember(key, verdict)
        return verdict

    def _replies(self, request: Request, source: HostPort) -> list[bytes]:
        if request.method == "ACK":
            return []
        if Fault.NOT_SIP in self.faults:
            return [distort(self._not_shown(request, source), self.faults)]
        shown = self._counterpart(request)
        if shown is None:
            return [self._not_shown(request, source)]
        return [rewrite(answer, shown.request, shown.source, request, source) for answer in shown.answers]

    def _counterpart(self, request: Request) -> RecordedRequest | None:
        """The request of the report that stands where this one does in its own exchange; None where none does."""
        recorded = self._by_method.get(request.method, [])
        if not recorded or _given(request) is None:
            return next(iter(recorded), None)
        answering = [each for each in recorded if _given(each.request) is not None]
        if not answering:
            return None  # whether the peer would have taken any password is not known
        dialog = (request.method, request.call_id)
        place = self._places.get(dialog) or 0
        self._places.remember(dialog, place + 1)
        shown = answering[min(place, len(answering) - 1)]
        return shown if _challenges(shown) or self._is_right(request) else recorded[0]

    def _is_right(self, request: Request) -> bool:
        given = _given(request)
        return self.password is None or (given is not None and _proves(given, self.password, request))

    def _not_shown(self, request: Request, source: HostPort) -> bytes:
        return build_response(
            request, status=480, phrase="Not In The Report", to_tag="likeness", source=source, headers=()
        )


def _deciding_edge(report: Report) -> EdgeReport:
    probed = [edge for edge in report.edges if edge.outcome is not None]
    deciding = [edge for edge in probed if edge.reason is report.reason]
    for edge in (*deciding, *probed):
        return edge
    raise NoLikeness(f"The report cannot be played: its reason is {report.reason}, and no server was asked.")


def _faults(report: Report, edge: EdgeReport) -> set[Fault]:
    """What the trace has no bytes of: the handshake of TLS, and what is not SIP."""
    found = {
        fault
        for code, fault in _TLS_WARNINGS.items()
        if any(warning.code is code for warning in report.warnings)
    }
    reason = edge.reason
    if reason is not None and reason in _TLS_FAULTS:
        found.add(_TLS_FAULTS[reason])
    if reason is Reason.TLS_NAME_MISMATCH and edge.certificate is not None:
        found.add(_wrong_name(edge.certificate))
    if reason is Reason.SIP_NOT_SPOKEN and report.cause is not Cause.TLS_SPOKEN:
        found.add(Fault.NOT_SIP)
    return found


def _wrong_name(certificate: Certificate) -> Fault:
    if not certificate.names:
        return Fault.COMMON_NAME_ONLY_CERTIFICATE
    wildcard = any(name.startswith("*.") for name in certificate.names)
    return Fault.WILDCARD_CERTIFICATE if wildcard else Fault.WRONG_NAME_CERTIFICATE


def _given(request: Request) -> str | None:
    return next(filter(None, (request.headers.get(name) for name in _CREDENTIALS)), None)


def _challenges(recorded: RecordedRequest) -> bool:
    return _status(recorded.answers) in (401, 407)


def _status(answers: Collection[bytes]) -> int | None:
    """The first answer's code; null where there is none, or what is none of SIP's."""
    first = next(iter(answers), b"").partition(b"\n")[0].decode("utf-8", "replace")
    with suppress(ParseError):
        line = parse_start_line(first.strip())
        return line.status if isinstance(line, StatusLine) else None
    return None


def _proves(value: str, password: str, request: Request) -> bool:
    """Whether a digest is made with the password; its nonce is not judged, since the report's are used again."""
    try:
        given = read_authorization(value)
        algorithm = Algorithm(given.get("algorithm", Algorithm.MD5))
    except ValueError:
        return False
    expected = digest(
        algorithm=algorithm,
        username=given.get("username", ""),
        realm=given.get("realm", ""),
        password=password,
        nonce=given.get("nonce", ""),
        method=request.method,
        uri=request.uri,
        qop=given.get("qop"),
        cnonce=given.get("cnonce", ""),
        nonce_count=given.get("nc", ""),
        body=request.body,
    )
    return hmac.compare_digest(
        expected.encode(), given.get("response", "").encode("utf-8", "surrogateescape")
    )
