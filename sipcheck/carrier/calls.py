"""The calls of a practice carrier: they ring, are answered, let something be heard, and end."""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from ipaddress import ip_network

from sipcheck.carrier.answer import OK, CarrierAnswer
from sipcheck.carrier.behaviours import PLANS, CallBehaviour, NumberForm
from sipcheck.carrier.datagrams import Send
from sipcheck.carrier.invite_transaction import Action, InviteServerTransaction, State
from sipcheck.errors import TransportFailed, Unreadable
from sipcheck.guard import Guard
from sipcheck.media.answer import AgreedMedia, MediaFault, MediaMisfit, agree
from sipcheck.media.codec import DEFAULT_CODECS
from sipcheck.media.encryption import SrtpKey, new_key
from sipcheck.media.offer import CONTENT_TYPE, ENCRYPTED, PLAIN, write_session
from sipcheck.media.session_description import MediaDirection
from sipcheck.media.sockets import bind_media
from sipcheck.media.srtp import srtp_available
from sipcheck.media.stream import MediaStream, Voice
from sipcheck.message.builder import BRANCH_COOKIE, build_request
from sipcheck.message.message import Request, Response
from sipcheck.message.name_addr import NameAddr
from sipcheck.message.uri import SipUri
from sipcheck.phrases.words import phrase
from sipcheck.target import HostPort, TransportName

# Writes an answer to a request from there, with the To tag, and a body of SDP.
WriteResponse = Callable[[Request, CarrierAnswer, HostPort, str | None, bytes], bytes]

_LONGEST_SECONDS = 60.0
_LONGEST_RINGING_SECONDS = 180.0
_MOST_CALLS = 100
_BYE_TIMES_SECONDS = (0.5, 1.5, 3.5, 7.5)
_LOOPBACK = Guard(
    allow_networks=(ip_network("127.0.0.0/8"), ip_network("::1/128")), allow_ports=frozenset(range(1, 65536))
)

_NO_SUCH_CALL = CarrierAnswer(481, "Call/Transaction Does Not Exist")
_CANCELLED = CarrierAnswer(487, "Request Terminated")
_NOT_FOUND = CarrierAnswer(404, "Not Found")
_UNANSWERED = CarrierAnswer(480, "Temporarily Unavailable")
_UNCHANGED = CarrierAnswer(488, "Not Acceptable Here")
_FULL = CarrierAnswer(486, "Busy Here")


@dataclass(frozen=True, slots=True)
class CallEnd:
    """What a call came to, for whoever watches."""

    number: str
    how: str
    seconds: float | None
    received_packets: int = 0
    sent_packets: int = 0

    def __str__(self) -> str:
        if self.seconds is None:
            return f"The call to {self.number} {self.how}."
        heard = f"{self.received_packets} packets of sound came, and {self.sent_packets} were sent"
        return f"The call to {self.number} {self.how} after {self.seconds:.1f} s: {heard}."


@dataclass(eq=False, kw_only=True)
class CallDesk:
    """Takes the calls whose password is proven; `contact` is where requests of a call go to, by transport.

    `on_end` is told of each that has ended.
    """

    host: str
    behaviour: CallBehaviour
    form: NumberForm | None
    write: WriteResponse
    contact: Callable[[TransportName], HostPort]
    on_end: Callable[[CallEnd], None]
    _calls: dict[str, "PracticeCall"] = field(default_factory=dict)

    def invite(self, request: Request, source: HostPort, transport: TransportName, send: Send) -> int | None:
        """Take a call, or refuse it, and give the status that was said at once."""
        earlier = self._calls.get(request.call_id)
        if earlier is not None and not earlier.over:
            earlier.again()
            return None
        call = PracticeCall(desk=self, request=request, source=source, transport=transport, send=send)
        self._calls[request.call_id] = call
        return call.begin(_FULL if len(self._calls) > _MOST_CALLS else self._refusal(request))

    def take(self, request: Request) -> CarrierAnswer | None:
        """Take a further request of a call; None where nothing answers it."""
        call = self._calls.get(request.call_id)
        if request.method == "ACK":
            if call is not None:
                call.acknowledged()
            return None
        if call is None or call.over:
            return _NO_SUCH_CALL
        if request.method == "CANCEL":
            return call.cancel(request)
        if request.method == "INVITE":
            # Nothing of a call that is up can be changed: what was agreed stays (RFC 3261 §14.2).
            return _UNCHANGED
        call.end("was hung up by the caller", bye=False)
        return OK

    def take_response(self, response: Response) -> None:
        """Take the answer to a BYE of ours."""
        call = self._calls.get(response.call_id)
        if call is not None and response.cseq.method == "BYE" and response.status >= 200:
            call.parted()

    def forget(self, call: "PracticeCall") -> None:
        """Let go of a call for which nothing more can come."""
        if self._calls.get(call.request.call_id) is call:
            del self._calls[call.request.call_id]

    def close(self) -> None:
        """Hang up every call, and wait for nobody."""
        for call in tuple(self._calls.values()):
            call.end("was ended with the carrier", bye=True)
            call.parted()
            self.forget(call)

    def _refusal(self, request: Request) -> CarrierAnswer | None:
        refusal = PLANS[self.behaviour].refusal
        if refusal is None and self.form is not None and not self.form.takes(called_number(request)):
            return _NOT_FOUND
        return refusal


