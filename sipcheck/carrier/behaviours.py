"""What a practice carrier does with calls, each named for what a caller meets."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sipcheck.carrier.answer import CarrierAnswer
from sipcheck.media.stream import Voice


class CallBehaviour(StrEnum):
    """One way to treat calls; `description` is one line for a person."""

    description: str

    def __new__(cls, name: str, description: str = "") -> "CallBehaviour":
        behaviour = str.__new__(cls, name)
        behaviour._value_ = name
        behaviour.description = description
        return behaviour

    ECHO = "echo", "rings, answers, and sends back what it hears"
    EARLY = "early", "lets a tone be heard before it answers (183), and then does as echo"
    RING = "ring", "rings, and is never answered"
    BUSY = "busy", "486: the line is busy"
    REFUSE = "refuse", "603: the call is declined"
    FORBID = "forbid", "403 once the password is proven"
    NOT_FOUND = "not-found", "404: nobody has the number"
    OTHER_CODEC = "other-codec", "488: no codec in common"
    LIMIT = "limit", "503 with Retry-After: too many calls at once"
    HANG_UP = "hang-up", "answers as echo, and hangs up after a second"
    ONE_WAY = "one-way", "answers and reports what it hears, and sends nothing back"
    SILENT = "silent", "answers, and neither sends nor reports anything"


class NumberForm(StrEnum):
    """How the called number has to be written; in another form nobody has it (404)."""

    PLUS_E164 = "+e164"
    E164 = "e164"
    NATIONAL = "national"

    def takes(self, number: str) -> bool:
        """Tell the form by the beginning: a plus, a country's code, or the zero of a trunk call."""
        if self is NumberForm.PLUS_E164:
            return number.startswith("+")
        return not number.startswith("+") and number.startswith("0") is (self is NumberForm.NATIONAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPlan:
    """`refusal` is said at once; without it the call rings, and is answered after so many seconds, or never."""

    refusal: CarrierAnswer | None = None
    early: bool = False
    answered_after_seconds: float | None = 0.3
    hung_up_after_seconds: float | None = None
    voice: Voice = Voice.ECHO


_LIMIT = CarrierAnswer(503, "Too Many Calls", (("Retry-After", "60"),))

PLANS: Mapping[CallBehaviour, CallPlan] = {
    CallBehaviour.ECHO: CallPlan(),
    CallBehaviour.EARLY: CallPlan(early=True, answered_after_seconds=1.0),
    CallBehaviour.RING: CallPlan(answered_after_seconds=None),
    CallBehaviour.BUSY: CallPlan(refusal=CarrierAnswer(486, "Busy Here")),
    CallBehaviour.REFUSE: CallPlan(refusal=CarrierAnswer(603, "Decline")),
    CallBehaviour.FORBID: CallPlan(refusal=CarrierAnswer(403, "Forbidden")),
    CallBehaviour.NOT_FOUND: CallPlan(refusal=CarrierAnswer(404, "Not Found")),
    CallBehaviour.OTHER_CODEC: CallPlan(refusal=CarrierAnswer(488, "Not Acceptable Here")),
    CallBehaviour.LIMIT: CallPlan(refusal=_LIMIT),
    CallBehaviour.HANG_UP: CallPlan(hung_up_after_seconds=1.0),
    CallBehaviour.ONE_WAY: CallPlan(voice=Voice.NOTHING),
    CallBehaviour.SILENT: CallPlan(voice=Voice.MUTE),
}
