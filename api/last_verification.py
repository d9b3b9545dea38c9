"""The last run of a trunk as every dialect shows it (ours)."""

from pydantic import BaseModel

from sipcheck.reasons import Reason
from trunks.models.verification import Verification


class LastVerification(BaseModel):
    """The last run of the trunk as it is configured now."""

    reason: Reason
    summary: str
    advice: str


def show_last(run: Verification | None) -> LastVerification | None:
    """Show a run that came to something; None for none."""
    if run is None or run.reason is None:
        return None
    return LastVerification(reason=run.reason, summary=run.summary or "", advice=run.advice or "")
