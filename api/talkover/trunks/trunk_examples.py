"""talkover's examples of trunks, their numbers and their health."""

from api.document.examples import (
    CERTIFICATE_ENDS_AT,
    CREATED_AT,
    EVENT_ID,
    NUMBER_ID,
    RUN_ID,
    TRUNK_DOMAIN,
    TRUNK_ID,
    TRUNK_NAME,
    UPDATED_AT,
    Example,
)
from api.our_state import led_to, proven_at
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
from sipcheck.diagnosis.evidence import Proof
from sipcheck.reasons import CredentialState
from sipcheck.target import TransportName
from sipcheck.verification.calling.options import CallIdentity
from trunks.catalog.carrier_presets import carrier_presets
from trunks.rules.connection_details import SHARED_ADDRESSES
from trunks.rules.outbound_way import EVERY_ADDRESS_ANSWERS
from trunks.rules.trunk_state import Cause, HealthStatus

_DETAILS = TrunkDetails(
    id=TRUNK_ID,
    name=TRUNK_NAME,
    provider_name="carrier-x",
    domain=TRUNK_DOMAIN,
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
    gateways=[GatewayShown(host=TRUNK_DOMAIN, port=5061, transport=TransportName.TLS, priority=1)],
    credentials=CredentialState.PROVEN,
    last_verification=proven_at(f"{TRUNK_DOMAIN}:5061/tls"),
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

TRUNK_EXAMPLES = (
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
    Example("presets", PresetList(success=True, data=list(carrier_presets()[:2]))),
    Example("gone", NumberRemoved(success=True, message="DID removed")),
)
