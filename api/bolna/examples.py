"""bolna's success answers in the OpenAPI document; whatever a route answers is set here."""

from http import HTTPStatus

from api.bolna.answers import (
    AddressShown,
    Done,
    GatewayShown,
    NumberShown,
    RunWaiting,
    TrunkShown,
    TrunkVerified,
)
from api.bolna.bodies import AuthType, Transport
from api.document.examples import (
    CERTIFICATE_ENDS_AT,
    CREATED_AT,
    NUMBER_ID,
    RUN_ID,
    TRUNK_ID,
    UPDATED_AT,
    Example,
)
from api.our_state import led_to, proven_at
from sipcheck.diagnosis.evidence import Proof
from sipcheck.reasons import Outcome, Reason
from sipcheck.verification.calling.options import CallIdentity
from trunks.models.verification import VerificationStatus
from trunks.rules.outbound_way import EVERY_ADDRESS_ANSWERS
from trunks.rules.profile import MediaEncryption
from trunks.rules.trunk_state import HealthStatus

_NUMBER = NumberShown(
    id=NUMBER_ID,
    phone_number="919876543210",
    name="Mumbai Support Line",
    byot_trunk_id=TRUNK_ID,
    telephony_provider="sip-trunk",
    deleted=False,
    created_at=UPDATED_AT,
    updated_at=UPDATED_AT,
)
_TRUNK = TrunkShown(
    id=TRUNK_ID,
    name="Mumbai carrier",
    provider="carrier-x",
    description=None,
    auth_type=AuthType.USERPASS,
    auth_username="user_42",
    gateways=[GatewayShown(gateway_address="sip.carrier-x.com", port=5060, priority=1)],
    ip_identifiers=[AddressShown(ip_address="203.0.113.10")],
    transport=Transport.UDP,
    media_encryption=MediaEncryption.NO,
    media_encryption_optimistic=False,
    allow="ulaw,alaw",
    disallow="all",
    inbound_enabled=True,
    outbound_leading_plus_enabled=True,
    qualify_frequency=60,
    direct_media=False,
    rtp_symmetric=True,
    force_rport=True,
    phone_numbers=[_NUMBER],
    phone_number_count=1,
    created_at=CREATED_AT,
    updated_at=UPDATED_AT,
    is_active=True,
    is_verified=True,
    health_status=HealthStatus.HEALTHY,
    last_verification=proven_at("sip.carrier-x.com:5060/udp"),
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
        _TRUNK.model_copy(
            update={
                "phone_numbers": [],
                "updated_at": CREATED_AT,
                "is_active": False,
                "is_verified": False,
                "health_status": HealthStatus.UNKNOWN,
                "last_verification": None,
            }
        ),
        HTTPStatus.CREATED,
    ),
    Example("trunk", _TRUNK, HTTPStatus.OK),
    Example("trunks", [_TRUNK]),
    Example(
        "verified",
        TrunkVerified(
            **dict(_TRUNK),
            verification_id=RUN_ID,
            outcome=Outcome.VERIFIED,
            reason=Reason.CREDENTIALS_PROVEN,
            advice="",
        ),
    ),
    Example(
        "later",
        RunWaiting(
            verification_id=RUN_ID,
            status=VerificationStatus.QUEUED,
            message="The verification goes on; the trunk's last_verification shows what it comes to.",
        ),
    ),
    Example("number", _NUMBER),
    Example("numbers", [_NUMBER]),
    Example("trunk-deleted", Done(message="Trunk deleted successfully. 1 phone number(s) removed.")),
    Example("number-removed", Done(message="Phone number removed successfully")),
)
