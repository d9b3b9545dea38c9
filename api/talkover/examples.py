"""talkover's success answers in the OpenAPI document; whatever a route answers is set here."""

from api.document.examples import (
    CERTIFICATE_ENDS_AT,
    CREATED_AT,
    ENDPOINT_ID,
    EVENT_ID,
    LINK_ID,
    NUMBER_ID,
    RUN_ID,
    TRUNK_ID,
    UPDATED_AT,
    Example,
)
from api.our_state import led_to, proven_at
from api.talkover.calls.call_answers import CallFound, CallLater, CallList, CallListed, CallShown, CallWaiting
from api.talkover.calls.inbound_answers import InboundExplained, InboundFinding, InboundShown
from api.talkover.people.incident_answers import (
    ConcernedShown,
    ElsewhereShown,
    IncidentFound,
    IncidentPage,
    IncidentShown,
    MomentShown,
)
from api.talkover.people.maintenance_answers import MaintenanceFound, MaintenanceShown
from api.talkover.people.webhook_answers import (
    DeliveryList,
    DeliveryQueued,
    DeliveryShown,
    EndpointFound,
    EndpointList,
    EndpointMade,
    EndpointRemoved,
    EndpointShown,
    EndpointWithSecret,
    MessageQueued,
    TestQueued,
)
from api.talkover.trunks.connection_answers import AddressShown, ConnectionFound, ConnectionShown
from api.talkover.trunks.event_answers import EventList, EventShown
from api.talkover.trunks.health_answers import HealthFound, HealthShown
from api.talkover.trunks.history_answers import HistoryFound, HistoryShown
from api.talkover.trunks.number_answers import (
    NumberChanged,
    NumberCreated,
    NumberList,
    NumberListed,
    NumberMade,
    NumberRemoved,
)
from api.talkover.trunks.preset_answers import PresetList
from api.talkover.trunks.trunk_answers import (
    GatewayShown,
    TrunkChanged,
    TrunkCreated,
    TrunkDetails,
    TrunkFound,
    TrunkList,
    TrunkRemoved,
    TrunkShown,
    TrunkState,
)
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
from sipcheck.diagnosis.evidence import Proof
from sipcheck.diagnosis.inbound.reasons import InboundReason
from sipcheck.diagnosis.inbound.sentences import say
from sipcheck.reasons import CallReason, CallVerdict, CredentialState, Outcome, Reason
from sipcheck.report.json_export import report_to_json
from sipcheck.report.model import TargetFacts
from sipcheck.target import TransportName
from sipcheck.verification.calling.options import CallIdentity
from sipcheck.verification.report_without_run import report_without_run
from trunks.catalog.carrier_presets import carrier_presets
from trunks.models.verification import VerificationStatus
from trunks.rules.connection_details import SHARED_ADDRESSES
from trunks.rules.delivery import DeliveryStatus
from trunks.rules.events import USUAL_EVENTS, EventType
from trunks.rules.outbound_way import EVERY_ADDRESS_ANSWERS
from trunks.rules.trunk_state import Cause, HealthStatus

