"""What every dialect shows of a trunk beside the vendor's fields (ours): its state, and its last run."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from api.fields import CALLER_IDENTITY, PROOF
from api.language.catalogs import marked, translated
from api.language.made_texts import said
from api.language.reports import said_verdict
from api.timestamps import Timestamp
from sipcheck.diagnosis.evidence import Proof
from sipcheck.reasons import Reason
from sipcheck.verification.calling.options import CallIdentity
from trunks.catalog.views import TrunkView
from trunks.models.verification import Verification
from trunks.rules.connection_details import inbound_warnings
from trunks.rules.media import media_warnings
from trunks.rules.outbound_way import EVERY_ADDRESS_ANSWERS
from trunks.rules.trunk_state import HealthStatus
from trunks.rules.way_evidence import WayForm, WayProof

MEDIA_WARNINGS = "What calls have otherwise than the trunk's codecs and media encryption say (ours)."
INBOUND_WARNINGS = "What has to be known of who is let in (ours)."
# To whoever waits for a run of a trunk that is edited while it runs.
CHANGED_MEANWHILE = marked("The trunk was changed meanwhile; verify again.")
VERIFY_AGAIN = marked("Verify the trunk again, as it is now.")

OUTBOUND_WAY = (
    "How calls leave for the carrier; null where no outbound side stands on the infrastructure (ours)."
)
CALLABLE = "Whether calls arrive, as far as that was proven (ours)."
CALLABLE_REASON = "Why, and what would make a way where there is none (ours)."

CERTIFICATE_EXPIRES_AT = (
    "When the first certificate ends that an address of its gateways showed; null where none was seen (ours)."
)


class LastVerification(BaseModel):
    """The last run of the trunk as it is configured now."""

    reason: Reason
    summary: str
    advice: str


class OutboundWayShown(BaseModel):
    """How calls leave for the carrier."""

    form: WayForm
    edge: str | None = Field(description="Where they arrive, `address:port/transport`.")
    proof: WayProof | None = Field(description="By what it was proven that they arrive.")
    reason: str
    proven_at: Timestamp | None
    password: Literal["sent", "withheld"] | None = Field(
        description="Whether the infrastructure has the password for calls; null for a trunk without."
    )


Callability = bool | Literal["unknown"]


class OurState(BaseModel):
    is_active: bool = Field(description="(ours)")
    is_verified: bool = Field(description="(ours)")
    health_status: HealthStatus = Field(description="(ours)")
    last_verification: LastVerification | None = Field(description="(ours)")
    proof: Proof = Field(description=PROOF)
    caller_identity: CallIdentity = Field(description=CALLER_IDENTITY)
    media_warnings: list[str] = Field(description=MEDIA_WARNINGS)
    inbound_warnings: list[str] = Field(description=INBOUND_WARNINGS)
    outbound_way: OutboundWayShown | None = Field(description=OUTBOUND_WAY)
    callable: Callability = Field(description=CALLABLE)
    callable_reason: str | None = Field(description=CALLABLE_REASON)
    certificate_expires_at: Timestamp | None = Field(description=CERTIFICATE_EXPIRES_AT)


def our_state(view: TrunkView) -> dict[str, Any]:
    """Give the fields of OurState."""
    trunk = view.trunk
    return {
        "is_active": trunk.is_active,
        "is_verified": trunk.is_verified,
        "health_status": trunk.health_status,
        "last_verification": show_last(view.last_verification),
        "proof": trunk.proof,
        "caller_identity": view.profile.caller_identity,
        "media_warnings": list(media_warnings(view.profile, translated)),
        "inbound_warnings": [translated(each) for each in inbound_warnings(view.profile)],
        **show_way(view),
        "certificate_expires_at": view.certificate_expires_at,
    }


def show_way(view: TrunkView) -> dict[str, Any]:
    """Give the fields of OurState that say how calls leave."""
    shown = view.way
    way = None
    if shown.way is not None:
        way = OutboundWayShown(
            form=shown.way.form,
            edge=None if shown.way.edge is None else shown.way.edge.name,
            proof=shown.way.proof,
            reason=said(shown.way.reason),
            proven_at=shown.proven_at,
            password=_password_shown(view),
        )
    return {
        "outbound_way": way,
        "callable": "unknown" if shown.callable is None else shown.callable,
        "callable_reason": None if shown.reason is None else said(shown.reason),
    }


def _password_shown(view: TrunkView) -> Literal["sent", "withheld"] | None:
    if view.trunk.sealed_password is None:
        return None
    return "withheld" if view.way.withholds_password else "sent"


def show_last(run: Verification | None) -> LastVerification | None:
    """Show a run that came to something; None for none."""
    if run is None or run.reason is None:
        return None
    words = said_verdict(run.sentences, run.summary, run.advice)
    return LastVerification(reason=run.reason, summary=words.summary, advice=words.advice)


def proven_at(edge: str) -> LastVerification:
    """Show a run that proved the password, as an example."""
    summary = f"The trunk works: {edge} answers, and it accepted the username and password."
    return LastVerification(reason=Reason.CREDENTIALS_PROVEN, summary=summary, advice="")


def led_to(edge: str, proven_at: datetime) -> OutboundWayShown:
    """Show a way as given to one proven address, as an example."""
    return OutboundWayShown(
        form=WayForm.AS_GIVEN,
        edge=edge,
        proof=WayProof.OPTIONS,
        reason=EVERY_ADDRESS_ANSWERS,
        proven_at=proven_at,
        password="sent",  # noqa: S106 - what became of it
    )