@dataclass(eq=False, kw_only=True)
class PracticeCall:
    """One call, from its INVITE to its end."""

    desk: CallDesk
    request: Request
    source: HostPort
    transport: TransportName
    send: Send
    over: bool = False
    _tag: str = field(default_factory=lambda: secrets.token_hex(8))
    _last: bytes = b""
    _up_since: float | None = None
    _stream: MediaStream | None = None
    _agreed: AgreedMedia | None = None
    _key: SrtpKey | None = field(default=None, repr=False)
    _timers: list[asyncio.TimerHandle] = field(default_factory=list)
    _byes: list[asyncio.TimerHandle] = field(default_factory=list)
    _transaction_timer: asyncio.TimerHandle | None = None

    def __post_init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transaction = InviteServerTransaction(reliable=self.transport.reliable)
        self._plan = PLANS[self.desk.behaviour]

    def begin(self, refusal: CarrierAnswer | None) -> int | None:
        """Refuse, or ring; whose media does not fit is refused, too. Gives the status."""
        refusal = refusal or self._prepare_media()
        if refusal is not None:
            self._refuse(refusal, f"was refused with {refusal.status}")
            return refusal.status
        if self._plan.early:
            self._say(CarrierAnswer(183, "Session Progress"), self._session())
            self._speak(Voice.TONE)
        else:
            self._say(CarrierAnswer(180, "Ringing"))
        if self._plan.answered_after_seconds is None:
            self._later(_LONGEST_RINGING_SECONDS, self._refuse, _UNANSWERED, "rang, and nobody took it")
        else:
            self._later(self._plan.answered_after_seconds, self._answer)
        return 183 if self._plan.early else 180

    def again(self) -> None:
        """Take the INVITE once more."""
        if Action.SEND_AGAIN in self._transaction.on_invite():
            self.send(self._last)

    def acknowledged(self) -> None:
        """Take an ACK."""
        accepted = self._transaction.state is State.ACCEPTED
        actions = self._transaction.on_ack(self._loop.time())
        self._schedule_transaction()
        if Action.ACKNOWLEDGED in actions and accepted:
            self._speak(self._plan.voice)
            if self._plan.hung_up_after_seconds is not None:
                self._later(
                    self._plan.hung_up_after_seconds,
                    partial(self.end, "was hung up by the carrier", bye=True),
                )

    def cancel(self, request: Request) -> CarrierAnswer:
        """Take a CANCEL: of use only to an INVITE that has no final answer yet (RFC 3261 §9.2)."""
        if request.vias[0].branch != self.request.vias[0].branch:
            return _NO_SUCH_CALL
        if self._transaction.state is State.PROCEEDING:
            # Behind the 200 to the CANCEL itself.
            self._loop.call_soon(self._refuse, _CANCELLED, "was given up by the caller")
        return OK

    def end(self, how: str, *, bye: bool) -> None:
        """End the call: say so by BYE, or take that the other side has."""
        if self.over:
            return
        self.over = True
        self._cancel(self._timers)
        count = None
        if self._stream is not None:
            self._stream.close()
            count = self._stream.count()
        if bye and self._up_since is not None:
            self._part()
        elif bye:
            self._say(_CANCELLED)
        seconds = None if self._up_since is None else self._loop.time() - self._up_since
        received, sent = (count.received_packets, count.sent_packets) if count is not None else (0, 0)
        self.desk.on_end(CallEnd(called_number(self.request), how, seconds, received, sent))
        if not self._byes:
            self._later(_BYE_TIMES_SECONDS[-1], self.desk.forget, self)

    def parted(self) -> None:
        """Take the answer to our BYE: it is sent no more."""
        self._cancel(self._byes)
        self._cancel(self._timers)
        if self._transaction_timer is not None:
            self._transaction_timer.cancel()

    def _answer(self) -> None:
        self._say(OK, self._session())
        self._transaction.answer(200, self._loop.time())
        self._up_since = self._loop.time()
        self._schedule_transaction()
        self._later(
            _LONGEST_SECONDS, partial(self.end, "was ended by the carrier, as the longest allowed", bye=True)
        )

    def _refuse(self, refusal: CarrierAnswer, how: str) -> None:
        if self.over or self._transaction.state is not State.PROCEEDING:
            return
        self._say(refusal)
        self._transaction.answer(refusal.status or 500, self._loop.time())
        self._schedule_transaction()
        self.end(how, bye=False)

    def _prepare_media(self) -> CarrierAnswer | None:
        """Agree on media with the caller alone; a refusal says what does not fit (RFC 3261 §21.4.26)."""
        agreed = self._agree(None)
        if (
            isinstance(agreed, MediaMisfit)
            and agreed.fault is MediaFault.ENCRYPTION_WANTED
            and srtp_available()
        ):
            self._key = new_key()
            agreed = self._agree(self._key)
        if isinstance(agreed, MediaMisfit):
            return _unfit(phrase(agreed.sentence))
        if agreed.remote.host != self.source.host and not agreed.held:
            return _unfit("a practice carrier sends sound to nobody but the caller")
        try:
            sockets = bind_media(self.desk.host)
        except TransportFailed:
            return CarrierAnswer(500, "No Ports For Media")
        self._agreed = agreed
        self._stream = MediaStream(sockets=sockets, guard=_LOOPBACK, voice=self._plan.voice, key=self._key)
        self._stream.open()
        return None

    def _agree(self, key: SrtpKey | None) -> AgreedMedia | MediaMisfit:
        return agree(self.request.body, local_address=self.desk.host, codecs=DEFAULT_CODECS, key=key)

    def _session(self) -> bytes:
        if self._stream is None or self._agreed is None:
            return b""
        agreed = self._agreed
        back = {(True, True): MediaDirection.SENDRECV, (True, False): MediaDirection.SENDONLY}
        return write_session(
            media=self._stream.sockets.local,
            session_id=id(self) % 10**9,
            protocol=PLAIN if self._key is None else ENCRYPTED,
            key=self._key,
            codecs=[agreed.codec],
            telephone_event=agreed.telephone_event,
            direction=back.get((agreed.sends, agreed.receives), MediaDirection.RECVONLY),
        )

    def _speak(self, voice: Voice) -> None:
        if self._stream is not None and self._agreed is not None:
            self._stream.voice = voice
            self._stream.start(self._agreed)

    def _say(self, answer: CarrierAnswer, body: bytes = b"") -> None:
        headers = answer.headers
        if answer.status is not None and answer.status < 300:
            contact = self.desk.contact(self.transport)
            headers = (*headers, ("Contact", f"<sip:practice@{contact};transport={self.transport}>"))
        if body:
            headers = (*headers, ("Content-Type", CONTENT_TYPE))
        said = CarrierAnswer(answer.status, answer.phrase, headers)
        self._last = self.desk.write(self.request, said, self.source, self._tag, body)
        self.send(self._last)

    def _part(self) -> None:
        """Send BYE, again by §17.1.2.2 until it is answered."""
        try:
            message = self._bye()
        except (ValueError, Unreadable):
            # A caller whose own URIs cannot be written has no way to be told.
            return
        self.send(message)
        self._byes = [self._loop.call_later(seconds, self.send, message) for seconds in _BYE_TIMES_SECONDS]
        self._byes.append(self._loop.call_later(2 * _BYE_TIMES_SECONDS[-1], self.desk.forget, self))

    def _bye(self) -> bytes:
        request = self.request
        caller = NameAddr.parse(request.headers.get("From") or "")
        contacts = request.headers.split("Contact")
        target = NameAddr.parse(contacts[0]).uri if contacts else caller.uri
        return build_request(
            method="BYE",
            uri=str(SipUri.parse(target)),
            transport=self.transport,
            sent_by=self.desk.contact(self.transport),
            branch=BRANCH_COOKIE + secrets.token_hex(12),
            from_uri=NameAddr.parse(request.headers.get("To") or "").uri,
            from_tag=self._tag,
            to_uri=caller.uri,
            to_tag=caller.tag,
            call_id=request.call_id,
            cseq=1,
            user_agent="practice-carrier",
        )

    def _later(self, seconds: float, do: Callable[..., None], *arguments: object) -> None:
        self._timers.append(self._loop.call_later(seconds, do, *arguments))

    def _cancel(self, timers: list[asyncio.TimerHandle]) -> None:
        for timer in timers:
            timer.cancel()
        timers.clear()

    def _schedule_transaction(self) -> None:
        if self._transaction_timer is not None:
            self._transaction_timer.cancel()
        due_at = self._transaction.next_at
        self._transaction_timer = None if due_at is None else self._loop.call_at(due_at, self._on_time)

    def _on_time(self) -> None:
        actions = self._transaction.on_time(self._loop.time())
        if Action.SEND_AGAIN in actions and not (self.over and self._up_since is not None):
            self.send(self._last)
        if Action.UNACKNOWLEDGED in actions:
            self.end("was answered, and nobody acknowledged it", bye=True)
        self._schedule_transaction()


def called_number(request: Request) -> str:
    """The user part of the Request-URI; empty where it has none."""
    try:
        return SipUri.parse(request.uri).user or ""
    except Unreadable:
        return ""


def _unfit(why: str) -> CarrierAnswer:
    quoted = why.replace("\\", "").replace('"', "'")
    return CarrierAnswer(488, "Not Acceptable Here", (("Warning", f'399 practice.example "{quoted}"'),))
