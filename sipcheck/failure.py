"""Why something did not come about: one value for the guard, the DNS, the transports and the transactions."""

from dataclasses import dataclass

from sipcheck.reasons import Cause, Reason


@dataclass(frozen=True, slots=True)
class Failure:
    """A reason of the closed vocabulary, a sentence for a person, without its full stop, and the sub-cause if known."""

    reason: Reason
    detail: str
    cause: Cause | None = None