_NAME = "Primary Carrier — US"
_DOMAIN = "sip.carrier-x.com"
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
_REPORT = report_without_run(
    Reason.DNS_NXDOMAIN,
    TargetFacts(domain=_DOMAIN, port=5061, transport="tls", username="user_42", outbound_proxy=None),
    detail=f"no name server knows {_DOMAIN}",
    started_at=CREATED_AT,
    duration_ms=31.4,
)
_OTHER_FORM = say(
    InboundReason.CALLED_NUMBER_DIFFERS, "other-form", called="0015551234567", number="+15551234567"
)
_DETAILS = TrunkDetails(
    id=TRUNK_ID,
    name=_NAME,
    provider_name="carrier-x",
    domain=_DOMAIN,
    transport=TransportName.TLS,
    port=5061,
    is_active=True,
    is_verified=True,
    created_at=CREATED_AT,
    username="user_42",
    outbound_proxy=None,
    auth_realm=None,
    health_status=HealthStatus.HEALTHY,
    last_health_check_at=UPDATED_AT,
    updated_at=UPDATED_AT,
    gateways=[GatewayShown(host=_DOMAIN, port=5061, transport=TransportName.TLS, priority=1)],
    credentials=CredentialState.PROVEN,
    last_verification=proven_at(f"{_DOMAIN}:5061/tls"),
    proof=Proof.AUTO,
    caller_identity=CallIdentity.NUMBER,
    media_warnings=[],
    inbound_warnings=[],
    outbound_way=led_to("203.0.113.10:5061/tls", UPDATED_AT),
    callable=True,
    callable_reason=EVERY_ADDRESS_ANSWERS,
    certificate_expires_at=CERTIFICATE_ENDS_AT,
)
_NUMBER = NumberListed(
    id=NUMBER_ID,
    number="+15551234567",
    country_code="US",
    formatted_number="(555) 123-4567",
    assigned_to=None,
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

_ENDPOINT = EndpointShown(
    id=ENDPOINT_ID,
    url="https://example.com/hooks/trunks",
    events=list(USUAL_EVENTS),
    description=None,
    enabled=True,
    disabled_reason=None,
    failing_since=None,
    created_at=CREATED_AT,
    updated_at=CREATED_AT,
)

_INCIDENT = IncidentShown(
    id=RUN_ID,
    opened_at=UPDATED_AT,
    closed_at=None,
    reason="no-response",
    cause=f"{_DOMAIN} has not answered our checks since 2026-03-31 10:00:00 UTC (no-response).",
    changed=[],
    concerned=ConcernedShown(trunks=2, of=2),
    elsewhere=ElsewhereShown(about=40, of_about=40),
    timeline=[
        MomentShown(at=CREATED_AT, event="first-failure", trunk_id=None),
        MomentShown(at=UPDATED_AT, event="fell", trunk_id=TRUNK_ID),
    ],
)

EXAMPLES = (
    Example(
        "maintenance",
        MaintenanceFound(success=True, data=MaintenanceShown(since=CREATED_AT, until=UPDATED_AT)),
    ),
    Example("incident", IncidentFound(success=True, data=_INCIDENT)),
    Example("incidents", IncidentPage(success=True, data=[_INCIDENT], next_cursor=None)),
    Example(
        "endpoint-made",
        EndpointMade(
            success=True,
            data=EndpointWithSecret(
                **dict(_ENDPOINT),
                secret="whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oDdLO8dMCvY2Q=",  # noqa: S106 - an example
            ),
        ),
    ),
    Example("endpoint", EndpointFound(success=True, data=_ENDPOINT)),
    Example("endpoints", EndpointList(success=True, data=[_ENDPOINT], next_cursor=None)),
    Example("endpoint-removed", EndpointRemoved(success=True, message="Webhook endpoint deleted")),
    Example("test-queued", TestQueued(success=True, data=MessageQueued(id=EVENT_ID))),
    Example(
        "deliveries",
        DeliveryList(
            success=True,
            data=[
                DeliveryShown(
                    id=RUN_ID,
                    message_id=EVENT_ID,
                    type=EventType.DOWN,
                    trunk_id=TRUNK_ID,
                    status=DeliveryStatus.DELIVERED,
                    tries=1,
                    queued_at=UPDATED_AT,
                    tried_at=UPDATED_AT,
                    next_try_at=None,
                    last_status=204,
                    last_error=None,
                    held_since=None,
                    held_until=None,
                )
            ],
            next_cursor=None,
        ),
    ),
    Example("sent-again", DeliveryQueued(success=True, message="The message is sent again")),
    Example(
        "created",
        TrunkCreated(
            success=True,
            data=TrunkShown(**dict(_DETAILS) | {"is_active": False, "is_verified": False}),
        ),
    ),
    Example("found", TrunkFound(success=True, data=_DETAILS)),
    Example("listed", TrunkList(success=True, data=[_DETAILS], next_cursor=None)),
    Example(
        "changed",
        TrunkChanged(success=True, data=TrunkState(**dict(_DETAILS))),
    ),
    Example("removed", TrunkRemoved(success=True, message="SIP trunk deleted")),
    Example(
        "alive",
        HealthFound(
            success=True, data=HealthShown(is_healthy=True, response_time_ms=42, checked_at=UPDATED_AT)
        ),
    ),
    Example(
        "silent",
        HealthFound(
            success=True,
            data=HealthShown(
                is_healthy=False,
                response_time_ms=None,
                checked_at=UPDATED_AT,
                error="The carrier is not alive (no-response).",
            ),
        ),
    ),
    Example(
        "history",
        HistoryFound(
            success=True,
            data=[
                HistoryShown(
                    at=CREATED_AT,
                    checks=60,
                    answered=57,
                    uptime=0.95,
                    latency_median_ms=21.4,
                    latency_p95_ms=48.0,
                )
            ],
        ),
    ),
    Example(
        "events",
        EventList(
            success=True,
            data=[
                EventShown(
                    id=EVENT_ID,
                    at=UPDATED_AT,
                    cause=Cause.VERIFICATION,
                    changes={"is_verified": [False, True], "health_status": ["unknown", "healthy"]},
                    verification_id=RUN_ID,
                )
            ],
            next_cursor=None,
        ),
    ),
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
        "added",
        NumberCreated(
            success=True,
            data=NumberMade(**dict(_NUMBER), trunk_id=TRUNK_ID),
        ),
    ),
    Example("numbers", NumberList(success=True, data=[_NUMBER], next_cursor=None)),
    Example(
        "assigned",
        NumberChanged(success=True, data=_NUMBER.model_copy(update={"assigned_to": "agent-7"})),
    ),
    Example(
        "ringing", CallLater(success=True, data=CallWaiting(call_id=RUN_ID, status=VerificationStatus.QUEUED))
    ),
    Example("called", CallFound(success=True, data=CallShown(**dict(_CALL), report=None))),
    Example("calls", CallList(success=True, data=[_CALL], next_cursor=None)),
    Example(
        "connected",
        ConnectionFound(
            success=True,
            data=ConnectionShown(
                check_addresses=[AddressShown(address="203.0.113.5", measured_at=None)],
                call_addresses=[AddressShown(address="203.0.113.6", measured_at=None)],
                media_networks=["203.0.113.0/28"],
                inbound_uri="sip:sip.platform.example;transport=tls",
                transports=["tls"],
                ports=[5061],
                codecs=["PCMU/8000", "PCMA/8000"],
                encryption="disable",
                inbound_number="+15551234567",
                number_forms=["+15551234567", "15551234567"],
                ban_exemption=None,
                warnings=[SHARED_ADDRESSES],
            ),
        ),
    ),
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
    Example("presets", PresetList(success=True, data=list(carrier_presets()[:2]))),
    Example("gone", NumberRemoved(success=True, message="DID removed")),
)
