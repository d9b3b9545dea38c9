"""Why something did not come about: one value for the guard, the DNS, the transports and the transactions."""

from dataclasses import dataclass

from sipcheck.reasons import Reason


@dataclass(frozen=True, slots=True)
class Failure:
    """A reason of the closed vocabulary, and a sentence for a person, without its full stop."""

    reason: Reason
    detail: str
