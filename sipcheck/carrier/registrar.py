"""The practice carrier's mind: a request in, its answers out (RFC 3261 §10.3, §11.2, §22). No I/O, no clock."""

import hmac
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sipcheck.auth.authorization import read_authorization
from sipcheck.auth.digest import Algorithm, digest
from sipcheck.carrier.answer import (
    METHODS,
    OK,
    SILENCE,
    TAKEN,
    CarrierAnswer,
    allow,
    authenticated,
    unchallenged,
)
from sipcheck.carrier.bindings import Bindings
from sipcheck.carrier.challenge import challenge_form
from sipcheck.carrier.distortion import distort
from sipcheck.carrier.faults import Fault
from sipcheck.carrier.recent import Recent
from sipcheck.carrier.sighting import Sighting
from sipcheck.message.builder import build_response
from sipcheck.message.message import Request
from sipcheck.target import HostPort, TransportName

SERVER = "practice-carrier"
REWRITTEN_ADDRESS = "203.0.113.7"  # documentation, RFC 5737: nobody's

_WRONG_RSPAUTH = ("Authentication-Info", f'rspauth="{"0" * 32}"')


@dataclass(frozen=True, slots=True)
class RegistrarVerdict:
    """What becomes of a request: the datagrams or messages to send, and what is noted of it.

    A `taken` one is a call whose password is proven: what is said to it is another's.
    """

    replies: tuple[bytes, ...]
    sighting: Sighting
    taken: bool = False


@dataclass(eq=False, repr=False, kw_only=True)
class Registrar:
    """Answers OPTIONS and REGISTER for `users` (name to password), with faults.

    `new_token` gives a fresh unguessable token at every call, for nonces and tags. With INVITE among the `methods`
    it asks for the password of calls, too.
    """

    users: Mapping[str, str]
    realm: str
    faults: Collection[Fault]
    new_token: Callable[[], str]
    methods: Sequence[str] = METHODS
    bindings: Bindings = field(default_factory=Bindings)
    _nonces: Recent[str, bool] = field(default_factory=Recent)
    _renewed: Recent[str, bool] = field(default_factory=Recent)
    _answered: Recent[tuple[str, ...], RegistrarVerdict] = field(default_factory=Recent)

    def __post_init__(self) -> None:
        self._form = challenge_form(self.realm, self.faults)

    def answer(self, request: Request, source: HostPort, transport: TransportName) -> RegistrarVerdict:
        """Answer a request; one that is sent again gets the same bytes (§17.2.2)."""
        key = (*_identity(request), str(source), transport)
        earlier = self._answered.get(key)
        if earlier is not None:
            return replace(earlier, sighting=replace(earlier.sighting, repeated=True))
        answer = self._decide(request)
        sighting = Sighting(
            method=request.method,
            source=source,
            transport=transport,
            authorized=self._form.answer_name in request.headers,
            status=answer.status,
        )
        verdict = RegistrarVerdict(self._write(answer, request, source), sighting, taken=answer is TAKEN)
        self._answered.remember(key, verdict)
        return verdict

    def _decide(self, request: Request) -> CarrierAnswer:
        if request.method == "ACK":  # nothing ever answers one (§17.1.1.3)
            return SILENCE
        if request.method not in self.methods:
            return CarrierAnswer(405, "Method Not Allowed", (allow(self.methods),))
        answer = unchallenged(self.faults, request.method)
        if answer is None:
            answer = self._refuse(request) or authenticated(self.faults, request.method)
        if answer is not OK:
            return answer
        if request.method == "INVITE":
            return TAKEN
        accepted = self._capabilities() if request.method == "OPTIONS" else self._register(request)
        if Fault.WRONG_RSPAUTH in self.faults and self._form.answer_name in request.headers:
            accepted = replace(accepted, headers=(*accepted.headers, _WRONG_RSPAUTH))
        return accepted

    def _capabilities(self) -> CarrierAnswer:
        return replace(OK, headers=(allow(self.methods), ("Accept", "application/sdp")))

    def _register(self, request: Request) -> CarrierAnswer:
        try:
            contacts = self.bindings.register(request)
        except ValueError:
            return CarrierAnswer(400, "Bad Request")
        return replace(OK, headers=tuple(("Contact", contact) for contact in contacts))

    def _refuse(self, request: Request) -> CarrierAnswer | None:
        """Challenge a request whose credentials are missing or wrong, or whose nonce is to count as stale."""
        nonce = self._proven_nonce(request)
        if nonce is None:
            return self._challenge()
        if Fault.STALE_LOOP in self.faults:
            return self._challenge(stale=True)
        if Fault.STALE in self.faults and request.call_id not in self._renewed:
            self._renewed.remember(request.call_id, True)
            return self._challenge(stale=True)
        return None

    def _challenge(self, *, stale: bool = False) -> CarrierAnswer:
        nonce = self.new_token()
        self._nonces.remember(nonce, True)
        return self._form.answer(nonce, stale=stale)

    def _proven_nonce(self, request: Request) -> str | None:
        """The nonce of ours that was answered with the right password, if one was."""
        try:
            given = read_authorization(request.headers.get(self._form.answer_name) or "")
            algorithm = Algorithm(given.get("algorithm", Algorithm.MD5))
        except ValueError:
            return None
        password = self.users.get(_unescaped(given.get("username", "")))
        nonce = given.get("nonce", "")
        as_offered = (
            given.get("realm") == self._form.realm
            and algorithm in self._form.algorithms
            and given.get("qop") == self._form.qop
            and given.get("uri") == request.uri
            and nonce in self._nonces
        )
        if password is None or not as_offered or Fault.WRONG_PASSWORD in self.faults:
            return None
        expected = digest(
            algorithm=algorithm,
            username=_unescaped(given["username"]),
            realm=self._form.realm,
            password=password,
            nonce=nonce,
            method=request.method,
            uri=request.uri,
            qop=self._form.qop,
            cnonce=given.get("cnonce", ""),
            nonce_count=given.get("nc", ""),
            body=request.body,
        )
        response = given.get("response", "").encode("utf-8", "surrogateescape")
        return nonce if hmac.compare_digest(expected.encode(), response) else None

    def _write(self, answer: CarrierAnswer, request: Request, source: HostPort) -> tuple[bytes, ...]:
        if answer.status is None:
            return ()
        # A 100 makes no dialog (§8.2.6.2).
        return (self.write(request, answer, source, self.new_token() if answer.status > 100 else None),)

    def write(
        self, request: Request, answer: CarrierAnswer, source: HostPort, to_tag: str | None, body: bytes = b""
    ) -> bytes:
        """Write an answer with a status, as the faults have it."""
        seen_as = HostPort(REWRITTEN_ADDRESS, source.port) if Fault.NAT_REWRITE in self.faults else source
        data = build_response(
            request,
            status=answer.status or 500,
            phrase=answer.phrase,
            to_tag=to_tag,
            source=seen_as,
            headers=(*answer.headers, ("Server", SERVER)),
            body=body,
        )
        return distort(data, self.faults)


def _identity(request: Request) -> tuple[str, ...]:
    """What a request sent again has in common with the first (§17.2.3)."""
    via = request.vias[0]
    return (via.branch or "", str(HostPort(via.host, via.port)), request.call_id, str(request.cseq))


def _unescaped(text: str) -> str:
    return text.replace('\\"', '"').replace("\\\\", "\\")
