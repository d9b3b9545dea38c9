"""A carrier that takes calls by a script, over UDP: what each INVITE is answered, and what was asked besides."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from tests.peers.sip_reply import reply_to
from tests.peers.udp_peer import Reply

CHALLENGE = 'Digest realm="carrier.example", nonce="n", qop="auth"'
# What a request is answered with: (status, phrase), with headers and a To tag where they are wanted.
Answer = tuple[int, str] | tuple[int, str, Sequence[tuple[str, str]]]
Answers = Iterable[Answer | bytes | Reply]


@dataclass
class CallScript:
    """Answers OPTIONS, challenges an INVITE once, and then gives it `answers`; 487 behind a CANCEL; 200 to BYE.

    `challenge` is 401 or 407, or None for a carrier that asks for nothing. `further` answers what else comes.
    """

    answers: Answers = ((180, "Ringing"),)
    challenge: int | None = 407
    options: Answers = ((200, "OK"),)
    bye: Answers = ((200, "OK"),)
    cancel: Answers = ((200, "OK"),)
    cancelled: Answers = ((487, "Request Terminated"),)
    contact: str = "<sip:carrier@127.0.0.1:{port}>"
    port: int = 0
    further: Callable[[bytes], Answers] | None = None
    requests: list[bytes] = field(default_factory=list)
    _invites: dict[bytes, bytes] = field(default_factory=dict)

    def __call__(self, request: bytes) -> list[bytes | Reply]:
        self.requests.append(request)
        method = request.partition(b" ")[0].decode()
        if method == "OPTIONS":
            return self._give(request, self.options)
        if method == "INVITE":
            self._invites[_first(request, b"Call-ID")] = request
            if self.challenge is not None and not is_authorised(request):
                name = "WWW-Authenticate" if self.challenge == 401 else "Proxy-Authenticate"
                return self._give(request, [(self.challenge, "Prove It", [(name, CHALLENGE)])])
            return self._give(request, self.answers)
        if method == "CANCEL":
            invite = self._invites.get(_first(request, b"Call-ID"))
            if invite is None:
                return self._give(request, [(481, "No Such Call")])
            return [*self._give(request, self.cancel), *self._give(invite, self.cancelled)]
        if method == "BYE":
            return self._give(request, self.bye)
        return [] if self.further is None else self._give(request, self.further(request))

    def methods(self) -> list[str]:
        """The methods asked, copies of a request left out."""
        seen: dict[bytes, str] = {}
        for request in self.requests:
            seen.setdefault(
                _first(request, b"Via") + _first(request, b"CSeq"), request.split(b" ")[0].decode()
            )
        return list(seen.values())

    def of(self, method: str) -> list[bytes]:
        return [each for each in self.requests if each.startswith(method.encode() + b" ")]

    def _give(self, request: bytes, answers: Answers) -> list[bytes | Reply]:
        given: list[bytes | Reply] = []
        for answer in answers:
            if not isinstance(answer, tuple):
                given.append(answer)
                continue
            status, phrase, *more = answer
            headers = list(more[0]) if more else []
            if request.startswith(b"INVITE") and 200 <= status < 300 and self.contact:
                headers.append(("Contact", self.contact.format(port=self.port)))
            if request.startswith(b"INVITE") and 100 < status < 300:
                headers += [("Record-Route", each) for each in _all(request, b"Record-Route")]  # §12.1.1
            given.append(reply_to(request, status, phrase, headers=headers))
        return given


def is_authorised(request: bytes) -> bool:
    return re.search(rb"^(?:Proxy-)?Authorization:", request, re.MULTILINE) is not None


def _all(request: bytes, name: bytes) -> list[str]:
    found = re.findall(rb"^" + name + rb": *([^\r\n]*)", request, re.MULTILINE)
    return [each.decode() for each in found]


def _first(request: bytes, name: bytes) -> bytes:
    found = re.search(rb"^" + name + rb":[^\r\n]*", request, re.MULTILINE)
    return found[0] if found else b""
