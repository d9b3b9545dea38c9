"""What every dialect shows of a trunk beside the vendor's fields (ours): its state, and its last run."""

from typing import Any

from pydantic import BaseModel, Field

from sipcheck.reasons import Reason
from trunks.catalog.views import TrunkView
from trunks.models.verification import Verification
from trunks.rules.trunk_state import HealthStatus

# To whoever waits for a run of a trunk that is edited while it runs.
CHANGED_MEANWHILE = "The trunk was changed meanwhile; verify again."
VERIFY_AGAIN = "Verify the trunk again, as it is now."


class LastVerification(BaseModel):
    """The last run of the trunk as it is configured now."""

    reason: Reason
    summary: str
    advice: str


class OurState(BaseModel):
    is_active: bool = Field(description="(ours)")
    is_verified: bool = Field(description="(ours)")
    health_status: HealthStatus = Field(description="(ours)")
    last_verification: LastVerification | None = Field(description="(ours)")


def our_state(view: TrunkView) -> dict[str, Any]:
    """Give the fields of OurState."""
    trunk = view.trunk
    return {
        "is_active": trunk.is_active,
        "is_verified": trunk.is_verified,
        "health_status": trunk.health_status,
        "last_verification": show_last(view.last_verification),
    }


def show_last(run: Verification | None) -> LastVerification | None:
    """Show a run that came to something; None for none."""
    if run is None or run.reason is None:
        return None
    return LastVerification(reason=run.reason, summary=run.summary or "", advice=run.advice or "")


def proven_at(edge: str) -> LastVerification:
    """Show a run that proved the password, as an example."""
    summary = f"The trunk works: {edge} answers, and it accepted the username and password."
    return LastVerification(reason=Reason.CREDENTIALS_PROVEN, summary=summary, advice="")
