"""What a practice carrier says to a method before it asks for a password, and after (RFC 3261 §21)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sipcheck.carrier.faults import Fault

METHODS = ("OPTIONS", "REGISTER")
ALLOW = ("Allow", ", ".join(METHODS))
RETRY_AFTER_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Answer:
    """A status line and its further fields; without a status nothing is sent."""

    status: int | None
    phrase: str = ""
    headers: tuple[tuple[str, str], ...] = ()


OK = Answer(200, "OK")
SILENCE = Answer(None)
METHOD_NOT_ALLOWED = Answer(405, "Method Not Allowed", (ALLOW,))

Answers = Mapping[str, Answer]


def _to_all(answer: Answer) -> Answers:
    return dict.fromkeys(METHODS, answer)


# By fault and method: said at once, so that no challenge comes.
_UNCHALLENGED: Mapping[Fault, Answers] = {
    Fault.SILENT: _to_all(SILENCE),
    Fault.OPTIONS_IGNORED: {"OPTIONS": SILENCE},
    Fault.REGISTER_IGNORED: {"REGISTER": SILENCE},
    Fault.SIP_FORBIDDEN: _to_all(Answer(403, "Forbidden")),
    Fault.REGISTER_REFUSED: {"REGISTER": Answer(405, "Method Not Allowed", (("Allow", "OPTIONS"),))},
    Fault.SERVICE_UNAVAILABLE: _to_all(
        Answer(503, "Service Unavailable", (("Retry-After", str(RETRY_AFTER_SECONDS)),))
    ),
    Fault.SERVER_ERROR: _to_all(Answer(500, "Server Internal Error")),
    Fault.REQUEST_TIMEOUT: _to_all(Answer(408, "Request Timeout")),
    Fault.BAD_REQUEST: _to_all(Answer(400, "Bad Request")),
    Fault.REDIRECT: _to_all(
        Answer(302, "Moved Temporarily", (("Contact", "<sip:elsewhere.practice.example>"),))
    ),
    Fault.PROVISIONAL_ONLY: _to_all(Answer(100, "Trying")),
    Fault.NO_CHALLENGE: _to_all(OK),
}

# By fault and method: said to who has proven the password.
_AUTHENTICATED: Mapping[Fault, Answers] = {
    Fault.REGISTRATION_FORBIDDEN: {"REGISTER": Answer(403, "Forbidden")},
    Fault.ACCOUNT_NOT_FOUND: {"REGISTER": Answer(404, "Not Found")},
}


def unchallenged(faults: Collection[Fault], method: str) -> Answer | None:
    """Look up what is said without asking for a password; None when the method is challenged."""
    usual: dict[str, Answer] = {} if Fault.OPTIONS_CHALLENGED in faults else {"OPTIONS": OK}
    return _first(_UNCHALLENGED, faults, method) or usual.get(method)


def authenticated(faults: Collection[Fault], method: str) -> Answer:
    """Look up what is said once the password is proven."""
    return _first(_AUTHENTICATED, faults, method) or OK


def _first(table: Mapping[Fault, Answers], faults: Collection[Fault], method: str) -> Answer | None:
    """The first in the table's order counts, in whatever order the faults were given."""
    return next(
        (answers[method] for fault, answers in table.items() if fault in faults and method in answers), None
    )
