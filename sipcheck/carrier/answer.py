"""What a practice carrier says to a method before it asks for a password, and after (RFC 3261 §21)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sipcheck.carrier.faults import Fault

METHODS = ("OPTIONS", "REGISTER")
# With these a carrier takes calls, too; the last three belong to a call, and ask for no password.
CALL_METHODS = ("INVITE", "ACK", "CANCEL", "BYE")
RETRY_AFTER_SECONDS = 30


@dataclass(frozen=True, slots=True)
class CarrierAnswer:
    """A status line and its further fields; without a status nothing is sent."""

    status: int | None
    phrase: str = ""
    headers: tuple[tuple[str, str], ...] = ()


OK = CarrierAnswer(200, "OK")
SILENCE = CarrierAnswer(None)
SERVICE_UNAVAILABLE = CarrierAnswer(503, "Service Unavailable", (("Retry-After", str(RETRY_AFTER_SECONDS)),))
# Said by who takes the call, not by who asks for the password.
TAKEN = CarrierAnswer(None, "taken")

Answers = Mapping[str, CarrierAnswer]


def _to_all(answer: CarrierAnswer) -> Answers:
    return dict.fromkeys((*METHODS, CALL_METHODS[0]), answer)


# By fault and method: said at once, so that no challenge comes.
_UNCHALLENGED: Mapping[Fault, Answers] = {
    Fault.SILENT: _to_all(SILENCE),
    Fault.OPTIONS_IGNORED: {"OPTIONS": SILENCE},
    Fault.REGISTER_IGNORED: {"REGISTER": SILENCE},
    Fault.SIP_FORBIDDEN: _to_all(CarrierAnswer(403, "Forbidden")),
    Fault.REGISTER_REFUSED: {"REGISTER": CarrierAnswer(405, "Method Not Allowed", (("Allow", "OPTIONS"),))},
    Fault.OPTIONS_FAILED: {"OPTIONS": SERVICE_UNAVAILABLE},
    Fault.SERVICE_UNAVAILABLE: _to_all(SERVICE_UNAVAILABLE),
    Fault.SERVER_ERROR: _to_all(CarrierAnswer(500, "Server Internal Error")),
    Fault.REQUEST_TIMEOUT: _to_all(CarrierAnswer(408, "Request Timeout")),
    Fault.BAD_REQUEST: _to_all(CarrierAnswer(400, "Bad Request")),
    Fault.REDIRECT: _to_all(
        CarrierAnswer(302, "Moved Temporarily", (("Contact", "<sip:elsewhere.practice.example>"),))
    ),
    Fault.PROVISIONAL_ONLY: _to_all(CarrierAnswer(100, "Trying")),
    Fault.NO_CHALLENGE: _to_all(OK),
}

# By fault and method: said to who has proven the password.
_AUTHENTICATED: Mapping[Fault, Answers] = {
    Fault.REGISTRATION_FORBIDDEN: {"REGISTER": CarrierAnswer(403, "Forbidden")},
    Fault.ACCOUNT_NOT_FOUND: {"REGISTER": CarrierAnswer(404, "Not Found")},
}


def allow(methods: Collection[str]) -> tuple[str, str]:
    """Write what is allowed."""
    return "Allow", ", ".join(methods)


def unchallenged(faults: Collection[Fault], method: str) -> CarrierAnswer | None:
    """Look up what is said without asking for a password; None when the method is challenged."""
    usual: dict[str, CarrierAnswer] = {} if Fault.OPTIONS_CHALLENGED in faults else {"OPTIONS": OK}
    return _first(_UNCHALLENGED, faults, method) or usual.get(method)


def authenticated(faults: Collection[Fault], method: str) -> CarrierAnswer:
    """Look up what is said once the password is proven."""
    return _first(_AUTHENTICATED, faults, method) or OK


def _first(table: Mapping[Fault, Answers], faults: Collection[Fault], method: str) -> CarrierAnswer | None:
    """The first in the table's order counts, in whatever order the faults were given."""
    return next(
        (answers[method] for fault, answers in table.items() if fault in faults and method in answers), None
    )
