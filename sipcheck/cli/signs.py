"""The signs of a drawing, in Unicode where the output can carry them."""

from dataclasses import dataclass

from sipcheck.reasons import Outcome
from sipcheck.report.model import CheckState

STATE_STYLES = {
    CheckState.OK: "green",
    CheckState.WARNING: "yellow",
    CheckState.FAILED: "red",
    CheckState.SKIPPED: "dim",
}
OUTCOME_STATES = {
    Outcome.VERIFIED: CheckState.OK,
    Outcome.REACHABLE: CheckState.WARNING,
    Outcome.INCONCLUSIVE: CheckState.WARNING,
    Outcome.FAILED: CheckState.FAILED,
}


@dataclass(frozen=True, slots=True)
class Signs:
    """Arrows and marks; `marks` is by the state of a check."""

    unicode: bool
    sent: str
    received: str
    event: str
    marks: dict[CheckState, str]


UNICODE = Signs(
    unicode=True,
    sent="──▶",
    received="◀──",
    event=" · ",
    marks={CheckState.OK: "✓", CheckState.WARNING: "!", CheckState.FAILED: "✗", CheckState.SKIPPED: "–"},
)
ASCII = Signs(
    unicode=False,
    sent="-->",
    received="<--",
    event=" . ",
    marks={CheckState.OK: "+", CheckState.WARNING: "!", CheckState.FAILED: "x", CheckState.SKIPPED: "-"},
)


def signs_for(encoding: str | None) -> Signs:
    """Choose the signs that an output of this encoding can carry."""
    try:
        "──▶✓✗–·◀…".encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return UNICODE
