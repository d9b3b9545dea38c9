"""Which trunk a call comes in by, as it is told (ours)."""

from uuid import UUID

from pydantic import BaseModel, Field

from sipcheck.diagnosis.inbound.explain import Explanation
from sipcheck.diagnosis.inbound.match import MatchedBy
from sipcheck.diagnosis.inbound.reasons import InboundReason


class InboundFinding(BaseModel):
    trunk_id: UUID | None = Field(description="Your trunk that it is about; null for what is about none.")
    reason: InboundReason
    sentence: str
    change: str | None = Field(description="What would mend it; null where nothing has to be changed.")


class InboundShown(BaseModel):
    matched: UUID | None = Field(description="Your trunk that takes the call.")
    by: MatchedBy | None = Field(description="What decided.")
    reasons: list[InboundFinding] = Field(
        description="Why each trunk of yours that the call may be meant for does not take it, and what else is "
        "worth knowing."
    )


class InboundExplained(BaseModel):
    success: bool = True
    data: InboundShown


def show_explained(explained: Explanation) -> InboundExplained:
    return InboundExplained(
        data=InboundShown(
            matched=None if explained.matched is None else UUID(explained.matched),
            by=explained.by,
            reasons=[
                InboundFinding(
                    trunk_id=None if each.trunk_id is None else UUID(each.trunk_id),
                    reason=each.reason,
                    sentence=each.sentence,
                    change=each.change,
                )
                for each in explained.findings
            ],
        )
    )
