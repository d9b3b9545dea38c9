"""Trunks as talkover shows them."""

from uuid import UUID

from pydantic import BaseModel, Field

from api.fields import CALLER_IDENTITY, PROOF
from api.language.catalogs import translated
from api.our_state import (
    CALLABLE,
    CALLABLE_REASON,
    CERTIFICATE_EXPIRES_AT,
    INBOUND_WARNINGS,
    MEDIA_WARNINGS,
    OUTBOUND_WAY,
    Callability,
    LastVerification,
    OutboundWayShown,
    show_last,
    show_way,
)
from api.timestamps import Timestamp
from sipcheck.diagnosis.evidence import Proof
from sipcheck.reasons import CredentialState
from sipcheck.target import TransportName
from sipcheck.verification.calling.options import CallIdentity
from trunks.catalog.views import TrunkView
from trunks.models.trunk import Gateway, Trunk
from trunks.rules.connection_details import inbound_warnings
from trunks.rules.media import media_warnings
from trunks.rules.profile import TrunkProfile
from trunks.rules.trunk_state import HealthStatus

_OURS = "(ours)"


class GatewayShown(BaseModel):
    host: str
    port: int = Field(description="The transport's default when none was given.")
    transport: TransportName
    priority: int


class TrunkShown(BaseModel):
    """What creation answers."""

    id: UUID
    name: str
    provider_name: str
    domain: str
    transport: TransportName
    port: int
    is_active: bool
    is_verified: bool
    created_at: Timestamp


class TrunkDetails(TrunkShown):
    """What a single trunk is shown with."""

    username: str | None
    outbound_proxy: str | None
    auth_realm: str | None
    health_status: HealthStatus
    last_health_check_at: Timestamp | None
    updated_at: Timestamp
    gateways: list[GatewayShown] = Field(description=_OURS)
    credentials: CredentialState = Field(description=f"What is known of the credentials {_OURS}.")
    last_verification: LastVerification | None = Field(description=_OURS)
    proof: Proof = Field(description=PROOF)
    caller_identity: CallIdentity = Field(description=CALLER_IDENTITY)
    media_warnings: list[str] = Field(description=MEDIA_WARNINGS)
    inbound_warnings: list[str] = Field(description=INBOUND_WARNINGS)
    outbound_way: OutboundWayShown | None = Field(description=OUTBOUND_WAY)
    callable: Callability = Field(description=CALLABLE)
    callable_reason: str | None = Field(description=CALLABLE_REASON)
    certificate_expires_at: Timestamp | None = Field(description=CERTIFICATE_EXPIRES_AT)


class TrunkCreated(BaseModel):
    success: bool = True
    data: TrunkShown


class TrunkFound(BaseModel):
    success: bool = True
    data: TrunkDetails


class TrunkList(BaseModel):
    success: bool = True
    data: list[TrunkDetails]
    next_cursor: str | None


class TrunkState(BaseModel):
    """What an update answers."""

    id: UUID
    name: str
    is_active: bool
    is_verified: bool
    updated_at: Timestamp
    inbound_warnings: list[str] = Field(description=INBOUND_WARNINGS)


class TrunkChanged(BaseModel):
    success: bool = True
    data: TrunkState


class TrunkRemoved(BaseModel):
    success: bool = True
    message: str = "SIP trunk deleted"


def show_created(trunk: Trunk) -> TrunkCreated:
    first = _show_gateway(trunk.gateways[0])
    return TrunkCreated(
        data=TrunkShown(
            id=trunk.id,
            name=trunk.name,
            provider_name=trunk.provider_name,
            domain=first.host,
            transport=first.transport,
            port=first.port,
            is_active=trunk.is_active,
            is_verified=trunk.is_verified,
            created_at=trunk.created_at,
        )
    )


def show_changed(trunk: Trunk, profile: TrunkProfile) -> TrunkChanged:
    return TrunkChanged(
        data=TrunkState(
            id=trunk.id,
            name=trunk.name,
            is_active=trunk.is_active,
            is_verified=trunk.is_verified,
            updated_at=trunk.updated_at,
            inbound_warnings=[translated(each) for each in inbound_warnings(profile)],
        )
    )


def show_details(view: TrunkView) -> TrunkDetails:
    trunk = view.trunk
    return TrunkDetails(
        **dict(show_created(trunk).data),
        username=trunk.username,
        outbound_proxy=trunk.outbound_proxy,
        auth_realm=trunk.auth_realm,
        health_status=trunk.health_status,
        last_health_check_at=view.last_health_check_at,
        updated_at=trunk.updated_at,
        gateways=[_show_gateway(gateway) for gateway in trunk.gateways],
        credentials=trunk.credentials,
        last_verification=show_last(view.last_verification),
        proof=trunk.proof,
        caller_identity=view.profile.caller_identity,
        media_warnings=list(media_warnings(view.profile, translated)),
        inbound_warnings=[translated(each) for each in inbound_warnings(view.profile)],
        **show_way(view),
        certificate_expires_at=view.certificate_expires_at,
    )


def _show_gateway(gateway: Gateway) -> GatewayShown:
    transport = gateway.transport or TransportName.UDP
    return GatewayShown(
        host=gateway.host,
        port=gateway.port or transport.default_port,
        transport=transport,
        priority=gateway.priority,
    )
