"""talkover's examples of test calls and of calls that came."""

from api.document.examples import CREATED_AT, RUN_ID, TRUNK_ID, UPDATED_AT, Example
from api.talkover.calls.call_answers import CallFound, CallLater, CallList, CallListed, CallShown, CallWaiting
from api.talkover.calls.inbound_answers import InboundExplained, InboundFinding, InboundShown
from sipcheck.diagnosis.inbound.reasons import InboundReason
from sipcheck.diagnosis.inbound.sentences import say
from sipcheck.reasons import CallReason, CallVerdict
from trunks.models.verification import VerificationStatus

_CALL = CallListed(
    id=RUN_ID,
    status=VerificationStatus.DONE,
    to="+4930123456",
    requested_at=CREATED_AT,
    finished_at=UPDATED_AT,
    outcome=CallVerdict.REFUSED,
    reason=CallReason.CALL_BUSY,
    summary="The call to +4930123456 was refused: the line is busy (486).",
)
_OTHER_FORM = say(
    InboundReason.CALLED_NUMBER_DIFFERS, "other-form", called="0015551234567", number="+15551234567"
)

CALL_EXAMPLES = (
    Example(
        "ringing", CallLater(success=True, data=CallWaiting(call_id=RUN_ID, status=VerificationStatus.QUEUED))
    ),
    Example("called", CallFound(success=True, data=CallShown(**dict(_CALL), report=None))),
    Example("calls", CallList(success=True, data=[_CALL], next_cursor=None)),
    Example(
        "explained",
        InboundExplained(
            success=True,
            data=InboundShown(
                matched=None,
                by=None,
                reasons=[
                    InboundFinding(
                        trunk_id=TRUNK_ID,
                        reason=InboundReason.CALLED_NUMBER_DIFFERS,
                        **_OTHER_FORM._asdict(),
                    )
                ],
            ),
        ),
    ),
)
