"""autocalls' success answers in the OpenAPI document; whatever a route answers is set here."""

from http import HTTPStatus

from api.autocalls.answers import (
    Done,
    TrunkAnswer,
    TrunkDetails,
    TrunkFound,
    TrunkList,
    TrunkShown,
)
from api.document.examples import CERTIFICATE_ENDS_AT, CREATED_AT, UPDATED_AT, Example
from api.our_state import led_to, proven_at
from sipcheck.diagnosis.evidence import Proof
from sipcheck.verification.calling.options import CallIdentity
from trunks.rules.outbound_way import EVERY_ADDRESS_ANSWERS
from trunks.rules.profile import CallingFormat, InboundAuthorization
from trunks.rules.trunk_state import HealthStatus

_SHOWN = TrunkShown(
    id=42,
    phone_number="1000",
    nickname="Provider X — Main",
    sip_username="myuser",
    sip_address="sip.provider.com",
    sip_calling_format=CallingFormat.PLUS_E164,
    inbound_authorization_type=InboundAuthorization.AUTH,
    allowed_inbound_ips=None,
    outbound_proxy=False,
    country_code="US",
    inbound_trunk_id="ST_in7Kq2mVhQxA",
    outbound_trunk_id="ST_out4RzT9wLcB",
    created_at=CREATED_AT,
    updated_at=UPDATED_AT,
)
_DETAILS = TrunkDetails(
    **dict(_SHOWN),
    is_active=True,
    is_verified=True,
    health_status=HealthStatus.HEALTHY,
    last_verification=proven_at("sip.provider.com:5060/udp"),
    proof=Proof.AUTO,
    caller_identity=CallIdentity.NUMBER,
    media_warnings=[],
    inbound_warnings=[],
    outbound_way=led_to("203.0.113.10:5060/udp", UPDATED_AT),
    callable=True,
    callable_reason=EVERY_ADDRESS_ANSWERS,
    certificate_expires_at=CERTIFICATE_ENDS_AT,
)

EXAMPLES = (
    Example(
        "created",
        TrunkAnswer(message="SIP trunk created successfully.", data=_DETAILS),
        HTTPStatus.CREATED,
    ),
    Example("updated", TrunkAnswer(message="SIP trunk updated successfully.", data=_DETAILS), HTTPStatus.OK),
    Example("found", TrunkFound(data=_DETAILS)),
    Example("listed", TrunkList(data=[_DETAILS])),
    Example("deleted", Done(message="Phone number deleted successfully.")),
)
