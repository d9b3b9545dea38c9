"""How the one deadline of a verification is shared out (docs/design/sip.md, "The time plan of one verification")."""

from dataclasses import dataclass

from sipcheck.errors import SettingInvalid

_REFERENCE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class _Share:
    """An attribute of a plan: so many seconds where the deadline is 10 seconds, else in proportion, but no fewer than
    `least`: the way to a peer and back is not shorter because we have less time.
    """

    seconds: float
    least: float = 0.0

    def __get__(self, plan: "TimePlan", _: type) -> float:
        return max(self.least, self.share(plan))

    def share(self, plan: "TimePlan") -> float:
        return self.seconds * plan.timeout_seconds / _REFERENCE_SECONDS


class _Chance(_Share):
    """How long silence has to last to be the peer's; where the deadline is a measure, so much of that is enough."""

    def __get__(self, plan: "TimePlan", _: type) -> float:
        return self.share(plan) if plan.is_measure else max(self.least, self.share(plan))


@dataclass(frozen=True, slots=True)
class TimePlan:
    """Shares of one deadline in seconds; with another deadline they keep their proportion.

    `is_measure` says that the deadline is whoever asks' own measure of life, as a health check's is: what does not
    answer within it is silent, however short it is.

    Raises SettingInvalid for a timeout that is not a positive number of seconds.
    """

    timeout_seconds: float = _REFERENCE_SECONDS
    is_measure: bool = False

    dns_seconds = _Share(3.0)
    # For the connection and, over TLS, its handshake: four ways there and back.
    connect_seconds = _Share(4.0, least=2.0)
    # Silence to OPTIONS after which REGISTER is tried all the same, one edge after the other.
    patience_seconds = _Share(2.0)
    # How long an earlier edge may still overtake a later one that has answered already.
    precedence_seconds = _Share(0.5)
    # Silence to REGISTER on a living edge after which the next way to a proof is tried.
    register_seconds = _Share(4.0)
    # What silent edges get once the verdict is settled, and what a better answer gets after a bad one.
    settle_seconds = _Share(2.0)
    # What the deadline cut after less than this was never given a chance to be answered: an exchange, so that whoever
    # allows a whole second has a verdict; and a connection, at RFC 3261's half a second for each of three ways.
    fair_chance_seconds = _Chance(1.0, least=0.9)
    connect_chance_seconds = _Chance(1.5, least=1.5)
    # The same of a request with credentials: they go only to a peer that has answered, and so is heard.
    proof_chance_seconds = _Share(1.0)
    # With less than this left, credentials are not sent any more: the answer could not be heard.
    last_chance_seconds = _Share(0.5)

    def __post_init__(self) -> None:
        if not 0 < self.timeout_seconds < float("inf"):
            raise SettingInvalid(f"timeout {self.timeout_seconds!r} is not a positive number of seconds")


REFERENCE_PLAN = TimePlan()
