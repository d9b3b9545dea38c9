"""talkover's examples of verifications and of links to them."""

from api.document.examples import CREATED_AT, LINK_ID, RUN_ID, TRUNK_DOMAIN, UPDATED_AT, Example
from api.talkover.verifications.share_answers import LinkCreated, LinkList, LinkMade, LinkRemoved, LinkShown
from api.talkover.verifications.verification_answers import (
    DryRunAnswer,
    DryRunData,
    RunFound,
    RunList,
    RunListed,
    RunShown,
    RunWaiting,
    VerifyAnswer,
    VerifyData,
    VerifyLater,
)
from sipcheck.reasons import CredentialState, Outcome, Reason
from sipcheck.report.json_export import report_to_json
from sipcheck.report.model import TargetFacts
from sipcheck.verification.report_without_run import report_without_run
from trunks.models.verification import VerificationStatus
from trunks.rules.trunk_state import HealthStatus

_REPORT = report_without_run(
    Reason.DNS_NXDOMAIN,
    TargetFacts(domain=TRUNK_DOMAIN, port=5061, transport="tls", username="user_42", outbound_proxy=None),
    detail=f"no name server knows {TRUNK_DOMAIN}",
    started_at=CREATED_AT,
    duration_ms=31.4,
)
_LISTED_RUN = RunListed(
    id=RUN_ID,
    status=VerificationStatus.DONE,
    requested_at=CREATED_AT,
    finished_at=UPDATED_AT,
    outcome=_REPORT.outcome,
    reason=_REPORT.reason,
    summary=_REPORT.summary,
    advice=_REPORT.advice,
)
_RUN = RunShown(**dict(_LISTED_RUN), report=report_to_json(_REPORT))

VERIFICATION_EXAMPLES = (
    Example(
        "verified",
        VerifyAnswer(
            success=True,
            data=VerifyData(
                is_verified=True,
                health_status=HealthStatus.HEALTHY,
                last_health_check_at=UPDATED_AT,
                outcome=Outcome.VERIFIED,
                reason=Reason.CREDENTIALS_PROVEN,
                advice="",
                credentials=CredentialState.PROVEN,
                warnings=[],
                verification_id=RUN_ID,
            ),
        ),
    ),
    Example(
        "rejected",
        VerifyAnswer(
            success=False,
            data=VerifyData(
                is_verified=False,
                health_status=HealthStatus.UNKNOWN,
                last_health_check_at=None,
                error="Authentication failed (401)",
                outcome=Outcome.FAILED,
                reason=Reason.CREDENTIALS_REJECTED,
                advice="Enter the SIP username and password again as the carrier gave them to you; they are "
                "often not those of its web site. If the carrier gave you a separate authentication name, enter "
                "that too.",
                credentials=CredentialState.REJECTED,
                warnings=[],
                verification_id=RUN_ID,
            ),
        ),
    ),
    Example(
        "later",
        VerifyLater(success=True, data=RunWaiting(verification_id=RUN_ID, status=VerificationStatus.QUEUED)),
    ),
    Example(
        "not-found",
        DryRunAnswer(
            success=False,
            data=DryRunData(
                is_verified=False,
                health_status=HealthStatus.UNKNOWN,
                last_health_check_at=None,
                error=_REPORT.summary,
                outcome=_REPORT.outcome,
                reason=_REPORT.reason,
                advice=_REPORT.advice,
                credentials=_REPORT.credentials,
                warnings=[],
                report=report_to_json(_REPORT),
            ),
        ),
    ),
    Example("run", RunFound(success=True, data=_RUN)),
    Example("runs", RunList(success=True, data=[_LISTED_RUN], next_cursor=None)),
    Example(
        "shared",
        LinkCreated(
            success=True,
            data=LinkMade(
                id=LINK_ID,
                expires_at=UPDATED_AT,
                url="https://sip.platform.example/r/Zm9yIGV4YW1wbGUsIG9mIDI1NiBiaXRzIGF0IHJhbmRv",
            ),
        ),
    ),
    Example("links", LinkList(success=True, data=[LinkShown(id=LINK_ID, expires_at=UPDATED_AT)])),
    Example("taken-back", LinkRemoved(success=True, message="The link opens nothing any more.")),
)
