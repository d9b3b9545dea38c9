"""Trunks and numbers as bolna shows them."""

from uuid import UUID

from pydantic import BaseModel, Field

from api.bolna.bodies import SAME_IN_PROFILE, AuthType, Transport
from api.language.catalogs import translated
from api.language.reports import said_report
from api.our_state import CHANGED_MEANWHILE, OurState, our_state
from api.timestamps import Timestamp
from sipcheck.reasons import Outcome, Reason
from trunks.catalog.views import TrunkView
from trunks.models.phone_number import PhoneNumber
from trunks.models.verification import Verification
from trunks.repositories.phone_numbers import ListedNumber
from trunks.rules.profile import CallingFormat, MediaEncryption


class GatewayShown(BaseModel):
    gateway_address: str
    port: int
    priority: int


class AddressShown(BaseModel):
    ip_address: str


class NumberShown(BaseModel):
    """A phone number (DID) registered on a trunk."""

    id: UUID
    phone_number: str
    name: str | None
    byot_trunk_id: UUID
    telephony_provider: str = "sip-trunk"
    deleted: bool = False
    created_at: Timestamp
    updated_at: Timestamp


class TrunkFields(BaseModel):
    """What the vendor documents of a trunk."""

    id: UUID
    name: str
    provider: str
    description: str | None
    auth_type: AuthType
    auth_username: str | None
    gateways: list[GatewayShown]
    ip_identifiers: list[AddressShown]
    transport: Transport
    media_encryption: MediaEncryption
    media_encryption_optimistic: bool
    allow: str
    disallow: str
    inbound_enabled: bool
    outbound_leading_plus_enabled: bool
    qualify_frequency: int
    direct_media: bool
    rtp_symmetric: bool
    force_rport: bool
    phone_numbers: list[NumberShown] = Field(
        description="The first 50; the list of the trunk's numbers has all (ours)."
    )
    phone_number_count: int = Field(description="How many it has (ours).")
    created_at: Timestamp
    updated_at: Timestamp


class TrunkShown(OurState, TrunkFields):
    pass


class TrunkVerified(TrunkShown):
    """The trunk after a run, and what that came to (ours)."""

    verification_id: UUID
    outcome: Outcome
    reason: Reason
    advice: str


class RunWaiting(BaseModel):
    """The run goes on; the trunk shows what it came to (ours)."""

    verification_id: UUID
    status: str
    message: str = "The verification goes on; the trunk's last_verification shows what it comes to."


class Done(BaseModel):
    message: str


def auth_type_of(view: TrunkView) -> AuthType:
    return AuthType.IP_BASED if view.trunk.username is None else AuthType.USERPASS


def show_trunk(view: TrunkView, *, interval_seconds: float) -> TrunkShown:
    """`interval_seconds` is the installation's, for a trunk whose dialect says none."""
    trunk, profile = view.trunk, view.profile
    interval = interval_seconds if trunk.health_interval_seconds is None else trunk.health_interval_seconds
    transport = Transport.of(trunk.gateways[0].transport)
    return TrunkShown(
        **{name: getattr(profile, name) for name in SAME_IN_PROFILE},
        id=trunk.id,
        name=trunk.name,
        provider=trunk.provider_name,
        auth_type=auth_type_of(view),
        auth_username=trunk.username,
        gateways=[
            GatewayShown(
                gateway_address=each.host,
                port=each.port or Transport.of(each.transport).name_here.default_port,
                priority=each.priority,
            )
            for each in trunk.gateways
        ],
        ip_identifiers=[AddressShown(ip_address=each) for each in profile.addresses_let_in],
        transport=transport,
        outbound_leading_plus_enabled=profile.calling_format is CallingFormat.PLUS_E164,
        qualify_frequency=round(interval),
        phone_numbers=[show_number(number) for number in view.numbers],
        phone_number_count=view.number_count,
        created_at=trunk.created_at,
        updated_at=trunk.updated_at,
        **our_state(view),
    )


def show_verified(view: TrunkView, run: Verification, *, interval_seconds: float) -> TrunkVerified:
    report = said_report(run.report or {})
    return TrunkVerified(
        **dict(show_trunk(view, interval_seconds=interval_seconds)),
        verification_id=run.id,
        outcome=run.outcome,
        reason=run.reason,
        advice=report["advice"],
    )


def show_overtaken(view: TrunkView, run: Verification, *, interval_seconds: float) -> TrunkVerified:
    """Answer a caller whose trunk was edited meanwhile: what the run comes to is not about the trunk as it is now."""
    return TrunkVerified(
        **dict(show_trunk(view, interval_seconds=interval_seconds)),
        verification_id=run.id,
        outcome=Outcome.INCONCLUSIVE,
        reason=Reason.CANCELLED,
        advice=translated(CHANGED_MEANWHILE),
    )


def show_number(number: PhoneNumber | ListedNumber) -> NumberShown:
    return NumberShown(
        id=number.id,
        phone_number=number.number,
        name=number.name,
        byot_trunk_id=number.trunk_id,
        created_at=number.created_at,
        updated_at=number.updated_at,
    )
